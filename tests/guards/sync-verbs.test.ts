/** The verbs over a migration in sync mode, as the database takes them. Real PostgreSQL, no function. */
import type { Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { codeOf, driveToSync, passAtWork } from './driven-sync.ts'
import { guardedDatabase } from './fixture.ts'

const database = guardedDatabase()
const { table } = database

async function states(sql: Sql, id: string) {
  const [row] = await sql<
    { state: string; code: string | null; status: string; control: string }[]
  >`
    select y.state, y.halted_code as code, o.status, o.control_state as control
      from migration.sync_status y join migration.orchestrations o on o.id = y.migration_id where o.id = ${id}`
  return { ...row! }
}

/** As if a gate had let it through before it came into sync mode. */
async function complete(sql: Sql, id: string) {
  await sql`select migration._complete(${id})`
}

const sync = (sql: Sql, id: string, scope = 'changes', allow = false) =>
  sql`select migration.sync(${id}, 'test', ${scope}, ${allow})`

describe('a sweep on demand', () => {
  it('begins with its scope, and not beside another pass', async () => {
    const { sql, id } = await driveToSync(database.url(), table())
    await sync(sql, id, 'deletes')
    expect(await passAtWork(sql, id)).toBe('sync')
    const [sweep] =
      await sql`select scope, status, begun_by from migration.sweeps where migration_id = ${id}`
    expect(sweep).toEqual({ scope: 'deletes', status: 'running', begun_by: 'test' })
    expect(await codeOf(sync(sql, id))).toBe('SF409 pass_running')
    expect(await codeOf(sync(sql, id, 'rows'))).toBe('SF422 scope_unknown')
    await sql.end()
  })

  it('is refused where there is no sync mode, and while it is halted', async () => {
    const { sql, id } = await driveToSync(database.url(), table())
    await sql`select migration._halt_sync(${id}, 'source_went_back', 'Test.')`
    expect(await codeOf(sync(sql, id))).toBe('SF409 sync_halted')
    // Only what it is about is allowed by it.
    expect(await codeOf(sync(sql, id, 'deletes', true))).toBe('SF409 sync_halted')
    await sql`select migration.cancel(${id}, 'test')`
    expect(await codeOf(sync(sql, id))).toMatch(/^SF409/)
    expect(await codeOf(sql`select migration.sync(gen_random_uuid(), 'test')`)).toBe(
      'SF404 migration_unknown',
    )
    await sql.end()
  })

  it('deletes what a limit has stopped where somebody allows it', async () => {
    const { sql, id } = await driveToSync(database.url(), table())
    await sql`select migration._halt_sync(${id}, 'deletes_exceeded', 'Test.')`
    expect(await codeOf(sync(sql, id, 'deletes'))).toBe('SF409 sync_halted')
    await sync(sql, id, 'deletes', true)
    expect(await states(sql, id)).toMatchObject({ state: 'syncing', code: null })
    const [look] =
      await sql`select task from migration.batches where migration_id = ${id} and kind = 'look'`
    expect(look!.task).toMatchObject({ allow_deletes: true, scope: 'deletes' })
    await sql.end()
  })
})

describe('a halt', () => {
  it('ends by a word alone, and then all rows are compared', async () => {
    const { sql, id } = await driveToSync(database.url(), table())
    expect(await codeOf(sql`select migration.resume_sync(${id}, 'test')`)).toBe(
      'SF409 sync_not_halted',
    )
    await sql`update migration.sync_states set source = '{"system": "1", "xmax": "9", "log": {"retained_bytes": 5}}' where migration_id = ${id}`
    await sql`select migration._halt_sync(${id}, 'source_went_back', 'Test.')`
    expect(await states(sql, id)).toMatchObject({ state: 'halted', code: 'source_went_back' })
    await sql`select migration.resume_sync(${id}, 'test')`
    const [after] = await sql`
      select y.source, v.scope from migration.sync_states y join migration.sweeps v on v.migration_id = y.migration_id where y.migration_id = ${id}`
    expect(after).toEqual({ source: { log: { retained_bytes: 5 } }, scope: 'hash' })
    const audited =
      await sql`select action from migration.audit_log where migration_id = ${id} order by id desc limit 2`
    expect(audited.map(({ action }) => action)).toContain('migration.resume_sync')
    await sql.end()
  })

  it('by changed tables needs the plan', async () => {
    const { sql, id } = await driveToSync(database.url(), table())
    await sql`select migration._halt_sync(${id}, 'source_schema_changed', 'Test.')`
    expect(await codeOf(sql`select migration.resume_sync(${id}, 'test')`)).toBe(
      'SF409 sync_needs_plan',
    )
    await sql.end()
  })
})

describe('pause, resume and cancel', () => {
  it('hold a migration in sync mode, completed or not', async () => {
    for (const completed of [false, true]) {
      const { sql, id } = await driveToSync(database.url(), table())
      if (completed) await complete(sql, id)
      await sql`select migration.pause(${id}, 'test')`
      expect(await states(sql, id)).toMatchObject({ state: 'paused', control: 'paused' })
      expect(await codeOf(sync(sql, id))).toBe('SF409 transition_illegal')
      await sql`select migration.resume(${id}, 'test')`
      await sync(sql, id)
      await sql.end()
    }
  })

  it('end sync mode with the migration', async () => {
    const { sql, id } = await driveToSync(database.url(), table())
    await sync(sql, id)
    await sql`select migration.cancel(${id}, 'test')`
    expect(await states(sql, id)).toMatchObject({
      state: 'ended',
      status: 'failed',
      control: 'cancelled',
    })
    expect(await passAtWork(sql, id)).toBeNull()
    const [sweep] =
      await sql`select status, failure_code from migration.sweeps where migration_id = ${id}`
    expect(sweep).toEqual({ status: 'failed', failure_code: 'cancelled' })
    await sql.end()
  })

  it('end sync mode of a completed one, which stays completed and can go into it again', async () => {
    const { sql, id } = await driveToSync(database.url(), table())
    await complete(sql, id)
    await sql`select migration.pause(${id}, 'test')`
    await sql`select migration.cancel(${id}, 'test')`
    expect(await states(sql, id)).toMatchObject({
      state: 'ended',
      status: 'completed',
      control: 'active',
    })
    expect(await codeOf(sql`select migration.cancel(${id}, 'test')`)).toBe(
      'SF409 transition_illegal',
    )
    await sync(sql, id)
    expect(await states(sql, id)).toMatchObject({ state: 'catching_up' })
    await sql.end()
  })
})

describe('records', () => {
  it('list migrations without their sweeps', async () => {
    const { sql, id } = await driveToSync(database.url(), table())
    await sync(sql, id)
    const [listed] = await sql`
      select count(*)::int as n from migration.migration_progress
       where migration_id in (select sweep_id from migration.sweeps where migration_id = ${id})`
    expect(listed!.n).toBe(0)
    const [report] = await sql<
      { report: Record<string, unknown> }[]
    >`select migration.status_report(${id}) as report`
    expect(report!.report).toMatchObject({
      verification: null,
      migration: { sync_state: 'syncing' },
      sync: { state: 'syncing', sweep: { scope: 'changes', status: 'running' }, cutover: null },
    })
    await sql.end()
  })

  it('forget sweeps that changed nothing after a week, and keep the others', async () => {
    const { sql, id } = await driveToSync(database.url(), table())
    const begin = async () => {
      await sync(sql, id)
      const [row] = await sql<
        { sweep: string }[]
      >`select verification_id as sweep from migration.orchestrations where id = ${id}`
      await sql`select migration._end_sweep(b) from migration.batches b where b.pass_id = ${row!.sweep}`
      await sql`update migration.orchestrations set started_at = now() - interval '9 days', completed_at = now() - interval '8 days' where id = ${row!.sweep}`
      return row!.sweep
    }
    const idle = await begin()
    const busy = await begin()
    await sql`insert into migration.sweep_entities (sweep_id, entity_status_id, scope, strategy, watermark_before, watermark_after, records_updated)
              select ${busy}, id, 'changes', 'hash', '{}', '{}', 1 from migration.entity_statuses where migration_id = ${id}`
    await sql`select migration.housekeeping()`
    const left =
      await sql`select sweep_id, records_updated::int as updated from migration.sweeps where migration_id = ${id}`
    expect(left).toEqual([{ sweep_id: busy, updated: 1 }])
    const [batches] =
      await sql`select count(*)::int as n from migration.batches where migration_id = ${id} and pass_id = ${idle}`
    expect(batches!.n).toBe(0)
    const [passes] =
      await sql`select count(*)::int as n from migration.verifications where id = ${idle}`
    expect(passes!.n).toBe(0)
    await sql.end()
  })
})
