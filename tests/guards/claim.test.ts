/**
 * Who may take a batch, and when. Real PostgreSQL, no function: the database alone must hold. Each guard has the test that
 * turns red when it is taken out (`npm run mutants`).
 */
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { claim, driveMigration, guardedDatabase } from './fixture.ts'

const database = guardedDatabase()
const { table } = database

describe('claim', () => {
  it('gives a batch to one holder only, without waiting for the other', async () => {
    const { sql, id, connect } = await driveMigration(database.url(), table())
    const other = connect()
    await other`set statement_timeout = '3s'`
    await sql.begin(async (tx) => {
      const first = await tx`select * from migration.claim_batch(${id}, gen_random_uuid())`
      expect(first).toHaveLength(1)
      expect(await claim(other, id)).toBeUndefined()
    })
    await Promise.all([sql.end(), other.end()])
  })

  it('gives nothing while the migration is paused', async () => {
    const { sql, id } = await driveMigration(database.url(), table())
    await sql`select migration.pause(${id}, 'test')`
    expect(await claim(sql, id)).toBeUndefined()
    await sql`select migration.resume(${id}, 'test')`
    expect(await claim(sql, id)).toMatchObject({ attempt: 1 })
    await sql.end()
  })

  it('leaves a batch alone until its back-off is over', async () => {
    const { sql, id } = await driveMigration(database.url(), table())
    const held = (await claim(sql, id))!
    await sql`select migration.fail_batch(${id}, ${held.batch_id}, 1, 'connection_error', 'x', null, 'x', true)`
    expect(await claim(sql, id)).toBeUndefined()
    await eventually(async () => expect(await claim(sql, id)).toMatchObject({ attempt: 2 }))
    await sql.end()
  })
})
