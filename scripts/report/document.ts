/** What `migration.migration_report()` answers, as far as a report shows it. */
import { z } from 'zod'
import { DeadLetterCount, Migration } from '../ferry/report.ts'
import { SyncReport } from '../ferry/sync-report.ts'

const time = z.string().nullable()
const count = z.number()
/** Key texts as the server printed them. */
const key = z.array(z.string().nullable()).nullable()

const FullMigration = Migration.extend({
  records_processed: count,
  records_filtered: count,
  error_count: count,
  total_steps: count,
  completed_steps: count,
  started_at: time,
  copied_at: time,
  completed_at: time,
})

const Entity = z.looseObject({
  entity_name: z.string(),
  target_entity: z.string(),
  status: z.enum(['pending', 'running', 'completed', 'failed', 'skipped']),
  records_total: count,
  records_processed: count,
  records_failed: count,
  records_filtered: count,
  throughput_per_second: count.nullable(),
  started_at: time,
  completed_at: time,
  batches: count,
  bytes: count,
  retries: count,
  deaths: count,
  steps: count,
  steps_failed: count,
  steps_ms: count,
  steps_started_at: time,
  steps_completed_at: time,
  verify_started_at: time,
  verify_completed_at: time,
})

/** One number for each span of `seconds`, from `from` on. */
const Pace = z.object({
  from: z.string(),
  to: z.string(),
  seconds: z.number().positive(),
  copied: z.array(count),
  bytes: z.array(count),
  verified: z.array(count),
  calls: z.array(count),
})

const Step = z.looseObject({
  entity_name: z.string(),
  kind: z.string(),
  object_name: z.string(),
  status: z.enum(['pending', 'completed', 'failed']),
  error_code: z.string().nullable(),
  duration_ms: count.nullable(),
})

const CheckResult = z.looseObject({
  entity_name: z.string().nullable(),
  check_name: z.string(),
  validation_type: z.string(),
  status: z.enum(['passed', 'failed', 'warning']),
  records_validated: count,
  issues_found: count,
  execution_duration_ms: count,
})

const Finding = z.looseObject({
  entity_name: z.string().nullable(),
  check_name: z.string(),
  kind: z.string(),
  severity: z.enum(['failed', 'warning']),
  row_key: key,
  range_after: key,
  range_through: key,
  columns: z.array(z.string()).nullable(),
  object_name: z.string().nullable(),
  /** Codes, names and counts. */
  detail: z.record(z.string(), z.unknown()),
  repaired_at: time,
})

const Verification = z.looseObject({
  kind: z.enum(['verify', 'repair', 'replay']),
  mode: z.string(),
  is_gate: z.boolean(),
  status: z.enum(['running', 'passed', 'failed', 'aborted']),
  started_at: time,
  completed_at: time,
  records_validated: count,
  issues_found: count,
  failure_code: z.string().nullable(),
  results: z.array(CheckResult),
  /** Of all findings; `findings` are the first of them. */
  findings_total: count,
  findings_by_kind: z.record(z.string(), count),
  findings: z.array(Finding),
})

const ErrorCount = z.looseObject({
  entity_name: z.string().nullable(),
  error_type: z.string(),
  error_code: z.string().nullable(),
  sqlstate: z.string().nullable(),
  errors: count,
  unresolved: count,
  last_at: z.string(),
})

const Event = z.looseObject({
  type: z.string(),
  at: z.string(),
  data: z.record(z.string(), z.unknown()),
})

const Calls = z.object({
  asked: count,
  accepted: count,
  lost: count,
  batches: count,
  retries: count,
  /** Batches that were left behind by a function that died or was ended. */
  deaths: count,
})

export const MigrationReport = z.looseObject({
  reported_at: z.string(),
  migration: FullMigration,
  entities: z.array(Entity),
  /** Null before the start. */
  pace: Pace.nullable(),
  steps: z.array(Step),
  verification: Verification.nullable(),
  sync: SyncReport.nullable(),
  errors: z.array(ErrorCount),
  dead_letters: z.array(DeadLetterCount),
  events: z.array(Event),
  calls: Calls,
})

export type MigrationReport = z.infer<typeof MigrationReport>
export type ReportEntity = z.infer<typeof Entity>
export type ReportVerification = z.infer<typeof Verification>
export type ReportFinding = z.infer<typeof Finding>
