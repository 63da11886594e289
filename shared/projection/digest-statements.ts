/** The statements that compare ranges of keys: where they are cut, what they amount to, what is in them. */
import { type DigestForm, digestAlias, textDigest } from './digest.ts'
import type { CompiledEntity, CompiledKeyColumn, KeyRange, KeyTexts } from './entity.ts'
import { quoteIdent, quoteLiteral } from './quote.ts'
import { whereMoved } from './range.ts'
import { readTable } from './select.ts'

/** A table of one side, as it is compared. */
export interface DigestedTable {
  /** `source` and the key name the table of this side, whichever it is. */
  readonly entity: CompiledEntity
  /** SQL of a row's digest; an empty text where rows are only counted and keys compared. */
  readonly digest: string
  readonly form: DigestForm
}

/** Several columns of this side as an SQL array of texts in jsonb. */
export function keyTexts(key: readonly CompiledKeyColumn[], alias: string = digestAlias): string {
  // format('%s') prints through the type's output function: a cast to text may be user-defined.
  const texts = key.map(({ column }) => `pg_catalog.format('%s', ${alias}.${quoteIdent(column)})`)
  return `pg_catalog.jsonb_build_array(${texts.join(', ')})`
}

/** `from … as source` with the rows of a range that are moved. */
export function fromMoved(entity: CompiledEntity, range: KeyRange): string {
  return `from ${readTable(entity.source)} as ${digestAlias}${whereMoved(entity, range)}`
}

/**
 * Rows `(key jsonb, place int)` in key order: every `every`-th key of the first `rows` rows of a range,
 * the one at `rows`, and the one behind it where there is one. Rows that are not moved count, too.
 */
export function cutsStatement(
  entity: CompiledEntity,
  range: KeyRange,
  rows: number,
  every: number,
): string {
  const { filter: _filter, ...unfiltered } = entity
  const columns = entity.key.map(({ column }) => `${digestAlias}.${quoteIdent(column)}`)
  const names = entity.key.map((_, at) => `k${at}`)
  const renamed = columns.map((column, at) => `${column} as ${names[at]}`).join(', ')
  const key = names.map((column) => ({ column, type: '' }))
  return `select ${keyTexts(key, 'counted')} as key, place::integer as place
from (
  select ${names.join(', ')}, pg_catalog.row_number() over (order by ${names.join(', ')}) as place
  from (
    select ${renamed} ${fromMoved(unfiltered, range)}
    order by ${columns.join(', ')} limit ${rows + 1}
  ) as ahead
) as counted
where place % ${every} = 0 or place >= ${rows}
order by place`
}

/** Rows `(segment int, rows text, sums text)`, one for each range: their rows as a multiset. */
export function segmentsStatement(table: DigestedTable, ranges: readonly KeyRange[]): string {
  return ranges
    .map((range, at) => {
      const from = fromMoved(table.entity, range)
      if (table.digest === '') {
        return `select ${at} as segment, count(*)::text as rows, ''::text as sums ${from}`
      }
      return `select ${at} as segment, ${multiset('bits')} from (
  select ('x' || ${table.digest})::bit(128) as bits ${from} offset 0
) as digested`
    })
    .join('\nunion all\n')
}

/**
 * `rows` and `sums` of an aggregate over 128-bit digests: two sums of 64 bits that no order changes,
 * and that a doubled row does not cancel.
 */
export function multiset(bits: string): string {
  return `count(*)::text as rows, pg_catalog.concat(sum(${bits}::bit(64)::bigint), ' ',
    sum((${bits} << 64)::bit(64)::bigint)) as sums`
}

/** Rows `(key jsonb, digest text)` of a range. */
export function listStatement(table: DigestedTable, range: KeyRange): string {
  return `select ${keyTexts(table.entity.key)} as key, ${digestOf(table)} as digest
${fromMoved(table.entity, range)}`
}

export function digestOf(table: DigestedTable): string {
  return table.digest === '' ? `''::text` : table.digest
}

/** Rows `(wanted int, key jsonb, digest)`: those whose key equals one of `keys`, by its place there. */
export function lookUpStatement(
  table: DigestedTable,
  keys: readonly KeyTexts[],
  digest: string = digestOf(table),
): string {
  const { key, filter, source } = table.entity
  const values = keys.map((texts, at) => {
    const literals = key.map(({ type }, part) => `${quoteLiteral(texts[part]!)}::${type}`)
    return `(${[at, ...literals].join(', ')})`
  })
  const equal = key.map(({ column, operators }, at) => {
    const operator = operators === undefined ? '=' : `operator(${quoteIdent(operators)}.=)`
    return `${digestAlias}.${quoteIdent(column)} ${operator} wanted.k${at}`
  })
  const conditions = [...equal, ...(filter === undefined ? [] : [`(${filter})`])]
  // The inner query has the names of the table to itself: the filter's are not qualified.
  return `select wanted.place as wanted, found.key, found.digest
from (values ${values.join(', ')}) as wanted (place, ${key.map((_, at) => `k${at}`).join(', ')})
cross join lateral (
  select ${keyTexts(key)} as key, ${digest} as digest
  from ${readTable(source)} as ${digestAlias}
  where ${conditions.join(' and ')}
) as found`
}

/** Rows `(key jsonb)`: some keys of a range, the same ones for the same seed and the same keys. */
export function sampleStatement(
  table: DigestedTable,
  range: KeyRange,
  seed: string,
  rows: number,
): string {
  const chance = textDigest(`(${quoteLiteral(seed)} || drawn.key::text)`, table.form)
  return `select drawn.key from (
  select ${keyTexts(table.entity.key)} as key ${fromMoved(table.entity, range)} offset 0
) as drawn order by ${chance} limit ${rows}`
}
