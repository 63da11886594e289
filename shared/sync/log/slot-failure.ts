/** Why a source does not let its log be read, by what it answers; and what its owner does about it. */
import { FerryError } from '../../platform/errors.ts'

interface Refusal {
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly retry: 'retry' | 'never'
}

const refusals: Readonly<Record<string, Refusal>> = {
  '42501': {
    code: 'log_privilege_missing',
    message: 'The role may not read the log of the source.',
    hint: 'alter role … replication; or, on Amazon RDS: grant rds_replication to …;',
    retry: 'never',
  },
  '55000': {
    code: 'log_wal_level',
    message: 'The source does not write what changes into its log.',
    hint: 'Set wal_level = logical on the source and restart it (a managed service has a parameter for it).',
    retry: 'never',
  },
  '0A000': {
    code: 'log_standby_unsupported',
    message:
      'The source is a standby, and its release cannot decode the log there (16 and later can).',
    hint: 'Give the address of the primary.',
    retry: 'never',
  },
  '53400': {
    code: 'log_slots_exhausted',
    message: 'The source has no replication slot left.',
    hint: 'Drop slots there that nobody uses (pg_replication_slots), or raise max_replication_slots.',
    retry: 'retry',
  },
  '57014': {
    code: 'log_slot_waits',
    message:
      'A slot could not be made: it waits for transactions that were at work at the source before it.',
    hint: 'End them: select pid, xact_start, query from pg_stat_activity order by xact_start;',
    retry: 'retry',
  },
}

/** The same failure by its meaning for the log; what has none there passes through. */
export function slotFailure(error: unknown): unknown {
  if (!(error instanceof FerryError)) return error
  const refusal = refusals[String(error.context.sqlstate)]
  if (refusal === undefined) return error
  const { retry, ...told } = refusal
  return new FerryError({ ...told, status: 422, context: { ...error.context, retry } })
}

/** SQLSTATE of a failure at the source; '' where the server did not answer. */
export function sqlstateOf(error: unknown): string {
  return error instanceof FerryError ? String(error.context.sqlstate ?? '') : ''
}
