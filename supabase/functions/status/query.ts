/** What the function can be asked. */
import { z } from 'zod'

/** Of dead letters alone. */
const page = {
  entity: z.string().min(1).max(300).optional(),
  code: z
    .string()
    .regex(/^[a-z_]{1,64}$/)
    .optional(),
  limit: z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 1000, { error: 'Between 1 and 1000.' })
    .optional(),
  /** Id of the last one that is known already: `next` of an earlier answer. */
  after: z.guid().optional(),
}

export const Query = z
  .strictObject({
    migration_id: z.guid().optional(),
    report: z.literal('full').optional(),
    dead_letters: z.enum(['unresolved', 'all']).optional(),
    ...page,
  })
  .refine(
    ({ migration_id, report, dead_letters }) =>
      migration_id !== undefined || (report === undefined && dead_letters === undefined),
    {
      error: 'A full report and dead letters are of one migration: give its migration_id, too.',
      path: ['migration_id'],
    },
  )
  .refine(({ report, dead_letters }) => report === undefined || dead_letters === undefined, {
    error: 'Ask for a report or for dead letters.',
    path: ['report'],
  })
  .refine(
    ({ dead_letters, entity, code, limit, after }) =>
      dead_letters !== undefined ||
      [entity, code, limit, after].every((given) => given === undefined),
    { error: 'This chooses among dead letters: ask for them.', path: ['dead_letters'] },
  )

export type Question = z.infer<typeof Query>
