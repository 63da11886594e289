/**
 * What a nonce is worth, and what may begin. Real PostgreSQL, no function: the database alone must hold. Each guard has the test that
 * turns red when it is taken out (`npm run mutants`).
 */
import { describe, expect, it } from 'vitest'
import { accept, driveMigration, guardedDatabase, sqlstate, startMigration } from './fixture.ts'

const database = guardedDatabase()
const { table } = database

describe('dispatch', () => {
  it('refuses a nonce that nobody drew', async () => {
    const { sql, id } = await driveMigration(database.url(), table())
    await expect(accept(sql, id, 'f'.repeat(64))).rejects.toEqual(sqlstate('SF401'))
    await sql.end()
  })

  it("refuses another migration's nonce", async () => {
    const mine = await driveMigration(database.url(), table())
    const other = await driveMigration(database.url(), table())
    const [nonce] = await other.nonces()
    await expect(accept(mine.sql, mine.id, nonce!)).rejects.toEqual(sqlstate('SF401'))
    await Promise.all([mine.sql.end(), other.sql.end()])
  })

  it('refuses an expired nonce', async () => {
    const { sql, id, nonces } = await driveMigration(database.url(), table())
    await sql`update migration.dispatches set created_at = created_at - interval '2 minutes',
      expires_at = expires_at - interval '2 minutes' where migration_id = ${id}`
    const [nonce] = await nonces()
    await expect(accept(sql, id, nonce!)).rejects.toEqual(sqlstate('SF401'))
    await sql.end()
  })

  it('serves a nonce once', async () => {
    const { sql, id, nonces } = await driveMigration(database.url(), table())
    const [nonce] = await nonces()
    expect(await accept(sql, id, nonce!)).not.toBeNull()
    expect(await accept(sql, id, nonce!)).toBeNull()
    await sql.end()
  })

  it('keeps nonces only as hashes', async () => {
    const { sql, id, nonces } = await driveMigration(database.url(), table())
    const [nonce] = await nonces()
    const [row] =
      await sql`select d.*::text as everything from migration.dispatches d where migration_id = ${id}`
    expect(row!.everything).not.toContain(nonce)
    await sql.end()
  })

  it('lets in no more calls than there are lanes', async () => {
    const { sql, id, nonces, connect } = await driveMigration(database.url(), table(), { lanes: 1 })
    const [first] = await nonces()
    expect(await accept(sql, id, first!)).not.toBeNull()
    await sql`update migration.dispatches set created_at = created_at - interval '10 seconds' where migration_id = ${id}`
    await sql.unsafe(
      `select migration._send('${id}', configuration) from migration.orchestrations where id = '${id}'`,
    )
    const late = connect()
    expect(await accept(late, id, (await nonces()).at(-1)!)).toBeNull()
    await Promise.all([sql.end(), late.end()])
  })
})

describe('start', () => {
  it('refuses a second migration into the same target', async () => {
    const name = table()
    const { sql } = await driveMigration(database.url(), name)
    await expect(startMigration(sql, name)).rejects.toEqual(sqlstate('SF409'))
    await sql.end()
  })

  it('refuses a configuration out of range', async () => {
    const { sql } = await driveMigration(database.url(), table())
    await expect(startMigration(sql, table(), { lanes: 99 })).rejects.toEqual(sqlstate('SF422'))
    await sql.end()
  })
})
