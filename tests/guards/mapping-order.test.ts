/** What a mapped batch waits for. Real PostgreSQL, no function: the database alone must hold. */
import postgres, { type Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { guardedDatabase } from './fixture.ts'
import { claimMapped, loadMapped, settle, startMapped } from './mapped.ts'
import { stateOf } from './passes.ts'

const database = guardedDatabase()

/** Two tables that are not there yet. */
async function driven(work: (sql: Sql, parent: string, child: string) => Promise<void>) {
  const sql = postgres(database.url(), { max: 1, prepare: false, onnotice: () => undefined })
  try {
    await work(sql, database.table(), database.table())
  } finally {
    await sql.end()
  }
}

const rows = [{ id: 1, x: 'a' }]

describe('order', () => {
  it('hands on the next range when the one before it is in', () =>
    driven(async (sql, table) => {
      const id = await startMapped(sql, { table })
      const held = (await claimMapped(sql, id))!
      await sql`select migration.carve_batch(${id}, ${held.batch_id}, ${held.attempt}, '["1"]', true)`
      expect(await claimMapped(sql, id)).toBeUndefined()
      await loadMapped(sql, id, held, rows)
      expect(await claimMapped(sql, id)).toMatchObject({ kind: 'copy', range_after: ['1'] })
    }))

  it('lets children wait until their parents are in, and late references for all rows', () =>
    driven(async (sql, parent, child) => {
      const waits_for = [{ kind: 'copy', entity_name: `legacy.${parent}`, until: 'completed' }]
      const id = await startMapped(sql, { table: parent }, { table: child, waits_for })
      const held = (await claimMapped(sql, id))!
      expect(await claimMapped(sql, id)).toBeUndefined()
      await loadMapped(sql, id, held, rows)
      const next = (await claimMapped(sql, id))!
      expect([next.kind, next.entity_name]).toEqual(['settle', `legacy.${parent}`])
      expect(await claimMapped(sql, id)).toBeUndefined()
      await sql`select migration.release_batch(${id}, ${next.batch_id}, ${next.attempt})`
      await settle(sql, id)
      expect(await claimMapped(sql, id)).toMatchObject({
        entity_name: `legacy.${child}`,
        kind: 'copy',
      })
    }))

  it('ends when nothing is left but what waits for an entity that failed', () =>
    driven(async (sql, parent, child) => {
      const waits_for = [{ kind: 'copy', entity_name: `legacy.${parent}`, until: 'copied' }]
      const id = await startMapped(sql, { table: parent }, { table: child, waits_for })
      const held = (await claimMapped(sql, id))!
      await sql`select migration.fail_batch(${id}, ${held.batch_id}, ${held.attempt}, 'unknown', 'x', null, 'x', false)`
      expect(await stateOf(sql, id)).toEqual({ status: 'failed', failure_code: 'entity_failed' })
    }))
})
