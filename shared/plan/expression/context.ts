/** What surrounds a part of an expression while it is compiled. */
import { convert } from './convert.ts'
import type { Expression } from './expression.ts'
import type { TargetType } from './narrow.ts'
import type { Scope, Value } from './value.ts'

export type Path = readonly PropertyKey[]

export interface Context {
  readonly scope: Scope
  /** Compiles an inner expression. */
  part(expression: Expression, path: Path): Value | undefined
  refuse(code: string, message: string, hint: string, path: Path): undefined
}

/** All of them, or undefined after every problem was told. */
export function partsIn(
  expressions: readonly Expression[],
  path: Path,
  context: Context,
): Value[] | undefined {
  const values = expressions.map((each, at) => context.part(each, [...path, at]))
  return values.every((value) => value !== undefined) ? values : undefined
}

/** The value in the type that an operation takes. */
export function taken(
  value: Value,
  to: TargetType,
  path: Path,
  context: Context,
): Value | undefined {
  const made = convert(value, to)
  if (!('refused' in made)) return made
  return context.refuse(
    'expression_type_unsupported',
    `This takes ${to.type}. ${made.refused}`,
    'Cast what goes into it.',
    path,
  )
}
