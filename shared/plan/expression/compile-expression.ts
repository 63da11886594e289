/** An expression of a plan as SQL over the stage, or the problems with it. */
import { planPath } from '../problem.ts'
import { builtInType } from './built-in-type.ts'
import { cast } from './cast.ts'
import { compileCoalesce, compileDefault, compileNullIf } from './compile-choice.ts'
import { compileArithmetic, compileHash } from './compile-computed.ts'
import { compileJsonArray, compileJsonObject, compileParseJson } from './compile-json.ts'
import {
  compileConcat,
  compileLetters,
  compileRegexpReplace,
  compileSplit,
} from './compile-text.ts'
import { compileAtZone, compileParseTime } from './compile-time.ts'
import { compileValueMap } from './compile-value-map.ts'
import type { Context, Path } from './context.ts'
import type { Expression, ExpressionOf } from './expression.ts'
import { deepestExpression, isTooLarge, mostParts } from './expression-parts.ts'
import { literal } from './literal.ts'
import type { Scope, Value } from './value.ts'

export { patternsOfExpression } from './expression-parts.ts'
export type { Fail, Scope, Value } from './value.ts'

/** Longest SQL of one column; a statement of the mapping holds all of them. */
const longestSql = 1_000_000

/** @param path of the expression in the plan */
export function compileExpression(
  expression: Expression,
  path: Path,
  scope: Scope,
): Value | undefined {
  const context: Context = {
    scope,
    part: (inner, at) => compilePart(inner, at, context),
    refuse(code, message, hint, at) {
      scope.problems.push({ code, message, hint, path: planPath(at) })
      return undefined
    },
  }
  const tooLarge = (message: string) =>
    context.refuse('expression_too_large', message, 'Write it with less in it.', path)
  if (isTooLarge(expression)) {
    return tooLarge(
      `An expression is nested more than ${deepestExpression} levels deep, or has more than ${mostParts} parts.`,
    )
  }
  const value = context.part(expression, path)
  if (value === undefined) return undefined
  const length = value.fails.reduce(
    (sum, { condition }) => sum + condition.length,
    value.sql.length,
  )
  return length > longestSql ? tooLarge('An expression becomes too long.') : value
}

function compilePart(expression: Expression, path: Path, context: Context): Value | undefined {
  const { scope } = context
  if (typeof expression === 'string') return scope.column(expression, path)
  switch (expression.op) {
    case 'column':
      return scope.column(expression.name, [...path, 'name'])
    case 'constant':
      return literal(expression.value)
    case 'reference':
      return scope.reference(expression, path)
    case 'cast':
      return compileCast(expression, path, context)
    case 'default':
      return compileDefault(expression, path, context)
    case 'coalesce':
      return compileCoalesce(expression, path, context)
    case 'null_if':
      return compileNullIf(expression, path, context)
    case 'value_map':
      return compileValueMap(expression, path, context)
    case 'trim':
    case 'lower':
    case 'upper':
      return compileLetters(expression, path, context)
    case 'concat':
      return compileConcat(expression, path, context)
    case 'split':
      return compileSplit(expression, path, context)
    case 'regexp_replace':
      return compileRegexpReplace(expression, path, context)
    case 'parse_time':
      return compileParseTime(expression, path, context)
    case 'at_zone':
      return compileAtZone(expression, path, context)
    case 'json_object':
      return compileJsonObject(expression, path, context)
    case 'json_array':
      return compileJsonArray(expression, path, context)
    case 'parse_json':
      return compileParseJson(expression, path, context)
    case 'arithmetic':
      return compileArithmetic(expression, path, context)
    case 'hash':
      return compileHash(expression, path, context)
    default:
      return expression satisfies never
  }
}

function compileCast(
  expression: ExpressionOf<'cast'>,
  path: Path,
  context: Context,
): Value | undefined {
  const of = context.part(expression.of, [...path, 'of'])
  if (of === undefined) return undefined
  const made = cast(of, builtInType(expression.to))
  if (!('refused' in made)) return made
  return context.refuse(
    'cast_unsupported',
    made.refused,
    'See the plan reference for the casts that there are.',
    path,
  )
}
