/** Which rows of an entity are moved: conditions on its own columns, as a plan writes them. */
import { z } from 'zod'

export const filterValueSchema = z.union([z.string().max(10_000), z.number(), z.boolean()])
const column = z.string().min(1).max(200)

const comparison = z.strictObject({
  column,
  is: z.enum(['=', '<>', '<', '<=', '>', '>=', 'starts with']),
  value: filterValueSchema,
})
const membership = z.strictObject({
  column,
  is: z.enum(['in', 'not in']),
  values: z.array(filterValueSchema).min(1).max(1000),
})
const presence = z.strictObject({ column, is: z.enum(['null', 'not null']) })

export type FilterValue = z.infer<typeof filterValueSchema>
export type FilterTerm =
  | z.infer<typeof comparison>
  | z.infer<typeof membership>
  | z.infer<typeof presence>
export type Filter =
  | FilterTerm
  | { readonly all: readonly Filter[] }
  | { readonly any: readonly Filter[] }

export const filterSchema: z.ZodType<Filter> = z.lazy(() =>
  z.union([
    comparison,
    membership,
    presence,
    z.strictObject({ all: z.array(filterSchema).min(1).max(100) }),
    z.strictObject({ any: z.array(filterSchema).min(1).max(100) }),
  ]),
)
