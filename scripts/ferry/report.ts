/** What the `status` function answers, as far as the command line looks at it. */
import { z } from 'zod'
import { SYNC_STATES, SyncReport, syncWords } from './sync-report.ts'

export const Migration = z.looseObject({
  migration_id: z.guid(),
  plan_name: z.string().nullable(),
  status: z.enum(['pending', 'running', 'completed', 'failed', 'rolling_back']),
  control_state: z.enum(['active', 'paused', 'cancelled', 'parked']),
  progress_percentage: z.number(),
  total_entities: z.number(),
  completed_entities: z.number(),
  records_total: z.number(),
  records_read: z.number(),
  records_failed: z.number(),
  elapsed_seconds: z.number().nullable(),
  throughput_per_second: z.number().nullable(),
  eta_seconds: z.number().nullable(),
  failure_code: z.string().nullable(),
  failure_reason: z.string().nullable(),
  /** Rows and steps were done then; verification follows. */
  finished_at: z.string().nullable(),
  created_at: z.string(),
  /** Of a migration in sync mode. */
  sync_state: z.enum(SYNC_STATES).nullable(),
})

export const Entity = z.looseObject({
  entity_name: z.string(),
  target_entity: z.string(),
  status: z.enum(['pending', 'running', 'completed', 'failed', 'skipped']),
  progress_percentage: z.number(),
  records_total: z.number(),
  records_read: z.number(),
  records_failed: z.number(),
  throughput_per_second: z.number().nullable(),
  eta_seconds: z.number().nullable(),
})

export const ErrorCount = z.looseObject({
  entity_name: z.string().nullable(),
  error_type: z.string(),
  error_code: z.string().nullable(),
  errors: z.number(),
})

/** Refused rows of an entity for one reason. */
export const DeadLetterCount = z.looseObject({
  entity_name: z.string(),
  error_code: z.string(),
  rule: z.string().nullable(),
  columns: z.array(z.string()).nullable(),
  refused: z.number(),
  unresolved: z.number(),
})

export const ValidationResult = z.looseObject({
  entity_name: z.string(),
  check_name: z.string(),
  status: z.enum(['passed', 'failed', 'warning']),
  records_validated: z.number(),
  issues_found: z.number(),
  execution_duration_ms: z.number(),
})

export const Finding = z.looseObject({
  entity_name: z.string(),
  check_name: z.string(),
  kind: z.string(),
  severity: z.enum(['failed', 'warning']),
  row_key: z.array(z.string()).nullable(),
  columns: z.array(z.string()),
  object_name: z.string().nullable(),
})

export const Verification = z.looseObject({
  id: z.guid(),
  kind: z.enum(['verify', 'repair', 'replay']),
  mode: z.enum(['counts', 'sample', 'full']),
  status: z.enum(['running', 'passed', 'failed', 'aborted']),
  failure_code: z.string().nullable(),
  records_validated: z.number(),
  issues_found: z.number(),
  results: z.array(ValidationResult),
  /** The first ones; `issues_found` counts all. */
  findings: z.array(Finding),
})

export const Report = z.looseObject({
  migration: Migration,
  entities: z.array(Entity),
  /** Refused rows are not among them. */
  errors: z.array(ErrorCount),
  /** Refused rows by reason; none where there are so many that a look does not add them up. */
  dead_letters: z.array(DeadLetterCount),
  /** The newest verification, repair or replay; null before the first. */
  verification: Verification.nullable(),
  /** Null where it never was in sync mode. */
  sync: SyncReport.nullable(),
})

export const Started = z.looseObject({
  migration_id: z.guid(),
  entities: z.number(),
  /** Worth knowing, such as fewer lanes than asked for. */
  notes: z
    .array(z.object({ code: z.string(), message: z.string(), hint: z.string(), path: z.string() }))
    .default([]),
})

export const Steered = z.looseObject({
  migration_id: z.guid(),
  status: z.string(),
  control_state: z.string(),
})

/** What a sweep was begun with. */
export const Swept = Steered.extend({ sweep_id: z.guid() })
export const CutOver = Steered.extend({ cutover_id: z.guid() })

export type Migration = z.infer<typeof Migration>
export type Entity = z.infer<typeof Entity>
export type Report = z.infer<typeof Report>
export type Started = z.infer<typeof Started>
export type Steered = z.infer<typeof Steered>
export type Swept = z.infer<typeof Swept>
export type CutOver = z.infer<typeof CutOver>
export type Verification = z.infer<typeof Verification>
export type Finding = z.infer<typeof Finding>
export type DeadLetterCount = z.infer<typeof DeadLetterCount>
export type Action = 'pause' | 'resume' | 'cancel' | 'retry' | 'verify' | 'repair'
export type Mode = Verification['mode']

/** `going` is everything that may still move, paused included. */
export type Outcome = 'going' | 'completed' | 'failed' | 'cancelled' | 'parked'

export function outcomeOf(migration: Pick<Migration, 'status' | 'control_state'>): Outcome {
  const { status, control_state } = migration
  if (status === 'completed') return 'completed'
  // Cancelling ends a migration as failed; the control state tells that somebody wanted it.
  if (control_state === 'cancelled') return 'cancelled'
  if (status === 'failed') return 'failed'
  return control_state === 'parked' ? 'parked' : 'going'
}

/** One word for status and control state together, as an operator would say it. */
export function stateOf(
  migration: Pick<Migration, 'status' | 'control_state' | 'finished_at' | 'sync_state'>,
): string {
  if (migration.sync_state !== null) return syncWords(migration.sync_state)
  const outcome = outcomeOf(migration)
  if (outcome !== 'going') return outcome
  if (migration.control_state === 'paused') return 'paused'
  return migration.finished_at === null ? migration.status : 'verifying'
}
