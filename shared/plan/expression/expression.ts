/** What a column of the target is made of: a small fixed vocabulary that cannot hold SQL. */
import { z } from 'zod'
import { type Filter, filterSchema } from '../filter.ts'
import { isBuiltInType } from './built-in-type.ts'

const legible = { message: 'expected a text without NUL and unpaired surrogates' }
const isLegible = (text: string) => text.isWellFormed() && !text.includes('\0')

const text = z.string().max(10_000).refine(isLegible, legible)
const shortText = z.string().max(1000).refine(isLegible, legible)
const column = z.string().min(1).max(200)
const number = z
  .number()
  .refine((value) => !Number.isInteger(value) || Number.isSafeInteger(value), {
    message:
      'expected a number that keeps all its digits; write a longer one as a text and cast it',
  })
const scalar = z.union([text, number, z.boolean()])
const scalarOrNull = z.union([text, number, z.boolean(), z.null()])

export const builtInTypeSchema = z
  .string()
  .max(60)
  .refine(isBuiltInType, { message: 'expected one of the built-in types of the plan reference' })
  .meta({ description: 'Built-in type, such as integer, numeric(10,2) or timestamptz.' })

/** A value that a plan writes out. */
export type Scalar = string | number | boolean

interface Parts {
  readonly trim: { readonly of: Expression }
  readonly lower: { readonly of: Expression }
  readonly upper: { readonly of: Expression }
  readonly column: { readonly name: string }
  readonly constant: { readonly value: Scalar | null }
  readonly default: { readonly of: Expression; readonly value: Scalar }
  readonly cast: { readonly of: Expression; readonly to: string }
  readonly concat: { readonly of: readonly Expression[]; readonly separator?: string | undefined }
  readonly split: { readonly of: Expression; readonly by: string; readonly part: number }
  readonly value_map: {
    readonly of: Expression
    readonly values: Readonly<Record<string, Scalar | null>>
    readonly otherwise: 'reject' | 'keep' | { readonly value: Scalar | null }
  }
  readonly coalesce: { readonly of: readonly Expression[] }
  readonly null_if: { readonly of: Expression; readonly values: readonly Scalar[] }
  readonly parse_time: {
    readonly of: Expression
    readonly format: string
    readonly to: 'date' | 'time' | 'timestamp' | 'timestamptz'
    readonly zone?: string | undefined
  }
  readonly at_zone: { readonly of: Expression; readonly zone: string }
  readonly json_object: { readonly of: Readonly<Record<string, Expression>> }
  readonly json_array: { readonly of: readonly Expression[] }
  readonly parse_json: {
    readonly of: Expression
    readonly to: 'json' | 'jsonb'
    readonly otherwise: 'reject' | 'null'
  }
  readonly regexp_replace: {
    readonly of: Expression
    readonly pattern: string
    readonly with: string
    readonly flags?: string | undefined
  }
  readonly arithmetic: {
    readonly is: '+' | '-' | '*' | '/' | '%'
    readonly left: Expression
    readonly right: Expression
  }
  readonly hash: { readonly of: Expression; readonly algorithm: 'md5' | 'sha256' }
  readonly reference: {
    readonly to: string
    readonly of: string | readonly string[]
    readonly missing: 'reject' | 'null' | 'skip'
    readonly when?: Filter | undefined
  }
}

export type Operation = keyof Parts
export type ExpressionOf<Name extends Operation> = { readonly op: Name } & Parts[Name]
export type ReferenceExpression = ExpressionOf<'reference'>
/** A bare text is a column of the source. */
export type Expression = string | { [Name in Operation]: ExpressionOf<Name> }[Operation]

const operation = <Name extends Operation, Shape extends z.core.$ZodShape>(
  name: Name,
  shape: Shape,
) => z.strictObject({ op: z.literal(name), ...shape })

const part: z.ZodType<Expression> = z.lazy(() => expressionSchema)
const parts = z.array(part).min(1).max(100)
const zone = z.string().min(1).max(64).meta({ description: 'IANA zone, such as Europe/Berlin.' })

const few = (most: number) => ({
  message: `expected from one to ${most} entries`,
})
const hasUpTo = (most: number) => (entries: object) => {
  const { length } = Object.keys(entries)
  return length > 0 && length <= most
}

const operations = z.discriminatedUnion('op', [
  operation('column', { name: column }),
  operation('constant', { value: scalarOrNull }),
  operation('default', { of: part, value: scalar }),
  operation('cast', {
    of: part,
    to: builtInTypeSchema,
  }),
  operation('trim', { of: part }),
  operation('lower', { of: part }),
  operation('upper', { of: part }),
  operation('concat', {
    of: parts,
    separator: shortText.optional().meta({ description: 'Between the parts that are not null.' }),
  }),
  operation('split', {
    of: part,
    by: shortText.min(1),
    part: z
      .int()
      .min(-1000)
      .max(1000)
      .refine((at) => at !== 0, { message: 'expected a place from 1 on, or from -1 down' })
      .meta({ description: 'From 1 on; from the end where it is negative.' }),
  }),
  operation('value_map', {
    of: part,
    values: z.record(shortText, scalarOrNull).refine(hasUpTo(1000), few(1000)),
    otherwise: z
      .union([z.enum(['reject', 'keep']), z.strictObject({ value: scalarOrNull })])
      .default('reject')
      .meta({ description: 'What becomes of a value that is not in the list.' }),
  }),
  operation('coalesce', { of: parts }),
  operation('null_if', { of: part, values: z.array(scalar).min(1).max(1000) }),
  operation('parse_time', {
    of: part,
    format: z
      .string()
      .min(1)
      .max(100)
      .refine(isLegible, legible)
      .meta({ description: 'YYYY MM DD HH24 MI SS MS US TZH:TZM and what stands between them.' }),
    to: z.enum(['date', 'time', 'timestamp', 'timestamptz']),
    zone: zone.optional(),
  }),
  operation('at_zone', { of: part, zone }),
  operation('json_object', { of: z.record(shortText, part).refine(hasUpTo(100), few(100)) }),
  operation('json_array', { of: parts }),
  operation('parse_json', {
    of: part,
    to: z.enum(['json', 'jsonb']),
    otherwise: z.enum(['reject', 'null']).default('reject'),
  }),
  operation('regexp_replace', {
    of: part,
    pattern: shortText.min(1).meta({ description: 'POSIX regular expression.' }),
    with: shortText.meta({ description: 'May name groups as \\1 and the whole match as \\&.' }),
    flags: z
      .string()
      .regex(/^(?!.*(.).*\1)[ginpsw]{0,6}$/, 'expected some of g, i, n, p, s, w, each once')
      .optional(),
  }),
  operation('arithmetic', { is: z.enum(['+', '-', '*', '/', '%']), left: part, right: part }),
  operation('hash', { of: part, algorithm: z.enum(['md5', 'sha256']) }),
  operation('reference', {
    to: z.string().min(1).max(300).meta({ description: 'Parent at the source, as schema.table.' }),
    of: z.union([column, z.array(column).min(1).max(32)]),
    missing: z.enum(['reject', 'null', 'skip']).default('reject'),
    when: filterSchema
      .optional()
      .meta({ description: 'Rows of the source that refer at all; of others the value is null.' }),
  }),
])

export const expressionSchema: z.ZodType<Expression> = z.union([column, operations])
