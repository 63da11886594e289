/** The text that a row is known by: what the map keeps, and what references are matched with. */
import type { Value } from '../expression/value.ts'

/** Types whose cast to text is what their output function prints. */
const castAlike = new Set(['text', 'character varying', 'smallint', 'integer', 'bigint', 'uuid'])

/**
 * As the source's server printed it; of several columns a JSON array. Null where one of them is null.
 * @param values over the stage, of columns in the order of the key
 */
export function keyText(values: readonly Value[]): string {
  const [only, ...others] = values
  if (only === undefined) return 'null::text'
  if (others.length === 0) return text(only)
  const parts = values.map(({ sql }) => `pg_catalog.format('%s', ${sql})`).join(', ')
  return `(case when ${isThere(values)} then pg_catalog.jsonb_build_array(${parts})::text end)`
}

/** Condition that all of them have a value. */
export function isThere(values: readonly Value[]): string {
  return values.map(({ sql }) => `${sql} is not null`).join(' and ')
}

function text({ sql, type }: Value): string {
  if (type === 'text') return sql
  if (castAlike.has(type.replace(/\(\d+\)$/, ''))) return `${sql}::text`
  return `(case when ${sql} is not null then pg_catalog.format('%s', ${sql}) end)`
}

const integers = new Set(['smallint', 'integer', 'bigint'])
const texts = new Set(['text', 'character varying'])

/** Whether equal values of two types, as they travel, have one text. */
export function printAlike(one: string, other: string): boolean {
  if (one === other) return true
  if (integers.has(one) && integers.has(other)) return true
  const [left, right] = [one, other].map((type) => type.replace(/\(\d+\)$/, ''))
  return texts.has(left!) && texts.has(right!)
}
