/**
 * The statements that compare by hash instead of by range: for tables whose sides do not order the key
 * alike, or that have none. Every row has a number from its hash; the number decides about a part of
 * the table (one batch) and a bucket in it.
 */

import { digestAlias, textDigest } from './digest.ts'
import { type DigestedTable, digestOf, keyTexts, multiset } from './digest-statements.ts'
import { quoteIdent, quoteLiteral } from './quote.ts'
import { whereMoved } from './range.ts'
import { readTable } from './select.ts'

/** One of `parts` parts of a table, each in `buckets` buckets. */
export interface Part {
  readonly part: number
  readonly parts: number
  readonly buckets: number
}

/** Rows `(bucket int, rows text, sums text)` of those buckets of a part that hold a row. */
export function bucketsStatement(table: DigestedTable, part: Part): string {
  return `select bucket, ${multiset('bits')}
from (
  select ${bucketOf(part)} as bucket, ('x' || digest)::bit(128) as bits ${numbered(table, part)} offset 0
) as digested group by bucket`
}

/** Rows `(bucket int, key jsonb, digest text)` in some buckets of a part. */
export function bucketListStatement(
  table: DigestedTable,
  part: Part,
  buckets: readonly number[],
): string {
  return `select ${bucketOf(part)} as bucket, key, digest
${numbered(table, part, { key: keyTexts(table.entity.key) })}
where ${bucketOf(part)} in (${buckets.join(', ')})`
}

/** Condition that a row is in some buckets of a part: by place, because a digest names the columns of its own query. */
export function bucketCondition(
  table: DigestedTable,
  part: Part,
  buckets: readonly number[],
): string {
  const places = {
    table_id: `${digestAlias}.tableoid`,
    place: `${digestAlias}.ctid`,
  }
  return `(tableoid, ctid) in (select table_id, place
${numbered(table, part, places)}
where ${bucketOf(part)} in (${buckets.join(', ')}))`
}

/** Rows `(bucket int, digest text, rows text, place text)`: how often each row is there, and where one of them lies. */
export function multiplicityStatement(
  table: DigestedTable,
  part: Part,
  only: { readonly buckets: readonly number[] } | { readonly digests: readonly string[] },
): string {
  const condition =
    'buckets' in only
      ? `${bucketOf(part)} in (${only.buckets.join(', ')})`
      : `digest in (${only.digests.map(quoteLiteral).join(', ')})`
  return `select min(${bucketOf(part)}) as bucket, digest, count(*)::text as rows,
  (pg_catalog.array_agg(place))[1]::text as place
${numbered(table, part, { place: `${digestAlias}.ctid` })}
where ${condition} group by digest`
}

/** Rows `(digest text)`: some rows of a part, the same ones for the same seed and the same rows. */
export function digestSampleStatement(
  table: DigestedTable,
  part: Part,
  seed: string,
  rows: number,
): string {
  const chance = textDigest(`(${quoteLiteral(seed)} || digest)`, table.form)
  return `select digest from (
  select distinct digest ${numbered(table, part)}
) as drawn order by ${chance} limit ${rows}`
}

const bucketOf = ({ parts, buckets }: Part) => `(number / ${parts} % ${buckets})::integer`

/**
 * `from (…) as numbered`: number and digest of the rows of a part, with what else is wanted of them. A
 * digest is computed once a row, and of a row with a key only where it belongs to the part.
 * @param wanted further expressions over a row, by their names
 */
function numbered(
  table: DigestedTable,
  { part, parts }: Part,
  wanted: Readonly<Record<string, string>> = {},
): string {
  const { entity } = table
  const keyed = entity.key.length > 0
  const hash = keyed ? keyHash(table) : digestOf(table)
  const moved = whereMoved(entity, { after: null, through: null })
  const mine = (text: string) => (parts === 1 ? '' : ` ${numberOf(text)} % ${parts} = ${part}`)
  // Of a key the hash is cheap, and decides before a row is digested; of a row it is the digest itself.
  const early = keyed && parts > 1 ? `${moved === '' ? ' where' : ' and'}${mine(hash)}` : ''
  const late = keyed || parts === 1 ? '' : `\n    where${mine('hash')}`
  const expressions = Object.entries(keyed ? { digest: digestOf(table), ...wanted } : wanted)
  const named = expressions.map(([name, expression]) => `, ${expression} as ${name}`).join('')
  return `from (
    select ${numberOf('hash')} as number, ${keyed ? '' : 'hash as digest, '}hashed.*
    from (
      select ${hash} as hash${named}
      from ${readTable(entity.source)} as ${digestAlias}${moved}${early} offset 0
    ) as hashed${late}
  ) as numbered`
}

/** 32 bits of a hash, never negative. */
function numberOf(hash: string): string {
  return `('x' || pg_catalog.left(${hash}, 8))::bit(32)::bigint`
}

/** By the text of the key: equal keys that are written in two ways are looked up later. */
function keyHash(table: DigestedTable): string {
  const columns = table.entity.key.map(({ column }) => `${digestAlias}.${quoteIdent(column)}`)
  return textDigest(`row(${columns.join(', ')})::text`, table.form)
}
