/** Operations that choose between values. */

import { commonType } from './common-type.ts'
import { type Context, type Path, partsIn } from './context.ts'
import { builtinType, convert } from './convert.ts'
import type { ExpressionOf, Scalar } from './expression.ts'
import { fittingLiteral, literal } from './literal.ts'
import { isNumber, isText } from './type-text.ts'
import { derived, type Fail, type Value, withValue } from './value.ts'

/** For what is missing, not for what is invalid: that is refused all the same. */
export function compileDefault(
  expression: ExpressionOf<'default'>,
  path: Path,
  context: Context,
): Value | undefined {
  const of = context.part(expression.of, [...path, 'of'])
  if (of === undefined) return undefined
  const written = {
    part: literal(expression.value),
    path: [...path, 'value'],
    scalar: expression.value,
  }
  return firstOf([{ part: of, path: [...path, 'of'] }, written], path, context)
}

export function compileCoalesce(
  expression: ExpressionOf<'coalesce'>,
  path: Path,
  context: Context,
): Value | undefined {
  const at = [...path, 'of']
  const parts = partsIn(expression.of, at, context)
  const choices = parts?.map((part, place): Choice => {
    const inner = expression.of[place]!
    const scalar = typeof inner === 'object' && inner.op === 'constant' ? inner.value : null
    return { part, path: [...at, place], ...(scalar === null ? {} : { scalar }) }
  })
  return choices && firstOf(choices, at, context)
}

interface Choice {
  readonly part: Value
  readonly path: Path
  /** What the plan writes out for it. */
  readonly scalar?: Scalar
}

/** The first that is there. What is wrong with one matters only where none before it is there. */
function firstOf(choices: readonly Choice[], path: Path, context: Context): Value | undefined {
  const parts = choices.map(({ part }) => part)
  if (parts.length === 1) return parts[0]
  const type = commonType(parts)
  if (type === undefined) {
    const types = [...new Set(parts.map((part) => part.type))].join(', ')
    return context.refuse(
      'expression_types_differ',
      `The values are of types that do not go together: ${types}.`,
      'Cast them to one type.',
      path,
    )
  }
  const made = choices.map((choice) => alike(choice, type, context))
  if (!made.every((value) => value !== undefined)) return undefined
  const fails = made.flatMap((value, at) => {
    const before = made.slice(0, at).map(({ sql }) => sql)
    return value.fails.map(({ condition, code }): Fail => {
      const missing = before.map((sql) => `${sql} is null`)
      return { condition: `(${[...missing, condition].join(' and ')})`, code }
    })
  })
  return { sql: `coalesce(${made.map(({ sql }) => sql).join(', ')})`, type, fails }
}

function alike({ part, path, scalar }: Choice, type: string, context: Context): Value | undefined {
  if (scalar !== undefined && !(isNumber(part.type) && isNumber(type))) {
    const fitting = fittingLiteral(scalar, type)
    if (fitting !== undefined && 'expected' in fitting) {
      return context.refuse(
        'expression_value_invalid',
        `The value does not fit beside ${type}.`,
        `Give ${fitting.expected}.`,
        path,
      )
    }
    if (fitting !== undefined) return { sql: fitting.sql, type, fails: [], literal: true }
  }
  const made = convert(part, builtinType(type))
  if (!('refused' in made)) return made
  return context.refuse('expression_types_differ', made.refused, 'Cast it.', path)
}

/** Compared as texts are, letter by letter, and numbers by what they are worth. */
export function compileNullIf(
  expression: ExpressionOf<'null_if'>,
  path: Path,
  context: Context,
): Value | undefined {
  const of = context.part(expression.of, [...path, 'of'])
  if (of === undefined) return undefined
  const literals = expression.values.map((value, at) => {
    const fitting = fittingLiteral(value, of.type)
    if (fitting !== undefined && 'sql' in fitting) return fitting.sql
    const where = [...path, 'values', at]
    return fitting === undefined
      ? context.refuse(
          'expression_type_unsupported',
          `No value can be written out beside ${of.type}.`,
          'Cast it to text.',
          where,
        )
      : context.refuse(
          'expression_value_invalid',
          `The value does not fit beside ${of.type}.`,
          `Give ${fitting.expected}.`,
          where,
        )
  })
  if (!literals.every((each) => each !== undefined)) return undefined
  const compared = (p: string) => (isText(of.type) ? `${p}::text collate "C"` : p)
  const choose = (p: string) =>
    `case when ${compared(p)} in (${literals.join(', ')}) then null else ${p} end`
  return derived(of, of.type, withValue(of, choose))
}
