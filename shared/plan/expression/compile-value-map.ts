/** Values replaced by those that the plan lists for them. */
import { quoteLiteral } from '../../projection/quote.ts'
import { commonType } from './common-type.ts'
import { textIn } from './compile-text.ts'
import type { Context, Path } from './context.ts'
import { builtinType, convert } from './convert.ts'
import type { ExpressionOf } from './expression.ts'
import { literal } from './literal.ts'
import { derived, type Fail, type Value, withValue } from './value.ts'

/** What is null stays null. */
export function compileValueMap(
  expression: ExpressionOf<'value_map'>,
  path: Path,
  context: Context,
): Value | undefined {
  const of = textIn(expression.of, [...path, 'of'], context)
  const type = resultType(expression, path, context)
  if (of === undefined || type === undefined) return undefined
  const { otherwise, values } = expression
  const list = `${quoteLiteral(JSON.stringify(values))}::jsonb`
  const isListed = (p: string) => `pg_catalog.jsonb_exists(${list}, ${p})`
  const found = (p: string) =>
    type === 'text' ? `(${list} ->> ${p})` : `(${list} ->> ${p})::${type}`
  if (otherwise === 'keep') {
    const choose = (p: string) => `case when ${isListed(p)} then ${found(p)} else ${p} end`
    return derived(of, type, withValue(of, choose))
  }
  if (otherwise !== 'reject') {
    const other = convert(literal(otherwise.value), builtinType(type))
    const rest = 'refused' in other ? `null::${type}` : other.sql
    const choose = (p: string) =>
      `case when ${isListed(p)} then ${found(p)} when ${p} is not null then ${rest} end`
    // What could not be read is no value that the list leaves out: it is null.
    return derived(of, type, withValue(of, choose))
  }
  const condition = withValue(of, (p) => `(${p} is not null and not ${isListed(p)})`)
  const unmapped: Fail = { condition, code: 'value_unmapped', onlyNull: true }
  return { ...derived(of, type, withValue(of, found)), fails: [...of.fails, unmapped] }
}

function resultType(
  expression: ExpressionOf<'value_map'>,
  path: Path,
  context: Context,
): string | undefined {
  const { otherwise, values } = expression
  const written = [
    ...Object.values(values),
    ...(typeof otherwise === 'object' ? [otherwise.value] : []),
  ]
  const type = commonType(written.map(literal))
  if (type === undefined) {
    return context.refuse(
      'expression_types_differ',
      'The values of the list are texts, numbers or truth values, not some of each.',
      'Write all of them as texts, and cast what comes out.',
      [...path, 'values'],
    )
  }
  if (otherwise !== 'keep' || type === 'text') return type
  return context.refuse(
    'expression_types_differ',
    'What is kept is a text, and the values of the list are none.',
    'Write them as texts, and cast what comes out.',
    [...path, 'otherwise'],
  )
}
