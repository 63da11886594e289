/** The statements that move an entity: out of the source, into the target. COPY, text or binary. */
import type { CompiledEntity, RowSet, TableName } from './entity.ts'
import { quoteIdent, quoteTable } from './quote.ts'
import { whereMoved, whereRange } from './range.ts'

/** ` only "schema"."table"`, without `only` for a partitioned parent, which holds no row itself. */
export function readTable(source: TableName & { readonly partitioned: boolean }): string {
  return `${source.partitioned ? '' : 'only '}${quoteTable(source)}`
}

/** `copy (select … ) to stdout` for the rows of a range that are moved; two open ends read the whole table. */
export function copyOutStatement(entity: CompiledEntity, range: RowSet): string {
  const columns = entity.columns.map((column) => quoteIdent(column.source)).join(', ')
  const where = whereMoved(entity, range)
  return `copy (select ${columns} from ${readTable(entity.source)}${where}) to stdout${formatOf(entity)}`
}

/** How many rows a range holds, those that the filter takes out included: `(rows text)`. */
export function countStatement(entity: CompiledEntity, range: RowSet): string {
  return `select count(*)::text as rows from ${readTable(entity.source)}${whereRange(entity, range)}`
}

/** `copy … from stdin` with the columns in the order of `copyOutStatement`. */
export function copyInStatement(entity: CompiledEntity): string {
  const columns = entity.columns.map((column) => quoteIdent(column.target)).join(', ')
  // A table without columns takes no list; its rows still count.
  const list = columns === '' ? '' : ` (${columns})`
  return `copy ${quoteTable(entity.target)}${list} from stdin${formatOf(entity)}`
}

function formatOf(entity: CompiledEntity): string {
  return entity.format === undefined ? '' : ` (format ${entity.format})`
}
