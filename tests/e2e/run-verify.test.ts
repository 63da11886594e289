/** `ferry verify` and `ferry repair` after `ferry run`: what differs is found, named and put right. */
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assertExactCopy } from '../support/oracle.ts'
import type { Scratch } from '../support/scratch.ts'
import { ferry } from './report-command.ts'
import { objectOf, refusalOf, run } from './run-command.ts'
import { emptyTarget, filledSource, plan } from './run-scene.ts'

const ROWS = 9000
let source: Scratch

beforeAll(async () => {
  source = await filledSource(ROWS)
})
afterAll(() => source.drop())

function call(word: 'verify' | 'repair', target: Scratch, ...more: string[]) {
  const addresses = ['--source', source.url, '--target', target.url]
  return ferry(['--json', word, ...addresses, ...more], tmpdir())
}

describe('after ferry run', () => {
  test('a difference fails the verification, a repair mends it', async () => {
    const target = await emptyTarget()
    const moved = await run({ source: source.url, target: target.url, plan })
    expect(moved.code, moved.err).toBe(0)
    const { migration_id } = objectOf(moved)
    expect(await call('verify', target)).toMatchObject({ code: 0 })
    expect(refusalOf(await call('repair', target))).toBe('2 nothing_to_repair')

    const [changed] = await target.sql<{ id: string }[]>`
      update public.sample_1 set label = label || '.'
       where id = (select min(id) from public.sample_1) returning id`
    const [missing] = await target.sql<{ id: string }[]>`
      delete from public.sample_2 where id = (select max(id) from public.sample_2) returning id`
    const found = await call('verify', target, String(migration_id).slice(0, 8))
    expect(found.code, found.err).toBe(1)
    expect(objectOf(found)).toMatchObject({
      migration_id,
      migration_status: 'completed',
      status: 'failed',
      findings: expect.arrayContaining([
        expect.objectContaining({
          entity_name: 'public.sample_1',
          kind: 'changed',
          row_key: [changed!.id],
          columns: ['label'],
        }),
        expect.objectContaining({
          entity_name: 'public.sample_2',
          kind: 'missing',
          row_key: [missing!.id],
        }),
      ]),
    })
    const counted = await call('verify', target, '--mode', 'counts')
    expect(objectOf(counted)).toMatchObject({ mode: 'counts', status: 'failed' })

    await call('verify', target)
    const repaired = await call('repair', target)
    expect(repaired.code, repaired.out + repaired.err).toBe(0)
    expect(objectOf(repaired)).toMatchObject({ kind: 'verify', status: 'passed', findings: [] })
    expect((await assertExactCopy({ source: source.url, target: target.url })).rows).toBe(ROWS)
  })

  test('a target without a migration, or with another, is refused', async () => {
    const target = await emptyTarget()
    expect(refusalOf(await call('verify', target))).toBe('2 migration_unknown')
    await run({ source: source.url, target: target.url, plan })
    expect(refusalOf(await call('verify', target, 'ffffffff'))).toBe('2 migration_unknown')
  })
})
