/**
 * Functions that die in the middle of mapped batches: while they load, settle and replay. The end is the
 * same as if nobody had died, and every refused row is told once.
 */
import { describe, expect, test } from 'vitest'
import { assertExactCounters } from '../support/counters.ts'
import { eventually } from '../support/eventually.ts'
import { type MappedScene, mappedScene } from './mapped-scene.ts'

/** Where a process dies: in its first or second batch, in the look at late references, in a replay. */
const points = [
  ['copy.begun', 'settle.settled', 'replay.chosen'],
  ['copy.loaded', 'settle.completed', 'replay.completed'],
  ['copy.completed', 'settle.settled', 'replay.completed'],
] as const

const scenes = await Promise.all(points.map(() => mappedScene()))
const ROWS = 60

/** Every tenth row cannot be cast, rows 6 and 36 hang on nobody, codes come twice from 41 on. */
const told = (name: string) => ({
  name,
  source: `create table t (id integer primary key, x text, up integer, code text);
    insert into t select n, case when n % 10 = 0 then 'bad' else n::text end,
        case when n % 30 = 6 then 999 when n % 30 = 7 then n - 1 end, case when n <= 40 then n else n - 40 end
      from generate_series(1, ${ROWS}) n;
    create table u (id integer primary key, code text); insert into u select id, code from t;
    create table c (id integer primary key, t integer); insert into c select id, id from t`,
  entities: [
    {
      source: `${name}.t`,
      id: { strategy: 'uuid' },
      columns: {
        legacy: 'id',
        x: { op: 'cast', of: 'x', to: 'integer' },
        up_id: { op: 'reference', to: `${name}.t`, of: 'up' },
        code: 'code',
      },
      rules: [{ rule: 'unique', columns: ['code'], severity: 'reject' }],
    },
    {
      source: `${name}.u`,
      id: { strategy: 'uuid' },
      columns: { legacy: 'id', code: 'code' },
      rules: [{ rule: 'unique', columns: ['code'], wins: 'last', severity: 'reject' }],
    },
    {
      source: `${name}.c`,
      id: { strategy: 'uuid' },
      columns: { legacy: 'id', t_id: { op: 'reference', to: `${name}.t`, of: 't' } },
    },
  ],
  lanes: 2,
  batchRows: 15,
})

const keys = Array.from({ length: ROWS }, (_, at) => at + 1)
/** By key; 50 and 60 lose against nobody, because 10 and 20 are refused themselves. */
function whyNot(key: number): string | undefined {
  if (key % 10 === 0) return 'value_invalid'
  if (key > 40) return 'duplicate'
  return [6, 7, 36, 37].includes(key) ? 'reference_missing' : undefined
}
const lost = keys.flatMap((key) => (whyNot(key) === undefined ? [] : [`${key} ${whyNot(key)}`]))

describe.concurrent('a mapped migration whose functions die', { timeout: 120_000 }, () => {
  test.each(points.map((each, at) => [...each, at] as const))(
    'at %s, %s and %s ends exactly',
    async (copy, settle, replay, at) => {
      const scene = scenes[at]!
      const name = `deaths_${at}`
      const plan = told(name)
      const arm = (specification: string) =>
        scene.project.setSecret('FERRY_FAILPOINTS', specification)
      await scene.prepare(plan)
      arm(`${copy}=exit@1`)
      const id = await scene.begin(plan)
      await died(scene, id, 'copy')
      arm(`${settle}=exit@1`)
      await died(scene, id, 'settle')
      arm('')
      await swept(scene, id, async () => (await scene.state(id)).status !== 'running')
      await isExact(scene, id, name, lost)
      await assertExactCounters(scene.targetUrl, id)

      await scene.source.unsafe(`update ${name}.t set x = 10 where id = 10`)
      // a call that still looks for work has the old secret
      await arm(`${replay}=exit@1`)
      await scene.control({ action: 'replay', migration_id: id })
      await died(scene, id, 'replay')
      arm('')
      await swept(scene, id, async () => {
        const passes =
          await scene.rows(`select status from migration.verifications where migration_id = '${id}'
          and started_at = (select max(started_at) from migration.verifications where migration_id = '${id}' and kind = 'verify')`)
        return passes.length === 1 && passes[0] !== 'running' && (await isReplayed(scene, id))
      })
      const left = lost.filter((each) => each !== '10 value_invalid')
      await isExact(scene, id, name, left)
    },
  )
})

const isReplayed = async (scene: MappedScene, id: string) => {
  const waiting = `select 1 from migration.orchestrations where id = '${id}' and verification_id is not null`
  return (await scene.rows(waiting)).length === 0
}

/** Sweeps, as cron does, until something is so. */
async function swept(scene: MappedScene, id: string, isSo: () => Promise<boolean>): Promise<void> {
  const look = async () => {
    await scene.target`select migration.watchdog()`
    if (await isSo()) return true
    throw new Error(JSON.stringify(await scene.state(id)))
  }
  await eventually(look, { what: 'the end', within: 40_000, every: 100 })
}

const died = (scene: MappedScene, id: string, kind: string) =>
  swept(scene, id, async () => {
    const dead = `select 1 from migration.batches where migration_id = '${id}' and kind = '${kind}' and deaths > 0`
    return (await scene.rows(dead)).length > 0
  })

async function isExact(scene: MappedScene, id: string, name: string, letters: readonly string[]) {
  expect(await scene.state(id)).toMatchObject({ status: 'completed' })
  expect(await scene.letters(id, 't')).toEqual(letters)
  expect(await scene.letters(id, 'c')).toEqual(
    letters.map((each) => each.replace(/ .*/, ' reference_missing')),
  )
  const last = keys.filter((key) => key <= 20).map((key) => `${key} duplicate`)
  expect(await scene.letters(id, 'u')).toEqual(last)
  const loaded = ROWS - letters.length
  for (const [of, rows] of [
    ['t', loaded],
    ['c', loaded],
    ['u', 40],
  ] as const) {
    expect(
      await scene.rows(`select count(*), count(distinct legacy) from ${name}_new.${of}`),
    ).toEqual([`${rows} ${rows}`])
    const maps = `select count(*) from migration.mappings where source_table = '${name}.${of}'`
    expect(await scene.rows(maps)).toEqual([String(rows)])
    expect(await scene.count(id, of)).toMatchObject({
      read: ROWS,
      loaded: rows,
      failed: ROWS - rows,
    })
  }
}
