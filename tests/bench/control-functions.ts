/** Calls and times of the control plane's SQL functions, as the target counts them with track_functions. */
import type { Server } from '../../scripts/local/index.ts'
import { connect } from './dataset.ts'

export interface FunctionTime {
  readonly calls: number
  /** What it called, and waits for locks, included. */
  readonly total_ms: number
}

/** By name. Empty where the server does not count them. */
export type FunctionTimes = Readonly<Record<string, FunctionTime>>

/** Settings of a server that counts them; costs a look at the clock a call. */
export const COUNT_FUNCTIONS: Readonly<Record<string, string>> = { track_functions: 'all' }

/** Sessions report when they end, so that a whole run's numbers are there after it. */
export async function readFunctions(server: Server, database: string): Promise<FunctionTimes> {
  const sql = connect(server, database)
  try {
    const rows = await sql<(FunctionTime & { name: string })[]>`
      select funcname::text as name, sum(calls)::float as calls, sum(total_time)::float as total_ms
        from pg_catalog.pg_stat_user_functions
       where schemaname = 'migration' group by funcname`
    return Object.fromEntries(rows.map(({ name, ...time }) => [name, time]))
  } finally {
    await sql.end()
  }
}

/**
 * What one step costs besides its statement, which is work and not bookkeeping; undefined where no step
 * was run.
 */
export function stepKeeping(times: FunctionTimes): FunctionTime | undefined {
  const { run_steps, _try_step } = times
  if (!run_steps || !_try_step) return undefined
  return { calls: _try_step.calls, total_ms: run_steps.total_ms - _try_step.total_ms }
}
