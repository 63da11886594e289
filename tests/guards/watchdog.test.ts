/**
 * What the sweep takes back, and what it leaves alone. Real PostgreSQL, no function: the database alone must hold. Each guard has the test that
 * turns red when it is taken out (`npm run mutants`).
 */
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { carve, claim, count, driveMigration, guardedDatabase } from './fixture.ts'

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
    const { sql, id, connect } = await driveMigration(database.url(), table())
    for (let death = 0; death < 8; death += 1) {
      const dead = connect()
      await sql`update migration.batches set not_before = '-infinity' where migration_id = ${id}`
      await claim(dead, id)
      await dead.end()
      await eventually(async () => {
        await sql`select migration.watchdog()`
        const held =
          await sql`select from migration.batches where migration_id = ${id} and status = 'processing'`
        expect(held).toHaveLength(0)
      })
    }
    const [row] =
      await sql`select status, control_state from migration.orchestrations where id = ${id}`
    expect(row).toEqual({ status: 'running', control_state: 'parked' })
    expect(await claim(sql, id)).toBeUndefined()
    await sql`select migration.retry(${id}, 'test')`
    expect(await claim(sql, id)).toMatchObject({ attempt: 9 })
    await sql.end()
  })
})
