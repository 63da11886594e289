/** What `ferry run` refuses, before it writes anything. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Scratch } from '../support/scratch.ts'
import { refusalOf, run } from './run-command.ts'
import { emptyTarget, filledSource, inventory, plan } from './run-scene.ts'

const BROKEN = { rule: 'pattern', column: 'label', pattern: '[' }
let source: Scratch

beforeAll(async () => {
  source = await filledSource(300)
})
afterAll(() => source.drop())

describe('refused before anything is written', () => {
  const withPassword = (url: string, password: string) => {
    const address = new URL(url)
    address.password = password
    return address.href
  }
  const elsewhere = (url: string) => {
    const address = new URL(url)
    address.port = '1'
    return address.href
  }
  type Case = [
    string,
    string,
    (target: Scratch) => { source?: string; target?: string; plan?: object },
  ]
  const cases: Case[] = [
    [
      'wrong source password',
      '3 source_login_refused',
      () => ({ source: withPassword(source.url, 'no') }),
    ],
    [
      'wrong target password',
      '3 target_login_refused',
      ({ url }) => ({ target: withPassword(url, 'no') }),
    ],
    ['source out of reach', '3 source_unreachable', () => ({ source: elsewhere(source.url) })],
    ['target out of reach', '3 target_unreachable', ({ url }) => ({ target: elsewhere(url) })],
    [
      'a missing table',
      '2 table_unknown',
      () => ({ plan: { ...plan, entities: ['public.nowhere'] } }),
    ],
    [
      'a pattern that the target does not understand',
      '2 rule_pattern_invalid',
      () => ({ plan: { ...plan, entities: [{ source: 'public.sample_1', rules: [BROKEN] }] } }),
    ],
    ['a plan that is none', '2 plan_key_missing', () => ({ plan: { version: 1 } })],
    ['the same database on both sides', '2 target_not_empty', () => ({ target: source.url })],
  ]
  test.each(cases)('%s', async (_name, expected, change) => {
    const target = await emptyTarget()
    const call = { source: source.url, target: target.url, plan, ...change(target) }
    const written = call.target === source.url ? source : target
    const before = await inventory(written)
    expect(refusalOf(await run(call))).toBe(expected)
    expect(await inventory(written)).toEqual(before)
  })

  test('a schema of that name that is not ours', async () => {
    const target = await emptyTarget()
    await target.sql`create schema migration`
    await target.sql`create table migration.birds (id integer)`
    const before = await inventory(target)
    expect(refusalOf(await run({ source: source.url, target: target.url, plan }))).toBe(
      '2 control_schema_foreign',
    )
    const options = ['--forget', '--force']
    expect(refusalOf(await run({ target: target.url, options }))).toBe('2 control_schema_foreign')
    expect(await inventory(target)).toEqual(before)
  })
})
