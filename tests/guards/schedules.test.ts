/** Schedules of a migration: what is begun when. Real PostgreSQL, no function. */
import type { Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { codeOf, driveToSync, passAtWork } from './driven-sync.ts'
import { guardedDatabase } from './fixture.ts'

const database = guardedDatabase()
const { table } = database

interface ScheduleRow {
  readonly scope: string
  readonly enabled: boolean
  readonly outcome: string | null
  readonly skipped: number
  /** Seconds from now. */
  readonly next: number
}

const plan = {
  sync: { schedule: { changes: '30 seconds', deletes: '*/15 * * * *', hash: '0 3 * * *' } },
}

async function schedules(sql: Sql, id: string): Promise<Record<string, ScheduleRow>> {
  const rows = await sql<ScheduleRow[]>`
    select scope, enabled, last_outcome as outcome, skipped::integer,
           extract(epoch from next_run_at - migration.clock())::float8 as next
      from migration.schedules where migration_id = ${id}`
  return Object.fromEntries(rows.map((row) => [row.scope, row]))
}

/** Makes schedules due, as if their time had come. */
async function makeDue(sql: Sql, id: string, ...scopes: string[]) {
  await sql`update migration.schedules set next_run_at = migration.clock() - interval '1 second'
             where migration_id = ${id} and scope = any (${scopes})`
}

async function tick(sql: Sql): Promise<Record<string, unknown>> {
  const [row] = await sql<
    { done: Record<string, unknown> }[]
  >`select migration.run_schedules() as done`
  return row!.done
}

describe('schedules of a migration', () => {
  it('come from the plan when sync mode begins', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), plan)
    const found = await schedules(sql, id)
    expect(Object.keys(found).sort()).toEqual(['changes', 'deletes', 'hash'])
    expect(found.changes!.next).toBeGreaterThan(25)
    const [job] = await sql`select schedule, command from cron.job where jobname = 'supaferry-sync'`
    expect(job).toEqual({ schedule: '2 seconds', command: 'select migration.run_schedules()' })
    await sql.end()
  })

  it('begin the sweep of the widest scope that is due, and the narrower ones with it', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), plan)
    expect(await tick(sql)).toEqual({ begun: false })
    await makeDue(sql, id, 'changes', 'deletes')
    expect(await tick(sql)).toMatchObject({ begun: true, migration_id: id, scope: 'deletes' })
    expect(await schedules(sql, id)).toMatchObject({
      changes: { outcome: 'covered', skipped: 0 },
      deletes: { outcome: 'begun', skipped: 0 },
      hash: { outcome: null },
    })
    await sql.end()
  })

  it('count what is due while a sweep is at work, and let it come soon', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), plan)
    await makeDue(sql, id, 'changes')
    await tick(sql)
    await makeDue(sql, id, 'hash')
    expect(await tick(sql)).toMatchObject({ begun: false, outcome: 'overlap' })
    const { hash } = await schedules(sql, id)
    expect(hash).toMatchObject({ outcome: 'overlap', skipped: 1 })
    expect(hash!.next).toBeLessThan(11)
    await sql`select migration._abort_pass(${id}, 'test')`
    await makeDue(sql, id, 'hash')
    expect(await tick(sql)).toMatchObject({ begun: true, scope: 'hash' })
    await sql.end()
  })

  it('begin nothing while the migration is paused or halted, and say so', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), plan)
    await sql`select migration.pause(${id}, 'test')`
    await makeDue(sql, id, 'changes')
    expect(await tick(sql)).toEqual({ begun: false })
    expect(await schedules(sql, id)).toMatchObject({
      changes: { outcome: 'paused', skipped: 0 },
      hash: { outcome: null },
    })
    await sql`select migration.resume(${id}, 'test')`
    await sql`select migration._halt_sync(${id}, 'source_went_back', 'Test.')`
    expect(await tick(sql)).toEqual({ begun: false })
    expect(await schedules(sql, id)).toMatchObject({ changes: { outcome: 'halted' } })
    expect(await passAtWork(sql, id)).toBeNull()
    await sql`select migration.resume_sync(${id}, 'test')`
    expect(await tick(sql)).toMatchObject({ outcome: 'overlap' }) // what the resumption has begun
    await sql.end()
  })

  it('are changed, turned off and on by an admin, and checked', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), plan)
    await sql`select migration.set_schedule(${id}, 'test', 'changes', '5 seconds')`
    expect((await schedules(sql, id)).changes!.next).toBeLessThan(6)
    await sql`select migration.set_schedule(${id}, 'test', 'changes', null, false)`
    await makeDue(sql, id, 'changes')
    expect(await tick(sql)).toEqual({ begun: false })
    await sql`select migration.set_schedule(${id}, 'test', 'changes', null, true)`
    expect((await schedules(sql, id)).changes!.next).toBeGreaterThan(3)
    expect(
      await codeOf(sql`select migration.set_schedule(${id}, 'test', 'changes', '61 * * * *')`),
    ).toBe('SF422 schedule_invalid')
    expect(
      await codeOf(sql`select migration.set_schedule(${id}, 'test', 'rows', '5 seconds')`),
    ).toBe('SF422 scope_unknown')
    expect(
      await codeOf(
        sql`select migration.set_schedule(gen_random_uuid(), 'test', 'hash', '5 seconds')`,
      ),
    ).toBe('SF404 migration_unknown')
    await sql`delete from migration.schedules where migration_id = ${id} and scope = 'hash'`
    expect(
      await codeOf(sql`select migration.set_schedule(${id}, 'test', 'hash', null, true)`),
    ).toBe('SF404 schedule_unknown')
    await sql.end()
  })

  it('end with sync mode, and their job with the last of them', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), plan)
    await sql`select migration.cancel(${id}, 'test')`
    expect(await schedules(sql, id)).toMatchObject({
      changes: { enabled: false },
      hash: { enabled: false },
    })
    expect(
      await codeOf(sql`select migration.set_schedule(${id}, 'test', 'hash', '5 seconds')`),
    ).toBe('SF409 sync_not_begun')
    await sql`update migration.schedules set enabled = false`
    await sql`select migration.watchdog()`
    expect(await sql`select 1 from cron.job where jobname = 'supaferry-sync'`).toHaveLength(0)
    await sql.end()
  })
})
