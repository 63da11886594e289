/**
 * What following a log may not do: record for an attempt that was overtaken, forget what is to be compared, keep
 * a slot that nobody needs, drop one that somebody does. Real PostgreSQL, no function: the database alone
 * must hold. Each guard has the test that turns red when it is taken out (`npm run mutants`).
 */
import postgres, { type Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { claim, guardedDatabase, sqlstate } from './fixture.ts'
import { completeLog, driveToLog, type LogSweep, nextSweep } from './log-sweeps.ts'

const database = guardedDatabase()
const FENCED = sqlstate('SF001')

async function driven(work: (sweep: LogSweep) => Promise<void>): Promise<void> {
  const sql = postgres(database.url(), { max: 1, prepare: false, onnotice: () => undefined })
  try {
    await work(await driveToLog(sql, database.table()))
  } finally {
    await sql.end()
  }
}

const slots = async (sql: Sql, id: string) => {
  const rows = await sql`select from migration.slots_to_drop() s where s.migration_id = ${id}`
  return rows.length
}

const batches = async (sql: Sql, id: string) => {
  const rows = await sql<{ told: string }[]>`
    select b.kind || ' ' || coalesce(b.task ->> 'scope', '') as told
      from migration.batches b join migration.orchestrations o on o.verification_id = b.pass_id
     where b.migration_id = ${id} and b.kind in ('reconcile', 'sync')`
  return rows.map(({ told }) => told)
}

describe('log', () => {
  it('rejects the hand of an attempt that was overtaken', () =>
    driven(async ({ sql, id, held }) => {
      const batch = [id, held.batch_id, held.attempt] as const
      await sql`select migration.release_batch(${batch[0]}, ${batch[1]}, ${batch[2]})`
      await claim(sql, id)
      for (const call of [
        () => sql`select migration.want_slot(${batch[0]}, ${batch[1]}, ${batch[2]}, 'slot')`,
        () =>
          sql`select migration.slot_made(${batch[0]}, ${batch[1]}, ${batch[2]}, '{"begins": "0/9", "fingerprint": "f"}')`,
        () => sql`select migration.begin_log(${batch[0]}, ${batch[1]}, ${batch[2]})`,
        () => completeLog(sql, id, held, {}),
      ]) {
        await expect(call()).rejects.toEqual(FENCED)
      }
    }))

  it('compares what a sweep that was broken off was to compare', () =>
    driven(async ({ sql, id, held, entityId }) => {
      await completeLog(sql, id, held, { overruns: { [entityId]: 'truncated' } })
      expect(await batches(sql, id)).toEqual(['reconcile hash'])
      await sql`select migration._abort_pass(${id}, 'broken')`
      const again = await nextSweep(sql, id)
      await completeLog(sql, id, again, {})
      expect(await batches(sql, id)).toEqual(['reconcile hash'])
    }))

  it('compares everything where the slot is a new one', () =>
    driven(async ({ sql, id, held }) => {
      await sql`select migration.slot_made(${id}, ${held.batch_id}, ${held.attempt}, '{"begins": "0/9", "fingerprint": "f"}')`
      await completeLog(sql, id, held, {})
      expect(await batches(sql, id)).toEqual(['reconcile hash'])
    }))

  it('gives a slot up that nobody needs, and no other', () =>
    driven(async ({ sql, id }) => {
      expect(await slots(sql, id)).toBe(0)
      await sql`update migration.sync_states set ended_at = now() where migration_id = ${id}`
      expect(await slots(sql, id)).toBe(1)
      await sql`update migration.sync_states set ended_at = null where migration_id = ${id}`
      await sql`update migration.entity_statuses set definition = jsonb_set(definition, '{sync,strategy}', '"hash"') where migration_id = ${id}`
      expect(await slots(sql, id)).toBe(1)
    }))

  it('gives the slot of a cancelled migration up', () =>
    driven(async ({ sql, id }) => {
      await sql`select migration.cancel(${id}, 'test')`
      expect(await slots(sql, id)).toBe(1)
    }))

  it('has somebody called for a slot that is left, once a minute', () =>
    driven(async ({ sql, id }) => {
      const called = async () => {
        const [row] = await sql<{ asked: number }[]>`select migration._call_for_slots() as asked`
        return row!.asked
      }
      const aMinuteLater = () =>
        sql`update migration.dispatches set created_at = created_at - interval '1 minute'`
      await aMinuteLater()
      await sql`delete from migration.source_slots where migration_id <> ${id}`
      // one that is needed
      expect(await called()).toBe(0)
      // this one, and those of other tests, whose calls would do
      await sql`select migration.cancel(o.id, 'test') from migration.orchestrations o where o.is_open`
      await aMinuteLater()
      const [swept] = await sql`select migration.watchdog() ->> 'dispatched' as dispatched`
      expect(swept).toEqual({ dispatched: '1' })
      expect(await called()).toBe(0)
      await aMinuteLater()
      expect(await called()).toBe(1)
    }))
})
