/** The statements that move an entity: out of the source, into the target. COPY text format. */
import type { CompiledEntity, KeyRange, TableName } from './entity.ts'
import { quoteIdent, quoteTable } from './quote.ts'
import { whereRange } from './range.ts'

/** ` only "schema"."table"`, without `only` for a partitioned parent, which holds no row itself. */
export function readTable(source: TableName & { readonly partitioned: boolean }): string {
  return `${source.partitioned ? '' : 'only '}${quoteTable(source)}`
}

/** `copy (select … ) to stdout` for the rows of a range; two open ends read the whole table. */
export function copyOutStatement(entity: CompiledEntity, range: KeyRange): string {
  const columns = entity.columns.map((column) => quoteIdent(column.source)).join(', ')
  const where = whereRange(entity, range)
  return `copy (select ${columns} from ${readTable(entity.source)}${where}) to stdout`
}

/** `copy … from stdin` with the columns in the order of `copyOutStatement`. */
export function copyInStatement(entity: CompiledEntity): string {
  const columns = entity.columns.map((column) => quoteIdent(column.target)).join(', ')
  // A table without columns takes no list; its rows still count.
  const list = columns === '' ? '' : ` (${columns})`
  return `copy ${quoteTable(entity.target)}${list} from stdin`
}
