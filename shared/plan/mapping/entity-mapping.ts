/** How the rows of an entity change on their way, as a plan writes it. */
import { z } from 'zod'
import { expressionSchema } from '../expression/expression.ts'

const columnName = z.string().min(1).max(200)

const values = z
  .record(columnName, expressionSchema)
  .refine((record) => Object.keys(record).length <= 1600, {
    message: 'expected at most 1600 columns',
  })

/** When an entity stops because too many of its rows are refused. */
export const refusalsSchema = z
  .strictObject({
    rows: z.int().min(0).default(1000),
    share: z.number().min(0).max(1).default(0.5),
  })
  .meta({
    description:
      'An entity stops when more than `rows` of its rows were refused and these are more than `share` of those read.',
  })

export const idStrategySchema = z.enum(['uuid', 'preserve', 'lookup'])

const id = z
  .strictObject({
    strategy: idStrategySchema.meta({
      description:
        'uuid: a UUID named after the key of the source. preserve: the key of the source. lookup: a row that the target has.',
    }),
    column: columnName
      .optional()
      .meta({ description: 'Column of the target; id, or the key column where columns are kept.' }),
    by: values.optional().meta({ description: 'Only for lookup: what the row in the target has.' }),
  })
  .superRefine(({ strategy, by }, context) => {
    const isEmpty = by === undefined || Object.keys(by).length === 0
    if (strategy === 'lookup' && isEmpty) {
      context.addIssue({ code: 'custom', message: 'expected by with a column', path: ['by'] })
    }
    if (strategy !== 'lookup' && by !== undefined) {
      context.addIssue({ code: 'custom', message: 'by belongs to lookup', path: ['by'] })
    }
  })

/** @param qualifiedName a table as `schema.table` */
export function entityMapping(qualifiedName: z.ZodString) {
  return {
    columns: z
      .union([z.array(columnName).min(1).max(1600), values])
      .optional()
      .meta({
        description:
          'Columns to copy, all of them where it is left out; or what each column of the target is made of.',
      }),
    rest: z.enum(['leave', 'copy']).optional().meta({
      description:
        'Columns of the source that no expression reads: left (default) or copied under their own names.',
    }),
    id: id.optional(),
    type: z
      .string()
      .regex(/^[^\p{C}]{1,100}$/u, 'expected up to 100 characters that can be seen')
      .optional()
      .meta({ description: 'Business type, such as patient; the name of the target table.' }),
    conflict: z
      .enum(['fail', 'update', 'ignore'])
      .optional()
      .meta({ description: 'What becomes of a row that the target has already.' }),
    depends_on: z.array(qualifiedName).max(1000).optional().meta({
      description: 'Tables of the source that are moved first, besides those that are referred to.',
    }),
    refusals: refusalsSchema.optional(),
  }
}
