import { Cron } from 'croner'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkPlan } from '../../../shared/plan/check.ts'
import { planFingerprint } from '../../../shared/plan/fingerprint.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import { isSchedule } from '../../../shared/plan/sync/schedule.ts'
import { catalog, table } from './catalog.ts'
import { told } from './mapping-plan.ts'

const plan = { version: 1, name: 'x', source: { secret: 'S' }, entities: '*' }
const found = (json: object) =>
  parsePlan({ ...plan, ...json }).problems.map(({ code, path }) => `${code} ${path}`)

describe('sync in a plan', () => {
  it('fills in what may be left out', () => {
    expect(parsePlan({ ...plan, sync: {} }).plan?.sync).toEqual({
      strategy: 'hash',
      overlap_seconds: 300,
      deletes: 'delete',
      invalid: 'keep',
      delete_limit: { rows: 1000, share: 0.5 },
      schedule: { changes: '30 seconds', deletes: '*/15 * * * *', hash: '0 3 * * *' },
      log_limit_bytes: 10_737_418_240,
      cutover: { freeze: 'operator', drain: 'changes', verification: 'full' },
    })
  })

  it('leaves a plan without it as it was', () => {
    const parsed = parsePlan(plan).plan!
    expect('sync' in parsed).toBe(false)
    expect(planFingerprint(parsed)).not.toBe(
      planFingerprint(parsePlan({ ...plan, sync: {} }).plan!),
    )
  })

  it.each<[object, string]>([
    [{ strategy: 'cdc' }, 'plan_value_invalid sync.strategy'],
    [{ column: 'at' }, 'plan_key_unknown sync.column'],
    [{ overlap_seconds: -1 }, 'plan_value_invalid sync.overlap_seconds'],
    [{ overlap_seconds: 1.5 }, 'plan_value_invalid sync.overlap_seconds'],
    [{ deletes: 'cascade' }, 'plan_value_invalid sync.deletes'],
    [{ delete_limit: { share: 2 } }, 'plan_value_invalid sync.delete_limit.share'],
    [{ delete_limit: { row: 2 } }, 'plan_key_unknown sync.delete_limit.row'],
    [{ schedule: { changes: 'often' } }, 'plan_value_invalid sync.schedule.changes'],
    [{ schedule: { nightly: '0 3 * * *' } }, 'plan_key_unknown sync.schedule.nightly'],
    [{ publication: '' }, 'plan_value_invalid sync.publication'],
    [{ cutover: { freeze: 'me' } }, 'plan_value_invalid sync.cutover.freeze'],
    [
      { cutover: { freeze: { role: 'a', user: 'b' } } },
      'plan_key_unknown sync.cutover.freeze.user',
    ],
  ])('refuses %j', (sync, problem) => {
    expect(found({ sync })).toEqual([problem])
  })

  it('refuses keys that an entity does not have', () => {
    const entities = [{ source: 'public.a', sync: { schedule: {}, strategy: 'xmin' } }]
    expect(found({ sync: {}, entities })).toEqual(['plan_key_unknown entities[0].sync.schedule'])
  })

  it('can leave a sweep out', () => {
    const sync = { schedule: { deletes: null } }
    expect(parsePlan({ ...plan, sync }).plan?.sync?.schedule).toEqual({
      changes: '30 seconds',
      deletes: null,
      hash: '0 3 * * *',
    })
  })
})

describe('a sweep that never runs', () => {
  const notes = (strategy: string, schedule: object) => {
    const sync = { strategy, publication: 'p', schedule }
    const checked = checkPlan(parsePlan({ ...plan, sync }).plan!, catalog([table('a')]))
    return told(checked.notes)
  }
  const [misses, deletes] = [
    'sync_never_compares sync.schedule.hash',
    'sync_never_deletes sync.schedule.deletes',
  ]

  it.each<[string, object, readonly string[]]>([
    ['xmin', {}, []],
    ['xmin', { deletes: null }, []],
    ['xmin', { hash: null }, [misses]],
    ['xmin', { hash: null, deletes: null }, [misses, deletes]],
    ['log', { hash: null, deletes: null }, [misses]],
    ['hash', { hash: null }, []],
    ['hash', { hash: null, deletes: null }, [misses]],
  ])('is worth a note: %s without %j', (strategy, schedule, expected) => {
    expect(notes(strategy, schedule)).toEqual(expected)
  })
})

describe('a schedule', () => {
  it.each([
    '1 second',
    '90 seconds',
    '* * * * *',
    '*/15 * * * *',
    '0 3 * * 7',
    '0 3 * JAN-jun Mon,fri',
    '5,10-20/2,*/30 0-23 1,31 12 0-6',
    '*/60 * * * *',
  ])('is %s', (text) => {
    expect(isSchedule(text)).toBe(true)
  })

  it.each([
    '',
    '0 seconds',
    '1.5 seconds',
    '-1 seconds',
    '100000 seconds',
    '30 minutes',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '20-10 * * * *',
    '*/0 * * * *',
    '*/61 * * * *',
    '5/10 * * * *',
    '*  * * * *',
    '1, * * * *',
    '@daily',
    '* * * * mo',
    '* * * mon *',
    '* * * * 100',
    'MON * * * *',
    "0 3 * * *'; drop table x",
  ])('is not %j', (text) => {
    expect(isSchedule(text)).toBe(false)
  })

  it('is nothing that another reader of cron refuses', () => {
    const number = (most: number, least: number) => fc.integer({ min: least - 1, max: most + 2 })
    const field = (least: number, most: number) =>
      fc.oneof(
        fc.constantFrom('*', '*/2', '*/90'),
        number(most, least).map(String),
        fc.tuple(number(most, least), number(most, least)).map(([a, b]) => `${a}-${b}`),
      )
    const ranges = [
      [0, 59],
      [0, 23],
      [1, 31],
      [1, 12],
      [0, 7],
    ] as const
    const fields = ranges.map(([least, most]) => field(least, most))
    fc.assert(
      fc.property(fc.tuple(...fields), (parts) => {
        const text = parts.join(' ')
        if (!isSchedule(text)) return
        expect(() => new Cron(text, { paused: true })).not.toThrow()
      }),
    )
  })
})
