/**
 * Tables without a key, read by the places of their rows: `ctid`, a block and a position in it. A range
 * ends where a block begins, so bounds are arithmetic over blocks. Rows that move while the table is
 * read are met twice or not at all: such a table needs a quiet source.
 */
import { FerryError } from '../platform/errors.ts'
import type { CompiledEntity, CompiledKeyColumn, KeyRange, KeyTexts } from './entity.ts'
import { quoteLiteral, quoteTable } from './quote.ts'

/** The key of a table that has none. */
export const placeKey: CompiledKeyColumn = { column: 'ctid', type: 'tid' }

/** Behind every row that a table can hold, one that was just added included. */
const end = '(4294967295,0)'
/** Blocks that are counted at a time to learn how many rows lie in one. */
const sampledBlocks = 16
/** A list of places names every position that a block can have. */
const listedBlocks = 1000

/** Same shape as `boundsStatement`. */
export function placeBoundsStatement(
  entity: CompiledEntity,
  range: KeyRange,
  rows: number,
): string {
  const first = range.after === null ? 0 : blockOf(entity, range.after)
  const limit = range.through === null ? null : blockOf(entity, range.through)
  const table = quoteTable(entity.source)
  const average = `(select case when c.relpages > 0 and c.reltuples > 0
      then c.reltuples::numeric / c.relpages end from pg_class c
      where c.oid = ${quoteLiteral(table)}::regclass)`
  const rowsPerBlock = `coalesce(nullif(greatest(${average}${
    entity.scan === 'place_range' ? `, ${densestSample(table, first)}` : ''
  }), 0), 50)`
  const most = entity.scan === 'place_range' ? 2_000_000_000 : listedBlocks
  const last = limit === null ? quoteLiteral(end) : quoteLiteral(range.through![0]!)
  const blocks = `pg_relation_size(${quoteLiteral(table)}::regclass) / current_setting('block_size')::bigint`
  return `select pg_catalog.jsonb_build_array(case when reached < total
    then pg_catalog.format('(%s,0)', reached) else ${last} end) as last, reached < total as more
from (
  select size.total, ${first} + greatest(1, least(${most}, ceil(${rows} / ${rowsPerBlock})))::bigint as reached
  from (select ${limit === null ? blocks : `least(${limit}, ${blocks})`} as total offset 0) as size
  offset 0
) as bound where total > ${first}`
}

/**
 * Rows in a block where most of some samples behind `first` lie: blocks that were emptied say nothing
 * about the next ones, and a batch that is too small grows, while one that is too large is late.
 */
function densestSample(table: string, first: number): string {
  // Everything is qualified: a column of the table may be called anything.
  const from = `${first} + (size.total - ${first}) * sample.part / 4`
  return `(select max(counted) from (
      select (select count(*)::numeric / ${sampledBlocks} from only ${table} as source
        where source.ctid >= pg_catalog.format('(%s,0)', ${from})::tid
          and source.ctid < pg_catalog.format('(%s,0)', ${from} + ${sampledBlocks})::tid) as counted
      from generate_series(0, 3) as sample (part)) as samples)`
}

/** ` where …` for the places of a range, or nothing where both ends are open. */
export function wherePlaces(entity: CompiledEntity, range: KeyRange): string[] {
  const after = range.after?.[0]
  const through = range.through?.[0]
  if (range.after !== null) blockOf(entity, range.after)
  if (range.through !== null) blockOf(entity, range.through)
  if (entity.scan === 'place_range') {
    return [
      ...(after === undefined ? [] : [`ctid > ${quoteLiteral(after)}::tid`]),
      ...(through === undefined ? [] : [`ctid <= ${quoteLiteral(through)}::tid`]),
    ]
  }
  if (after === undefined && through === undefined) return []
  const from = range.after === null ? 0 : blockOf(entity, range.after)
  const blocks = `pg_relation_size(${quoteLiteral(quoteTable(entity.source))}::regclass) / current_setting('block_size')::bigint`
  const to = range.through === null ? blocks : `least(${blocks}, ${blockOf(entity, range.through)})`
  // A row takes 28 bytes at least, its entry in the block's directory included.
  return [
    `ctid = any (array(select pg_catalog.format('(%s,%s)', block, place)::tid
    from generate_series(${from}, ${to} - 1) as block,
      generate_series(1, current_setting('block_size')::integer / 28) as place))`,
  ]
}

/** @throws FerryError `key_shape_differs` */
function blockOf(entity: CompiledEntity, texts: KeyTexts): number {
  const [text, ...more] = texts
  const block = /^\((\d+),0\)$/.exec(text ?? '')?.[1]
  if (block !== undefined && more.length === 0) return Number(block)
  throw new FerryError({
    code: 'key_shape_differs',
    message: 'A range of the table does not end where a block begins.',
    hint: 'The source table changed after the migration began: start it again.',
    context: { source: `${entity.source.schema}.${entity.source.table}` },
  })
}
