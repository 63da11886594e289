/** What must hold of the rows of an entity: a small fixed vocabulary. */
import { z } from 'zod'
import { builtInTypeSchema } from './expression/expression.ts'
import { filterValueSchema } from './filter.ts'

const column = z.string().min(1).max(200)
/** Findings and reports are told apart by it. */
export const checkNameSchema = z
  .string()
  .regex(/^[^\p{C}]{1,100}$/u, 'expected up to 100 characters that can be seen')

const common = {
  name: checkNameSchema
    .optional()
    .meta({ description: 'What findings call it; made of the rule where it is left out.' }),
  severity: z.enum(['error', 'warning', 'reject']).default('error').meta({
    description:
      'An error fails the verification, a warning does not; reject keeps the row out of the target.',
  }),
}

const rule = <Name extends string, Shape extends z.core.$ZodShape>(name: Name, shape: Shape) =>
  z.strictObject({ rule: z.literal(name), ...shape, ...common })

export const ruleSchema = z.discriminatedUnion('rule', [
  rule('not_null', { column }),
  rule('range', {
    column,
    min: filterValueSchema.optional(),
    max: filterValueSchema.optional(),
  }).refine(({ min, max }) => min !== undefined || max !== undefined, {
    message: 'expected min, max or both',
  }),
  rule('choice', { column, values: z.array(filterValueSchema).min(1).max(1000) }),
  rule('pattern', {
    column,
    pattern: z
      .string()
      .min(1)
      .max(1000)
      .refine((text) => text.isWellFormed() && !text.includes('\0'), {
        message: 'expected a text without NUL and unpaired surrogates',
      })
      .meta({ description: 'POSIX regular expression that a part of the text must match.' }),
  }),
  rule('length', {
    column,
    min: z.int().min(0).optional(),
    max: z.int().min(0).optional(),
  }).refine(({ min, max }) => min !== undefined || max !== undefined, {
    message: 'expected min, max or both',
  }),
  rule('type', {
    column,
    type: builtInTypeSchema.meta({ description: 'Built-in type that the text reads as.' }),
  }),
  rule('unique', {
    columns: z.array(column).min(1).max(32),
    wins: z
      .enum(['first', 'last'])
      .optional()
      .meta({ description: 'Which of several rows is kept, by the key of the source: first.' }),
  }).refine(({ wins, severity }) => wins === undefined || severity === 'reject', {
    message: 'expected the severity reject where one of several rows wins',
    path: ['wins'],
  }),
  rule('compare', { left: column, is: z.enum(['=', '<>', '<', '<=', '>', '>=']), right: column }),
])

export type Rule = z.infer<typeof ruleSchema>
