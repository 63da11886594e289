/** `ferry run` between plain servers: exact copies, whatever interrupts them. */
import { readFileSync } from 'node:fs'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { testDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { assertExactCopy } from '../support/oracle.ts'
import type { Scratch } from '../support/scratch.ts'
import { expectGone, objectOf, refusalOf, run, startRun } from './run-command.ts'
import { emptyTarget, filledSource, inventory, midCopy, plan, ROWS, TABLES } from './run-scene.ts'

let source: Scratch

beforeAll(async () => {
  source = await filledSource()
})
afterAll(() => source.drop())

describe('a plain target', () => {
  test('gets an exact copy, is closed to others, and forgets', async () => {
    const target = await emptyTarget()
    const before = await inventory(target)
    const ended = await run({ source: source.url, target: target.url, plan })
    const result = objectOf(ended)
    expect(ended.code, ended.out + ended.err).toBe(0)
    expect(result).toMatchObject({
      migration_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'completed',
      entities: TABLES.map((name) => ({
        source: name,
        target: name,
        records_total: ROWS / 3,
        records_processed: ROWS / 3,
        records_failed: 0,
        records_filtered: 0,
      })),
      duration_ms: expect.any(Number),
      phases_ms: {
        copy: expect.any(Number),
        finish: expect.any(Number),
        verify: expect.any(Number),
      },
      kills: 0,
    })
    expect(result.invocations).toBeGreaterThanOrEqual(2)
    expect((await assertExactCopy({ source: source.url, target: target.url })).rows).toBe(ROWS)

    const open = await target.sql`
      select c.relname from pg_class c where c.relnamespace = 'migration'::regnamespace
         and c.relkind in ('r', 'p') and not c.relrowsecurity
      union all
      select p.proname from pg_proc p where p.pronamespace = 'migration'::regnamespace
         and has_function_privilege('pg_monitor', p.oid, 'execute')
      union all
      select 'usage' where has_schema_privilege('pg_monitor', 'migration', 'usage')`
    expect(open).toEqual([])

    expect(refusalOf(await run({ source: source.url, target: target.url, plan }))).toBe(
      '2 already_completed',
    )
    const forgotten = await run({ target: target.url, options: ['--forget'] })
    expect(forgotten.code).toBe(0)
    expect(objectOf(forgotten)).toMatchObject({ removed: true, migrations: 1 })
    const left = (await inventory(target)).filter((name) => !before.includes(name))
    expect(left.filter((name) => !/^public\.sample_[123](_pkey)?$/.test(name))).toEqual([])
  })

  test('may be filled by a role that only owns it', async () => {
    const target = await emptyTarget()
    const role = `owner_${target.name.slice(-12)}`
    await target.sql.unsafe(`create role ${role} login password 'postgres'`)
    await target.sql.unsafe(`alter database ${target.name} owner to ${role}`)
    onTestFinished(async () => {
      await target.sql.unsafe(`drop owned by ${role} cascade`)
      await target.sql.unsafe(`alter database ${target.name} owner to postgres`)
      await target.sql.unsafe(`drop role ${role}`)
    })
    const address = new URL(target.url)
    address.username = role
    address.password = 'postgres'
    const ended = await run({ source: source.url, target: address.href, plan })
    expect(ended.code, ended.out + ended.err).toBe(0)
    await assertExactCopy({ source: source.url, target: target.url })
  })
})

test("a project's own control schema is used as it is", async () => {
  const project = await testDatabase()
  onTestFinished(() => project.drop())
  const sql = postgres(project.url, { max: 1, onnotice: () => undefined })
  onTestFinished(() => sql.end())
  const ended = await run({ source: source.url, target: project.url, plan })
  expect(ended.code, ended.out + ended.err).toBe(0)
  expect(objectOf(ended)).toMatchObject({ status: 'completed', left_out: [] })
  await assertExactCopy({ source: source.url, target: project.url })
  const [record] = await sql`select to_regclass('migration.applied_files') as own`
  expect(record).toEqual({ own: null })
})

describe('an interrupted run', () => {
  test('goes on after SIGKILL in mid-copy', async () => {
    const target = await emptyTarget()
    const first = startRun({ source: source.url, target: target.url, plan })
    await midCopy(target)
    const functions = first.functions()
    first.child.kill('SIGKILL')
    await first.ended
    await expectGone(functions)
    const [killed] = await target.sql<{ id: string; status: string }[]>`
      select id, status from migration.orchestrations`
    expect(killed?.status).toBe('running')

    const second = await run({ source: source.url, target: target.url, plan })
    expect(second.code, second.out + second.err).toBe(0)
    expect(objectOf(second)).toMatchObject({ migration_id: killed?.id, status: 'completed' })
    await assertExactCopy({ source: source.url, target: target.url })
  })

  test('survives the death of a function process', async () => {
    const target = await emptyTarget()
    const call = startRun({ source: source.url, target: target.url, plan })
    await midCopy(target)
    const functions = call.functions()
    const shown = functions.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).join()
    expect(shown).toContain('process-batch')
    expect(shown).not.toContain(new URL(source.url).pathname)
    expect(shown).not.toContain(new URL(target.url).pathname)
    process.kill(functions[0]!, 'SIGKILL')
    const ended = await call.ended
    expect(ended.code, ended.out + ended.err).toBe(0)
    expect(objectOf(ended)).toMatchObject({ status: 'completed', kills: 1 })
    await assertExactCopy({ source: source.url, target: target.url })
  })

  test('stops on SIGINT, refuses what has changed, and goes on', async () => {
    const target = await emptyTarget()
    const first = startRun({ source: source.url, target: target.url, plan })
    await midCopy(target)
    const functions = first.functions()
    first.child.kill('SIGINT')
    const stopped = await first.ended
    expect(stopped.code, stopped.err).toBe(130)
    expect(objectOf(stopped)).toMatchObject({ status: 'paused' })
    await expectGone(functions)
    const [books] = await target.sql`
      select o.control_state, (select count(*)::integer from migration.batches b where b.status = 'processing') as busy
        from migration.orchestrations o`
    expect(books).toEqual({ control_state: 'paused', busy: 0 })

    const changed = { ...plan, settings: { lanes: 1, batch_rows: 500 } }
    expect(refusalOf(await run({ source: source.url, target: target.url, plan: changed }))).toBe(
      '2 plan_changed',
    )
    await source.sql`alter table sample_1 add column later text`
    const refused = run({ source: source.url, target: target.url, plan })
    expect(refusalOf(await refused)).toBe('2 source_changed')
    await source.sql`alter table sample_1 drop column later`
    expect(refusalOf(await run({ target: target.url, options: ['--forget'] }))).toBe(
      '2 migration_unfinished',
    )

    const second = await run({ source: source.url, target: target.url, plan })
    expect(second.code, second.out + second.err).toBe(0)
    await assertExactCopy({ source: source.url, target: target.url })
  })

  test('cancels a step at work, which is still due, and runs it the next time', async () => {
    const target = await emptyTarget()
    const call = { source: source.url, target: target.url, plan }
    const first = startRun(call)
    await midCopy(target)
    first.child.kill('SIGINT')
    await first.ended
    await target.sql`
      insert into migration.steps (migration_id, entity_status_id, kind, stage, object_name, statement)
      select migration_id, id, 'analyze', 1, 'slow', 'select pg_sleep(30)'
        from migration.entity_statuses where dependency_order = 1`
    await target.sql`update migration.orchestrations set total_steps = total_steps + 1`

    const second = startRun(call)
    await eventually(
      async () =>
        (
          await target.sql`
            select from migration.step_progress where status = 'running' and object_name = 'slow'`
        ).length > 0,
      { what: 'a running step', within: 15_000 },
    )
    second.child.kill('SIGTERM')
    expect((await second.ended).code).toBe(130)
    const [left] = await target.sql`
      select (select status from migration.steps where object_name = 'slow') as step,
             (select count(*)::integer from pg_stat_activity
               where datname = current_database() and application_name like 'supaferry%') as sessions`
    expect(left).toEqual({ step: 'pending', sessions: 0 })

    await target.sql`update migration.steps set statement = 'select 1' where object_name = 'slow'`
    const third = await run(call)
    expect(third.code, third.out + third.err).toBe(0)
    const [done] = await target.sql`select status from migration.steps where object_name = 'slow'`
    expect(done).toEqual({ status: 'completed' })
  })
})
