/** How a migration is verified, as a plan writes it. */
import { z } from 'zod'
import { filterSchema } from './filter.ts'
import { checkNameSchema } from './rule.ts'

/** @param qualifiedName a table as `schema.table` */
export function verificationSchema(qualifiedName: z.ZodString) {
  const query = z.strictObject({
    name: checkNameSchema,
    entity: qualifiedName.meta({ description: 'Table at the source, as schema.table.' }),
    where: filterSchema.optional(),
    order: z.array(z.string().min(1).max(200)).min(1).max(32).optional(),
    limit: z.int().min(1).max(1_000_000_000).optional(),
  })
  return z
    .strictObject({
      mode: z
        .enum(['counts', 'sample', 'full'])
        .default('full')
        .meta({ description: 'What the verification after the copy compares.' }),
      sample_rows: z.int().min(1).max(100_000).default(100),
      seed: z
        .int()
        .optional()
        .meta({ description: 'Makes samples the same for every verification; drawn otherwise.' }),
      queries: z
        .array(query)
        .max(50)
        .default([])
        .meta({ description: 'Queries whose plans and times are compared; only ever warnings.' }),
    })
    .default({ mode: 'full', sample_rows: 100, queries: [] })
}

export type ChosenQuery = z.infer<ReturnType<typeof verificationSchema>>['queries'][number]
