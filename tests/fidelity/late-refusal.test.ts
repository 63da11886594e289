/**
 * The target takes every byte of a batch and refuses afterwards: at the end of the statement, when the
 * driver has stopped listening, or at the commit. The batch fails with the server's reason, nothing is kept.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FaultRig, openFaultRig } from '../support/fault-rig.ts'

const ROWS = 2000

let rig: FaultRig
beforeAll(async () => {
  rig = await openFaultRig({ sample: { rows: ROWS, tables: ['a'] }, impatient: true, gentle: true })
  await rig.sql.unsafe(`
    create schema refusing;
    -- a sequence keeps its value when the transaction is rolled back: rows that had arrived by then
    create sequence refusing.arrived;
    create function refusing.refuse() returns trigger language plpgsql as $$
    begin
      perform setval('refusing.arrived', (select count(*) from public.a));
      raise exception 'row of somebody@example.org' using errcode = '23514', constraint = 'late_check',
        schema = 'public', table = 'a';
    end $$`)
})
afterAll(() => rig.close())
afterEach(() => rig.clear())

/** Each of them sees all rows of the batch, because it fires behind the last one. */
const triggers = {
  'at the end of the statement': `create trigger late after insert on public.a
    for each statement execute function refusing.refuse()`,
  'at the commit': `create constraint trigger late after insert on public.a
    deferrable initially deferred for each row execute function refusing.refuse()`,
} as const

async function startRefused(trigger: string): Promise<string> {
  await rig.sql`select setval('refusing.arrived', 1)`
  // A claim may take a quarter of it, which is all there is: one batch.
  return await rig.start({ lanes: 1, batchRows: 4 * ROWS }, async () => {
    await rig.sql.unsafe(`${trigger}; alter table public.a enable always trigger late`)
  })
}

async function books(id: string) {
  const [row] = await rig.sql<Record<string, unknown>[]>`
    select b.status, b.error_summary, b.records_successful::int as successful, b.attempt,
           b.lease_until is null and b.holder_pid is null as let_go,
           (select count(*)::int from public.a) as kept, e.records_processed::int as processed,
           (select count(*)::int from migration.checkpoints c where c.migration_id = ${id}) as checkpoints
      from migration.batches b join migration.entity_statuses e on e.id = b.entity_status_id
     where b.migration_id = ${id}`
  return row
}

async function errors(id: string) {
  return await rig.sql<{ error_code: string; sqlstate: string; error_message: string }[]>`
    select error_code, sqlstate, error_message from migration.errors where migration_id = ${id}`
}

describe('a target that refuses behind the last byte', () => {
  it.each(Object.entries(triggers))(
    '%s fails the batch, keeps none of it, and says why',
    async (_, trigger) => {
      const id = await startRefused(trigger)
      await rig.reaches(id, 'failed')
      const [arrived] = await rig.sql<{ n: number }[]>`
        select last_value::int as n from refusing.arrived`
      expect(arrived?.n).toBe(ROWS)
      expect(await books(id)).toEqual({
        status: 'failed',
        error_summary: 'target_constraint_violated',
        successful: 0,
        attempt: 1,
        let_go: true,
        kept: 0,
        processed: 0,
        checkpoints: 0,
      })
      const [error, ...others] = await errors(id)
      expect(others).toEqual([])
      expect(error).toMatchObject({ error_code: 'target_constraint_violated', sqlstate: '23514' })
      expect(error?.error_message).not.toContain('example.org')
      await rig.sql`drop trigger late on public.a`
      await rig.control('retry', id)
      const ended = await rig.endsExact(id)
      expect(ended).toMatchObject({ batches: 1, attempts: 2 })
    },
  )
})
