/** Numbers computed of numbers, and names computed of texts. */
import { cast } from './cast.ts'
import { textIn } from './compile-text.ts'
import type { Context, Path } from './context.ts'
import type { Expression, ExpressionOf } from './expression.ts'
import { isNumber, isText } from './type-text.ts'
import { derived, type Fail, type Value, withValues } from './value.ts'

/** All arithmetic is exact. Only a result beyond 131072 digits is left to raise. */
export function compileArithmetic(
  expression: ExpressionOf<'arithmetic'>,
  path: Path,
  context: Context,
): Value | undefined {
  const left = numberIn(expression.left, [...path, 'left'], context)
  const right = numberIn(expression.right, [...path, 'right'], context)
  if (left === undefined || right === undefined) return undefined
  const fails = [...left.fails, ...right.fails]
  const compute = (l?: string, r?: string) => `(${l} ${expression.is} ${r})`
  if (expression.is !== '/' && expression.is !== '%') {
    return { sql: compute(left.sql, right.sql), type: 'numeric', fails }
  }
  const condition = withValues([left, right], ([l, r]) => `(${l} is not null and ${r} = 0)`)
  const zero: Fail = { condition, code: 'value_invalid', onlyNull: true }
  return {
    sql: withValues(
      [left, right],
      (names) => `case when ${names[1]} <> 0 then ${compute(...names)} end`,
    ),
    type: 'numeric',
    fails: [...fails, zero],
  }
}

function numberIn(expression: Expression, path: Path, context: Context): Value | undefined {
  const value = context.part(expression, path)
  if (value === undefined) return undefined
  const made = isNumber(value.type) || isText(value.type) ? cast(value, 'numeric') : undefined
  if (made !== undefined && !('refused' in made)) return made
  return context.refuse(
    'expression_type_unsupported',
    `Arithmetic takes numbers, and this is ${value.type}.`,
    'Cast it to numeric.',
    path,
  )
}

/** In hexadecimal digits, of the bytes in UTF-8. */
export function compileHash(
  expression: ExpressionOf<'hash'>,
  path: Path,
  context: Context,
): Value | undefined {
  const of = textIn(expression.of, [...path, 'of'], context)
  if (of === undefined) return undefined
  const bytes = `pg_catalog.convert_to(${of.sql}, 'UTF8')`
  return derived(
    of,
    'text',
    expression.algorithm === 'md5'
      ? `pg_catalog.md5(${of.sql})`
      : `pg_catalog.encode(pg_catalog.sha256(${bytes}), 'hex')`,
  )
}
