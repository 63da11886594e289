/**
 * The condition that holds a key inside a range. Literals are untyped casts without a collation of
 * their own, so every comparison runs in the column's collation: the one its index is sorted by.
 */
import { FerryError } from '../platform/errors.ts'
import type { CompiledEntity, CompiledKeyColumn, KeyTexts, RowSet } from './entity.ts'
import { wherePlaces } from './places.ts'
import { quoteIdent, quoteLiteral } from './quote.ts'

/** ` where …` for a range, or nothing where both ends are open. */
export function whereRange(entity: CompiledEntity, range: RowSet): string {
  return where(conditionsOf(entity, range))
}

/** The same for those rows of it that pass the entity's filter. */
export function whereMoved(entity: CompiledEntity, range: RowSet): string {
  const { filter } = entity
  return where([...conditionsOf(entity, range), ...(filter === undefined ? [] : [`(${filter})`])])
}

/** The same as a condition in itself, whatever the filter says. */
export function rowCondition(entity: CompiledEntity, rows: RowSet): string {
  const conditions = conditionsOf(entity, rows)
  return conditions.length === 0 ? 'true' : `(${conditions.join(' and ')})`
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`
}

function conditionsOf(entity: CompiledEntity, range: RowSet): string[] {
  if ('condition' in range) return [range.condition]
  if (entity.scan !== undefined) return wherePlaces(entity, range)
  const conditions: string[] = []
  if (range.after !== null) conditions.push(beyond(entity, range.after, '>'))
  if (range.through !== null) conditions.push(beyond(entity, range.through, '<='))
  return conditions
}

type Side = '>' | '<='

function beyond(entity: CompiledEntity, texts: KeyTexts, side: Side): string {
  const { key } = entity
  if (key.length === 0 || texts.length !== key.length) {
    throw keyMismatch(entity, texts.length)
  }
  const literals = key.map((column, at) => `${quoteLiteral(texts[at]!)}::${column.type}`)
  // A row comparison has one operator name for all of its columns, and only it can use a composite
  // index as one bound; operators outside pg_catalog are invisible under the pinned search path.
  if (key.every((column) => column.operators === undefined)) {
    const columns = key.map((column) => quoteIdent(column.column))
    return key.length === 1
      ? `${columns[0]} ${side} ${literals[0]}`
      : `(${columns.join(', ')}) ${side} (${literals.join(', ')})`
  }
  return lexicographic(key, literals, side)
}

export function keyMismatch(entity: CompiledEntity, parts: number): FerryError {
  return new FerryError({
    code: 'key_shape_differs',
    message: `A key of ${parts} parts does not fit a table with a key of ${entity.key.length} columns.`,
    hint: 'The source table changed after the migration began: start it again.',
    context: { source: `${entity.source.schema}.${entity.source.table}` },
  })
}

/** `a >= x and (a > x or b > y)`: the first term lets the index seek, the rest is exact. */
function lexicographic(
  key: readonly CompiledKeyColumn[],
  literals: readonly string[],
  side: Side,
): string {
  const [strict, last] = side === '>' ? ['>', '>'] : ['<', '<=']
  const term = (at: number, operator: string) =>
    `${quoteIdent(key[at]!.column)} ${qualified(operator, key[at]!)} ${literals[at]}`
  let condition = term(key.length - 1, last)
  for (let at = key.length - 2; at >= 0; at -= 1) {
    condition = `${term(at, `${strict}=`)} and (${term(at, strict)} or (${condition}))`
  }
  return `(${condition})`
}

function qualified(operator: string, column: CompiledKeyColumn): string {
  return column.operators === undefined
    ? operator
    : `operator(${quoteIdent(column.operators)}.${operator})`
}
