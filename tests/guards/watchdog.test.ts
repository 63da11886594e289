/**
 * What the sweep takes back, and what it leaves alone. Real PostgreSQL, no function: the database alone must hold. Each guard has the test that
 * turns red when it is taken out (`npm run mutants`).
 */
import type { Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { carve, claim, count, type Driven, driveMigration, guardedDatabase } from './fixture.ts'
import { driveToGate } from './passes.ts'

const database = guardedDatabase()
const { table } = database

describe('watchdog', () => {
  it('leaves a live holder its batch while the lease runs', async () => {
    const { sql, id, connect } = await driveMigration(database.url(), table())
    const admin = connect()
    const held = (await claim(sql, id))!
    await admin`select migration.watchdog()`
    await expect(carve(sql, id, held, '5', false)).resolves.toBeUndefined()
    await Promise.all([sql.end(), admin.end()])
  })

  it('takes the batch of a holder that is gone, at once, and halves it', async () => {
    const { sql, id, connect } = await driveMigration(database.url(), table())
    const dead = connect()
    await claim(dead, id)
    await dead.end()
    await eventually(async () => {
      await sql`select migration.watchdog()`
      expect(await claim(sql, id)).toMatchObject({ attempt: 2, row_limit: 2 })
    })
    await sql.end()
  })

  it('ends the server process of an overdue holder that waits in COPY', async () => {
    const name = table()
    const { sql, id, connect } = await driveMigration(database.url(), name, { lease_seconds: 1 })
    const stuck = connect()
    const held = (await claim(stuck, id))!
    const load = stuck.begin(async (tx) => {
      await tx`select migration.begin_load(${id}, ${held.batch_id}, ${held.attempt})`
      const into = await tx.unsafe(`copy public.${name} from stdin`).writable()
      into.on('error', () => undefined)
      into.write('1\tx\n')
      await new Promise(() => undefined)
    })
    load.catch(() => undefined)
    await eventually(async () => {
      await sql`select migration.watchdog()`
      expect(await claim(sql, id)).toMatchObject({ attempt: 2 })
    })
    await expect(load).rejects.toBeDefined()
    expect(await count(sql, name)).toBe(0)
    await Promise.all([sql.end(), stuck.end({ timeout: 0 })])
  })

  it('parks a migration whose batch killed eight functions', async () => {
    const driven = await driveMigration(database.url(), table())
    const { sql, id } = driven
    await killsEight(driven)
    const [row] =
      await sql`select status, control_state from migration.orchestrations where id = ${id}`
    expect(row).toEqual({ status: 'running', control_state: 'parked' })
    expect(await parkings(sql, id)).toBe(1)
    expect(await claim(sql, id)).toBeUndefined()
    await sql`select migration.retry(${id}, 'test')`
    expect(await claim(sql, id)).toMatchObject({ attempt: 9 })
    await sql.end()
  })

  it('ends a pass whose batch killed eight functions, and parks nothing', async () => {
    const driven = await driveToGate(database.url(), table())
    const { sql, id } = driven
    await killsEight(driven)
    const [pass] =
      await sql`select status, failure_code from migration.verifications where migration_id = ${id}`
    expect(pass).toEqual({ status: 'aborted', failure_code: 'batch_parked' })
    const [row] =
      await sql`select status, control_state, failure_code from migration.orchestrations where id = ${id}`
    expect(row).toEqual({
      status: 'failed',
      control_state: 'active',
      failure_code: 'verification_aborted',
    })
    expect(await parkings(sql, id)).toBe(0)
    await sql.end()
  })
})

/** Claims the same batch again and again, by connections that end at once. */
async function killsEight({ sql, id, connect }: Driven): Promise<void> {
  for (let death = 0; death < 8; death += 1) {
    const dead = connect()
    await sql`update migration.batches set not_before = case when deaths = ${death} then '-infinity' else 'infinity' end::timestamptz
      where migration_id = ${id} and status <> 'completed'`
    await claim(dead, id)
    await dead.end()
    await eventually(async () => {
      await sql`select migration.watchdog()`
      const held =
        await sql`select from migration.batches where migration_id = ${id} and status = 'processing'`
      expect(held).toHaveLength(0)
    })
  }
}

async function parkings(sql: Sql, id: string): Promise<number> {
  const rows =
    await sql`select from migration.audit_log where migration_id = ${id} and action = 'migration.parked'`
  return rows.length
}
