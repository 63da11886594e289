/** Values put into JSON, and JSON made of texts. */
import { quoteLiteral } from '../../projection/quote.ts'
import { textIn } from './compile-text.ts'
import { type Context, type Path, partsIn, taken } from './context.ts'
import { builtinType } from './convert.ts'
import type { Expression, ExpressionOf } from './expression.ts'
import { isReadable, toText } from './from-text.ts'
import { isNumber, parseType } from './type-text.ts'
import { checked, derived, failsOfParts, type Value, withValue } from './value.ts'

/** Functions of the server take at most 100 arguments. */
const mostArguments = 100

export function compileJsonObject(
  expression: ExpressionOf<'json_object'>,
  path: Path,
  context: Context,
): Value | undefined {
  const entries = Object.entries(expression.of)
  const made = entries.map(([key, inner]) => member(inner, [...path, 'of', key], context))
  if (!made.every((value) => value !== undefined)) return undefined
  const pairs = made.map(({ sql }, at) => `${quoteLiteral(entries[at]![0])}, ${sql}`)
  return build('pg_catalog.jsonb_build_object', pairs, mostArguments / 2, made)
}

export function compileJsonArray(
  expression: ExpressionOf<'json_array'>,
  path: Path,
  context: Context,
): Value | undefined {
  const at = [...path, 'of']
  const parts = partsIn(expression.of, at, context)
  const made = parts?.map((part, place) => fitted(part, [...at, place], context))
  if (!made?.every((value) => value !== undefined)) return undefined
  const items = made.map(({ sql }) => sql)
  return build('pg_catalog.jsonb_build_array', items, mostArguments, made)
}

function build(
  name: string,
  given: readonly string[],
  most: number,
  parts: readonly Value[],
): Value {
  const calls: string[] = []
  for (let at = 0; at < given.length; at += most) {
    calls.push(`${name}(${given.slice(at, at + most).join(', ')})`)
  }
  return { sql: `(${calls.join(' || ')})`, type: 'jsonb', fails: failsOfParts(parts) }
}

function member(expression: Expression, path: Path, context: Context): Value | undefined {
  const value = context.part(expression, path)
  return value && fitted(value, path, context)
}

/** What JSON has a form for goes in as it is, anything else as its text. */
function fitted(value: Value, path: Path, context: Context): Value | undefined {
  const { base, array } = parseType(value.type)
  if (base === 'json' && !array) return taken(value, builtinType('jsonb'), path, context)
  const isKnown = base === 'jsonb' || base === 'boolean' || isNumber(base) || isMoment(base)
  return (array && base !== 'json') || isKnown ? value : toText(value)
}

/** In the form of ISO 8601. */
function isMoment(base: string): boolean {
  return base === 'date' || base.startsWith('timestamp ')
}

export function compileParseJson(
  expression: ExpressionOf<'parse_json'>,
  path: Path,
  context: Context,
): Value | undefined {
  const of = textIn(expression.of, [...path, 'of'], context)
  if (of === undefined) return undefined
  const { to } = expression
  const parse = (p: string) => `case when ${isReadable(p, to)} then ${p}::${to} end`
  return expression.otherwise === 'null'
    ? derived(of, to, withValue(of, parse))
    : checked(of, to, parse)
}
