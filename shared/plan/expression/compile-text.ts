/** Operations on texts. All take anything as the text that it prints. */
import { quoteLiteral } from '../../projection/quote.ts'
import { type Context, type Path, partsIn, taken } from './context.ts'
import { builtinType } from './convert.ts'
import type { Expression, ExpressionOf } from './expression.ts'
import { derived, failsOfParts, type Value, withValue, withValues } from './value.ts'

export const textType = builtinType('text')

/** Blanks of every kind that a keyboard or an export leaves at the ends. */
const blanks = ' \t\n\r\f\v\u00a0'

export function textIn(expression: Expression, path: Path, context: Context): Value | undefined {
  const value = context.part(expression, path)
  return value && taken(value, textType, path, context)
}

export function compileLetters(
  expression: ExpressionOf<'trim' | 'lower' | 'upper'>,
  path: Path,
  context: Context,
): Value | undefined {
  const of = textIn(expression.of, [...path, 'of'], context)
  if (of === undefined) return undefined
  if (expression.op === 'trim') {
    return derived(of, 'text', `pg_catalog.btrim(${of.sql}, ${quoteLiteral(blanks)})`)
  }
  return derived(of, 'text', `pg_catalog.${expression.op}(${of.sql} collate "default")`)
}

/** Parts that are null are left out; without any part, there is no text. */
export function compileConcat(
  expression: ExpressionOf<'concat'>,
  path: Path,
  context: Context,
): Value | undefined {
  const at = [...path, 'of']
  const parts = partsIn(expression.of, at, context)
  const texts = parts?.map((part, place) => taken(part, textType, [...at, place], context))
  if (!texts?.every((text) => text !== undefined)) return undefined
  const separator = quoteLiteral(expression.separator ?? '')
  const sql = withValues(texts, (names) => {
    const joined = `pg_catalog.array_to_string(array[${names.join(', ')}], ${separator})`
    return `case when ${names.map((name) => `${name} is not null`).join(' or ')} then ${joined} end`
  })
  return { sql, type: 'text', fails: failsOfParts(texts) }
}

/** Null where there are fewer parts. */
export function compileSplit(
  expression: ExpressionOf<'split'>,
  path: Path,
  context: Context,
): Value | undefined {
  const of = textIn(expression.of, [...path, 'of'], context)
  if (of === undefined) return undefined
  const by = quoteLiteral(expression.by)
  const { part } = expression
  if (part === 1 || part === -1) {
    return derived(of, 'text', `pg_catalog.split_part(${of.sql}, ${by}, ${part})`)
  }
  const list = `pg_catalog.string_to_array(${of.sql}, ${by})`
  if (part > 0) return derived(of, 'text', `(${list})[${part}]`)
  const parts: Value = { sql: list, type: 'text[]', fails: of.fails }
  const fromEnd = (p: string) => `(${p})[pg_catalog.cardinality(${p}) + 1 - ${-part}]`
  return derived(of, 'text', withValue(parts, fromEnd))
}

export function compileRegexpReplace(
  expression: ExpressionOf<'regexp_replace'>,
  path: Path,
  context: Context,
): Value | undefined {
  const of = textIn(expression.of, [...path, 'of'], context)
  if (of === undefined) return undefined
  const given = [expression.pattern, expression.with, expression.flags ?? ''].map(quoteLiteral)
  const sql = `pg_catalog.regexp_replace(${of.sql} collate "default", ${given.join(', ')})`
  return derived(of, 'text', sql)
}
