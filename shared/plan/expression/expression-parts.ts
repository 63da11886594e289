/** What an expression is made of, without compiling it. */
import type { Expression, ReferenceExpression } from './expression.ts'

type Path = readonly PropertyKey[]

export interface Part {
  readonly expression: Expression
  readonly path: Path
}

/** Expressions directly within one. */
export function partsOf(expression: Expression, path: Path): Part[] {
  if (typeof expression === 'string') return []
  const one = (inner: Expression, ...at: Path): Part => ({
    expression: inner,
    path: [...path, ...at],
  })
  switch (expression.op) {
    case 'column':
    case 'constant':
    case 'reference':
      return []
    case 'arithmetic':
      return [one(expression.left, 'left'), one(expression.right, 'right')]
    case 'json_object':
      return Object.entries(expression.of).map(([key, inner]) => one(inner, 'of', key))
    case 'concat':
    case 'coalesce':
    case 'json_array':
      return expression.of.map((inner, at) => one(inner, 'of', at))
    default:
      return [one(expression.of, 'of')]
  }
}

/** An expression and everything in it, with the levels above each. Not recursive: a plan may nest as it likes. */
function* everyPart(expression: Expression, path: Path): Generator<Part & { depth: number }> {
  const rest = [{ expression, path, depth: 1 }]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    yield next
    const depth = next.depth + 1
    const inner = partsOf(next.expression, next.path).map((part) => ({ ...part, depth }))
    rest.push(...inner.reverse())
  }
}

export const deepestExpression = 8
export const mostParts = 200

/** Whether an expression is within what is compiled. */
export function isTooLarge(expression: Expression): boolean {
  let count = 0
  for (const { depth } of everyPart(expression, [])) {
    count += 1
    if (depth > deepestExpression || count > mostParts) return true
  }
  return false
}

/** Regular expressions in it: only the target can say whether it understands them. */
export function patternsOfExpression(
  expression: Expression,
  path: Path,
): { readonly pattern: string; readonly path: Path }[] {
  return [...everyPart(expression, path)].flatMap((part) =>
    typeof part.expression !== 'string' && part.expression.op === 'regexp_replace'
      ? [{ pattern: part.expression.pattern, path: [...part.path, 'pattern'] }]
      : [],
  )
}

/** Time zones in it: the target may know fewer of them. */
export function zonesOfExpression(
  expression: Expression,
  path: Path,
): { readonly zone: string; readonly path: Path }[] {
  return [...everyPart(expression, path)].flatMap((part) =>
    typeof part.expression !== 'string' &&
    'zone' in part.expression &&
    part.expression.zone !== undefined &&
    part.expression.zone !== 'offset'
      ? [{ zone: part.expression.zone, path: [...part.path, 'zone'] }]
      : [],
  )
}

export function referencesOfExpression(
  expression: Expression,
  path: Path,
): { readonly reference: ReferenceExpression; readonly path: Path }[] {
  return [...everyPart(expression, path)].flatMap((part) =>
    typeof part.expression !== 'string' && part.expression.op === 'reference'
      ? [{ reference: part.expression, path: part.path }]
      : [],
  )
}
