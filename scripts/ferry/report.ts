/** What the `status` function answers, as far as the command line looks at it. */
import { z } from 'zod'

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
  created_at: z.string(),
})

export const Entity = z.looseObject({
  entity_name: z.string(),
  target_entity: z.string(),
  status: z.enum(['pending', 'running', 'completed', 'failed', 'skipped']),
  progress_percentage: z.number(),
  records_total: z.number(),
  records_read: z.number(),
  throughput_per_second: z.number().nullable(),
  eta_seconds: z.number().nullable(),
})

export const ErrorCount = z.looseObject({
  entity_name: z.string().nullable(),
  error_type: z.string(),
  error_code: z.string().nullable(),
  errors: z.number(),
})

export const Report = z.looseObject({
  migration: Migration,
  entities: z.array(Entity),
  errors: z.array(ErrorCount),
})

export const Started = z.looseObject({ migration_id: z.guid(), entities: z.number() })

export const Steered = z.looseObject({
  migration_id: z.guid(),
  status: z.string(),
  control_state: z.string(),
})

export type Migration = z.infer<typeof Migration>
export type Entity = z.infer<typeof Entity>
export type Report = z.infer<typeof Report>
export type Started = z.infer<typeof Started>
export type Steered = z.infer<typeof Steered>
export type Action = 'pause' | 'resume' | 'cancel' | 'retry'

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
export function stateOf(migration: Pick<Migration, 'status' | 'control_state'>): string {
  const outcome = outcomeOf(migration)
  if (outcome !== 'going') return outcome
  return migration.control_state === 'paused' ? 'paused' : migration.status
}
