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
    /** A mended one; the migration's own where absent. */
    plan: z.unknown().optional(),
  }),
  z.strictObject({
    action: z.literal('resolve'),
    migration_id,
    ...choice,
    /** Why they are put away. */
    notes: z.string().trim().min(1).max(2000),
  }),
])

export type Request = z.infer<typeof Body>
