/** `ferry run` with a plan that has `sync`: it follows its source, is stopped and goes on, and is cut over. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { assertExactCopy } from '../support/oracle.ts'
import type { Scratch } from '../support/scratch.ts'
import { expectGone, objectOf, run, startRun } from './run-command.ts'
import { emptyTarget, filledSource, plan } from './run-scene.ts'

const ROWS = 6000
const schedule = { changes: '1 seconds', deletes: '2 seconds', hash: null }
const followed = {
  ...plan,
  sync: { strategy: 'xmin', schedule, cutover: { verification: 'full' } },
}
let source: Scratch

beforeAll(async () => {
  source = await filledSource(ROWS)
})
afterAll(() => source.drop())

async function syncState({ sql }: Scratch): Promise<string | undefined> {
  const [there] = await sql`select to_regclass('migration.sync_status') as name`
  if (there?.name === null) return undefined
  const [row] = await sql<{ state: string }[]>`select state from migration.sync_status`
  return row?.state
}

const inSync = (target: Scratch) =>
  eventually(async () => (await syncState(target)) === 'syncing', {
    what: 'sync mode',
    within: 40_000,
  })

/** Changes, new rows and rows that go, in every table. */
async function change(times: number) {
  for (const table of ['sample_1', 'sample_2', 'sample_3']) {
    await source.sql.unsafe(`
      update public.${table} set label = label || '.${times}' where id % 100 = ${times};
      delete from public.${table} where id % 500 = ${times + 10}`)
  }
}

async function isEqual(target: Scratch): Promise<boolean> {
  try {
    await assertExactCopy({ source: source.url, target: target.url })
    return true
  } catch {
    return false
  }
}

describe('ferry run with sync', { timeout: 120_000 }, () => {
  test('follows its source until Ctrl-C, goes on with the same command, and is cut over', async () => {
    const target = await emptyTarget()
    const first = startRun({ source: source.url, target: target.url, plan: followed })
    await inSync(target)
    await change(1)
    await eventually(() => isEqual(target), {
      what: 'what has changed',
      within: 30_000,
      every: 500,
    })
    const functions = first.functions()
    first.child.kill('SIGINT')
    const stopped = await first.ended
    expect(stopped.code, stopped.err).toBe(130)
    await expectGone(functions)
    expect(await syncState(target)).toBe('paused')

    await change(2)
    const second = await run({
      source: source.url,
      target: target.url,
      plan: followed,
      options: ['--cutover'],
    })
    expect(second.code, second.out + second.err).toBe(0)
    expect(objectOf(second)).toMatchObject({
      status: 'completed',
      cutover: { state: 'completed', failure_code: null },
    })
    await assertExactCopy({ source: source.url, target: target.url })
    expect(await syncState(target)).toBe('cut_over')
    const third = await run({ source: source.url, target: target.url, plan: followed })
    expect(objectOf(third)).toMatchObject({ error: { code: 'already_completed' } })
  })

  test('stops after its time, and a cut-over that fails leaves it in sync mode', async () => {
    const target = await emptyTarget()
    const call = { source: source.url, target: target.url, plan: followed }
    const stopped = await run({ ...call, options: ['--sync-for', '2'] })
    expect(stopped.code, stopped.err).toBe(130)
    expect(await syncState(target)).toBe('paused')
    // Somebody is in the middle of a transaction: the source is not still.
    const held = await source.sql.reserve()
    await held.unsafe(`begin; update public.sample_1 set label = label || '!' where id = 1`)
    const failed = await run({ ...call, options: ['--cutover'] })
    await held.unsafe('rollback')
    held.release()
    expect(failed.code, failed.out + failed.err).toBe(1)
    expect(objectOf(failed)).toMatchObject({
      failure: { code: 'source_not_still' },
      cutover: { state: 'failed' },
    })
    expect(await syncState(target)).toBe('paused')
    const done = await run({ ...call, options: ['--cutover'] })
    expect(done.code, done.out + done.err).toBe(0)
    await assertExactCopy({ source: source.url, target: target.url })
  })
})
