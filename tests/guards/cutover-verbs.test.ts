/** What may begin a cut-over, what it holds off, and calling it off, as the database takes them. Real PostgreSQL. */
import type { Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { begin, byRole, newest, phase } from './cutover-phases.ts'
import { codeOf, driveToSync, passAtWork } from './driven-sync.ts'
import { guardedDatabase } from './fixture.ts'

const database = guardedDatabase()
const { table } = database

describe('a cut-over begins', () => {
  it('with the name of the plan, or as a rehearsal', async () => {
    const { sql, id } = await driveToSync(database.url(), table())
    expect(await codeOf(begin(sql, id, { confirm: 'another' }))).toBe('SF422 cutover_not_confirmed')
    expect(await codeOf(sql`select migration.cutover(${id}, 'test', null, false)`)).toBe(
      'SF422 cutover_not_confirmed',
    )
    await begin(sql, id, { rehearsal: true, confirm: '' })
    expect(await codeOf(begin(sql, id))).toBe('SF409 cutover_running')
    await sql.end()
  })

  it.each<[string, (sql: Sql, id: string) => PromiseLike<unknown>]>([
    ['sync_halted', (sql, id) => sql`select migration._halt_sync(${id}, 'x', 'x')`],
    ['pass_running', (sql, id) => sql`select migration.sync(${id}, 'test')`],
    ['transition_illegal', (sql, id) => sql`select migration.pause(${id}, 'test')`],
    [
      'sync_not_caught_up',
      (sql, id) =>
        sql`update migration.sync_states set caught_up_at = null where migration_id = ${id}`,
    ],
    [
      'sync_lags',
      (sql, id) =>
        sql`update migration.sync_positions set changes_at = now() - interval '61 minutes', hash_at = null where migration_id = ${id}`,
    ],
    [
      'gone_rows_held',
      (sql, id) => sql`
      insert into migration.gone_rows (entity_status_id, source_key, migration_id, pass_id, state, noted_at)
      select id, '1', migration_id, gen_random_uuid(), 'held', now() from migration.entity_statuses where migration_id = ${id}`,
    ],
    ['sync_not_begun', (sql, id) => sql`select migration.cancel(${id}, 'test')`],
  ])('not: %s', async (code, spoil) => {
    const { sql, id } = await driveToSync(database.url(), table())
    await spoil(sql, id)
    expect(await codeOf(begin(sql, id))).toBe(`SF409 ${code}`)
    expect(await sql`select 1 from migration.cutovers where migration_id = ${id}`).toHaveLength(0)
    await sql.end()
  })

  it('and holds off sweeps, pauses and a cancellation until it has ended', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await sql`update migration.schedules set next_run_at = now() - interval '1 second' where migration_id = ${id}`
    const [ran] = await sql`select migration.run_schedules() as done`
    expect(ran!.done).toEqual({ begun: false })
    const [schedule] =
      await sql`select last_outcome as outcome from migration.schedules where migration_id = ${id}`
    expect(schedule!.outcome).toBe('cutover')
    expect(await codeOf(sql`select migration.pause(${id}, 'test')`)).toBe('SF409 cutover_running')
    expect(await codeOf(sql`select migration.cancel(${id}, 'test')`)).toBe('SF409 cutover_running')
    await sql.end()
  })
})

describe('calling a cut-over off', () => {
  it('leaves the migration in sync mode', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    expect(await codeOf(sql`select migration.abort_cutover(${id}, 'test')`)).toBe(
      'SF409 cutover_not_running',
    )
    await begin(sql, id)
    await sql`select migration.abort_cutover(${id}, 'test')`
    expect(await newest(sql, id)).toMatchObject({
      state: 'failed',
      code: 'cutover_aborted',
      frozen: false,
      sync: 'syncing',
      cutting: false,
    })
    expect(await passAtWork(sql, id)).toBeNull()
    await sql`select migration.sync(${id}, 'test')`
    await sql.end()
  })

  it('wakes somebody between two passes', async () => {
    const { sql, id, nonces } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await phase(sql, id)
    await sql`update migration.dispatches set finished_at = now(), finish_reason = 'test' where migration_id = ${id}`
    const before = (await nonces()).length
    await sql`select migration.watchdog()`
    expect((await nonces()).length).toBe(before + 1)
    await sql.end()
  })
})
