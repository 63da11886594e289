/**
 * Values as they are compared in the target. Types and operators of users may lie in another schema
 * there than at the source, so nothing here names one.
 */
import { quoteLiteral } from '../projection/quote.ts'
import type { CatalogColumn, CatalogType } from '../source/catalog-rows.ts'
import { type ValueClass, valueClass } from './filter-value.ts'

export interface TargetClass extends ValueClass {
  /** A quoted column as what stands beside a literal. */
  readonly operand: (column: string) => string
}

/** For rules: never raises, whatever labels or operators the target has. */
export function checkedClass(
  column: CatalogColumn,
  types: readonly CatalogType[],
): TargetClass | undefined {
  const values = valueClass(column, types)
  if (values === undefined) return undefined
  const labels = enumLabels(column, types)
  if (labels !== undefined) {
    return {
      ...values,
      literal: (value) => (typeof value === 'string' ? placeOf(labels, value) : undefined),
      operand: (name) => placeIn(labels, name),
    }
  }
  if (values.family !== 'citext') return { ...values, operand: (name) => name }
  // What the extension's own operators compare.
  const lower = (text: string) => `pg_catalog.lower(${text} collate "default")`
  return {
    ...values,
    operators: null,
    literal: (value) =>
      values.literal(value) === undefined
        ? undefined
        : lower(`${quoteLiteral(String(value))}::text`),
    operand: (name) => lower(`${name}::text`),
  }
}

/**
 * For chosen queries: written as a user writes them, so that the server uses the indexes that it has.
 * Operators are found by the search path.
 */
export function queriedClass(
  column: CatalogColumn,
  types: readonly CatalogType[],
): ValueClass | undefined {
  const values = valueClass(column, types)
  if (values === undefined) return undefined
  if (values.family !== 'citext' && !values.family.startsWith('enum ')) return values
  return {
    ...values,
    operators: null,
    // A literal without a type takes that of the column.
    literal: (value) =>
      values.literal(value) === undefined ? undefined : quoteLiteral(String(value)),
  }
}

function enumLabels(
  column: CatalogColumn,
  types: readonly CatalogType[],
): readonly string[] | undefined {
  const own = types.find(({ oid }) => oid === column.type_oid)
  if (own?.kind === 'domain') return enumLabels({ ...column, type_oid: own.base_oid }, types)
  return own?.kind === 'enum' ? own.labels : undefined
}

function placeOf(labels: readonly string[], label: string): string | undefined {
  const at = labels.indexOf(label)
  return at < 0 ? undefined : String(at + 1)
}

/** The label's place in the order of the source; 0 for one that the source does not know. */
function placeIn(labels: readonly string[], name: string): string {
  const list = labels.map(quoteLiteral).join(', ')
  return `(case when ${name} is not null then coalesce(pg_catalog.array_position(array[${list}]::text[], pg_catalog.format('%s', ${name})), 0) end)`
}
