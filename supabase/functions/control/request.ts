/** What the function accepts. */
import { z } from 'zod'

const migration_id = z.guid()
/** Which dead letters are meant: all unresolved ones that fit. */
const choice = {
  entity: z.string().min(1).max(300).optional(),
  code: z
    .string()
    .regex(/^[a-z_]{1,64}$/)
    .optional(),
  keys: z.array(z.string().max(10_000)).min(1).max(1000).optional(),
}

const scope = z.enum(['changes', 'deletes', 'hash'])
/** A mended one; the migration's own where absent. */
const plan = z.unknown().optional()

/** Incremental sync and its cut-over. */
const syncActions = [
  z.strictObject({
    action: z.literal('sync'),
    migration_id,
    /** Changes where absent. */
    scope: scope.optional(),
    allow_deletes: z.boolean().optional(),
    plan,
  }),
  z.strictObject({ action: z.literal('resume_sync'), migration_id, plan }),
  z.strictObject({
    action: z.literal('schedule'),
    migration_id,
    scope,
    /** `N seconds` or five fields of cron in GMT. */
    schedule: z.string().min(1).max(100).optional(),
    enabled: z.boolean().optional(),
  }),
  z.strictObject({
    action: z.literal('cutover'),
    migration_id,
    dry_run: z.boolean().optional(),
    /** Name of the plan. */
    confirm: z.string().max(300).optional(),
  }),
  z.strictObject({ action: z.literal('abort_cutover'), migration_id }),
] as const

export const Body = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.enum(['pause', 'resume', 'cancel', 'retry', 'repair']),
    migration_id,
  }),
  z.strictObject({
    action: z.literal('verify'),
    migration_id,
    /** The plan's where absent. */
    mode: z.enum(['counts', 'sample', 'full']).optional(),
  }),
  z.strictObject({
    action: z.literal('replay'),
    migration_id,
    ...choice,
    plan,
  }),
  z.strictObject({
    action: z.literal('resolve'),
    migration_id,
    ...choice,
    /** Why they are put away. */
    notes: z.string().trim().min(1).max(2000),
  }),
  ...syncActions,
])

export type Request = z.infer<typeof Body>
