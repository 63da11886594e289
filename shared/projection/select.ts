/** The statements that move an entity: out of the source, into the target. COPY, text or binary. */
import type { CompiledEntity, RowSet, TableName } from './entity.ts'
import { quoteIdent, quoteQualified, quoteTable } from './quote.ts'
import { whereMoved, whereRange } from './range.ts'

/** ` only "schema"."table"`, without `only` for a partitioned parent, which holds no row itself. */
export function readTable(source: TableName & { readonly partitioned: boolean }): string {
  return `${source.partitioned ? '' : 'only '}${quoteTable(source)}`
}

/**
 * `copy (select … ) to stdout` for the rows of a range that are moved; two open ends read the whole table.
 * In the order of the key where it decides which row wins: the stage keeps the order.
 */
export function copyOutStatement(entity: CompiledEntity, range: RowSet): string {
  const columns = entity.columns
    .map(({ source, expression }) => expression ?? quoteIdent(source))
    .join(', ')
  const where = whereMoved(entity, range)
  const keys = entity.serial === true ? entity.key : []
  // Qualified: a bare name would be that of an output column, which may hold another form of the value.
  const names = keys.map(({ column }) => quoteQualified(entity.source.table, column)).join(', ')
  const order = names === '' ? '' : ` order by ${names}`
  return `copy (select ${columns} from ${readTable(entity.source)}${where}${order}) to stdout${formatOf(entity)}`
}

/** How many rows a range holds, those that the filter takes out included: `(rows text)`. */
export function countStatement(entity: CompiledEntity, range: RowSet): string {
  return `select count(*)::text as rows from ${readTable(entity.source)}${whereRange(entity, range)}`
}

/** Where the rows of a mapped entity arrive. A temporary table is found in a schema of this name. */
const stage: TableName = { schema: 'pg_temp', table: 'ferry_stage' }

/** Makes the stage of a mapped entity, until the end of the transaction. */
export function stageStatement(entity: CompiledEntity): string {
  const columns = entity.columns.map(({ target, type }) => `${quoteIdent(target)} ${type}`)
  return `create temp table ${quoteIdent(stage.table)} (${columns.join(', ')}) on commit drop`
}

/**
 * `copy … from stdin` with the columns in the order of `copyOutStatement`: into the target, or into the
 * stage of an entity that is mapped.
 */
export function copyInStatement(entity: CompiledEntity): string {
  const columns = entity.columns.map((column) => quoteIdent(column.target)).join(', ')
  // A table without columns takes no list; its rows still count.
  const list = columns === '' ? '' : ` (${columns})`
  const into = entity.mapping === undefined ? entity.target : stage
  return `copy ${quoteTable(into)}${list} from stdin${formatOf(entity)}`
}

function formatOf(entity: CompiledEntity): string {
  return entity.format === undefined ? '' : ` (format ${entity.format})`
}
