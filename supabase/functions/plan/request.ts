/** What the function accepts. */
import { z } from 'zod'

const name = z.string().min(1).max(300)

export const Body = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('discover'),
    /** Name of the secret with the source's address. */
    secret: name,
    /** All of them where it is left out. */
    schemas: z.array(name).min(1).max(100).optional(),
    /** Of the plan; the database's where it is left out. */
    name: name.optional(),
    ids: z.enum(['preserve', 'uuid']).optional(),
    /** Whether to propose how the tables are kept in step after the copy. */
    sync: z.boolean().optional(),
  }),
  z.strictObject({ action: z.literal('check'), plan: z.unknown() }),
  z.strictObject({
    action: z.literal('preview'),
    plan: z.unknown(),
    /** `schema.table` at the source. */
    entity: name,
    rows: z.int().min(1).max(100).default(10),
    /** Whether texts of the rows' values are told; it is written to the audit log. */
    values: z.boolean().default(false),
  }),
  z.strictObject({ action: z.literal('save'), plan: z.unknown() }),
])

export type Request = z.infer<typeof Body>
export type Asked<Action extends Request['action']> = Extract<Request, { action: Action }>
