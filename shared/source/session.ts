/**
 * A pinned, read-only view of the source: nothing that runs here can write, and nothing that the role
 * or the database has as a default changes what is read.
 */
import type { TransactionSql } from 'postgres'
import { pinStatement } from '../projection/settings.ts'
import { textFormatSettings } from '../projection/text-format.ts'

export const readOnlySnapshot = 'isolation level repeatable read read only'

export interface SourceTimeouts {
  readonly statement_ms: number
  readonly lock_ms: number
  readonly idle_ms: number
}

export const defaultTimeouts: SourceTimeouts = {
  statement_ms: 120_000,
  lock_ms: 10_000,
  idle_ms: 60_000,
}

/**
 * Sends the settings without waiting for the answer, so that the next statement travels with them.
 * If one of them is refused, the transaction is aborted and the next statement fails too.
 */
export function pinSession(tx: TransactionSql, timeouts: SourceTimeouts): Promise<unknown> {
  const settings = {
    ...textFormatSettings,
    statement_timeout: String(timeouts.statement_ms),
    lock_timeout: String(timeouts.lock_ms),
    idle_in_transaction_session_timeout: String(timeouts.idle_ms),
  }
  // Compiling a plan costs more than it saves on ranges; the setting exists from release 11 on.
  const noJit =
    "case when pg_catalog.current_setting('jit', true) is null then null" +
    " else pg_catalog.set_config('jit', 'off', true) end"
  const pinned = tx.unsafe(`${pinStatement(settings)}, ${noJit}`).execute()
  // The statement behind it reports the failure; unhandled here it would end the process.
  pinned.catch(() => undefined)
  return pinned
}
