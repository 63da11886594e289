/** What expressions read of a row of the source. */
import type { Path } from '../expression/context.ts'
import type { Expression, ReferenceExpression } from '../expression/expression.ts'
import { partsOf } from '../expression/expression-parts.ts'

export type { Path }

/** The source column that an expression is, unchanged. */
export function straightSource(expression: Expression): string | undefined {
  if (typeof expression === 'string') return expression
  return expression.op === 'column' ? expression.name : undefined
}

/** Names of the source columns that an expression reads. */
export function columnsIn(expression: Expression): string[] {
  const straight = straightSource(expression)
  if (straight !== undefined) return [straight]
  if (typeof expression !== 'string' && expression.op === 'reference') return columnsOf(expression)
  return partsOf(expression, []).flatMap((part) => columnsIn(part.expression))
}

/** Whether a value refers by one column alone, in every row. */
export function isReferenceOf(expression: Exclude<Expression, string>, column: string): boolean {
  if (expression.op !== 'reference' || expression.when !== undefined) return false
  const of = columnsOf(expression)
  return of.length === 1 && of[0] === column
}

export function columnsOf({ of }: ReferenceExpression): string[] {
  return typeof of === 'string' ? [of] : [...of]
}

/** What an entity's columns are made of, by the columns of the target, each with its path. */
export function writtenColumns(
  columns: Readonly<Record<string, Expression>>,
  path: Path,
): { readonly target: string; readonly expression: Expression; readonly path: Path }[] {
  return Object.entries(columns).map(([target, expression]) => ({
    target,
    expression,
    path: [...path, target],
  }))
}
