/**
 * States, checkpoints, audit log and who may read them. Real PostgreSQL, no function: the database alone must hold. Each guard has the test that
 * turns red when it is taken out (`npm run mutants`).
 */
import { describe, expect, it } from 'vitest'
import { carve, claim, driveMigration, guardedDatabase, load, sqlstate } from './fixture.ts'

const database = guardedDatabase()
const { table } = database

describe('records', () => {
  it('keeps the state machine of the documents', async () => {
    const { sql, id } = await driveMigration(database.url(), table())
    await expect(
      sql`update migration.orchestrations set status = 'pending' where id = ${id}`,
    ).rejects.toEqual(sqlstate('SF409'))
    await sql.end()
  })

  it('keeps checkpoints in order', async () => {
    const name = table()
    const { sql, id } = await driveMigration(database.url(), name)
    const held = (await claim(sql, id))!
    await carve(sql, id, held, '5', true)
    await load(sql, id, held, name, 1, 5)
    await expect(sql`insert into migration.checkpoints (migration_id, entity_status_id, entity_name, batch_number,
        records_processed, system_state)
      select migration_id, entity_status_id, entity_name, batch_number + 2, records_processed, system_state
        from migration.checkpoints where migration_id = ${id}`).rejects.toEqual(sqlstate('SF409'))
    await sql.end()
  })

  it('keeps the audit log append-only and tells of an edit', async () => {
    const { sql } = await driveMigration(database.url(), table())
    await expect(sql`delete from migration.audit_log`).rejects.toEqual(sqlstate('SF409'))
    expect(await sql`select * from migration.verify_audit()`).toEqual([])
    await sql`alter table migration.audit_log disable trigger append_only`
    await sql`update migration.audit_log set actor = 'somebody else' where id = 1`
    expect(await sql`select * from migration.verify_audit()`).not.toEqual([])
    await sql`update migration.audit_log set actor = 'test' where id = 1`
    await sql`delete from migration.audit_log where id = (select max(id) from migration.audit_log)`
    await sql`alter table migration.audit_log enable trigger append_only`
    expect(await sql`select problem from migration.verify_audit()`).toEqual([
      { problem: 'tail is missing' },
    ])
    await sql.end()
  })

  it('shows a user without a migration role nothing', async () => {
    const { sql, id } = await driveMigration(database.url(), table())
    const seen = (roles: string[]) =>
      sql.begin(async (tx) => {
        await tx`select set_config('request.jwt.claims', ${JSON.stringify({ app_metadata: { roles } })}, true)`
        await tx`set local role authenticated`
        return tx`select id from migration.orchestrations where id = ${id}`
      })
    expect(await seen(['migration_analyst'])).toHaveLength(1)
    expect(await seen(['clerk'])).toHaveLength(0)
    await expect(
      sql.begin(async (tx) => {
        await tx`set local role anon`
        await tx`select from migration.orchestrations`
      }),
    ).rejects.toEqual(sqlstate('42501'))
    await sql.end()
  })
})
