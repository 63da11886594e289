/** How a migration under test is watched: swept until it is where it should be, and what it took. */
import type { Sql } from 'postgres'

export type State = 'completed' | 'failed' | 'parked'

/** Sweeps once; true where the migration is in the state, else an error that says where it is. */
export async function sweepUntil(
  sql: Sql,
  id: string,
  state: State,
  swept: { terminated: number; reclaimed: number },
  gentle: boolean,
): Promise<boolean> {
  const [sweep] = await sql<{ done: { terminated?: number; reclaimed?: number } | null }[]>`
    select case when not (${gentle} and exists (
             select from migration.batches where migration_id = ${id} and status = 'processing'))
           then migration.watchdog() end as done`
  swept.terminated += sweep?.done?.terminated ?? 0
  swept.reclaimed += sweep?.done?.reclaimed ?? 0
  if (gentle) await sql`select migration.run_steps()`
  const [row] = await sql<{ status: string; reason: string | null; progress: string }[]>`
    select case when control_state = 'parked' then 'parked' else status end as status, failure_code as reason, progress_percentage::text as progress
      from migration.orchestrations where id = ${id}`
  if (row?.status === state) return true
  throw new Error(`it is ${row?.status} at ${row?.progress} %, ${row?.reason ?? 'no failure'}`)
}

/** Batches, attempts and the codes of errors of a migration. */
export async function history(sql: Sql, id: string) {
  const [row] = await sql<{ batches: number; attempts: number; errors: string[] }[]>`
    select count(*)::int as batches, sum(attempt)::int as attempts,
           array(select distinct error_code::text from migration.errors
                  where migration_id = ${id} order by 1) as errors
      from migration.batches where migration_id = ${id} and kind = 'copy'`
  return row!
}
