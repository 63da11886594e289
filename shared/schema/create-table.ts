/**
 * A table of the target as the source has it, bare: columns, types, defaults, identity. Keys, indexes
 * and constraints come after the rows, except where a table is so small that they may stand from the
 * beginning. Arrives closed: row security on, no grant to the roles of the public API.
 */
import { quoteIdent, quoteTable } from '../projection/quote.ts'
import type { CatalogColumn } from '../source/catalog-rows.ts'
import { leaveOut, type SchemaContext } from './context.ts'
import { callsSequence, partitionKeyText, portableText } from './expression.ts'
import { hasColumns, type MovedTable, sourceName } from './moved-table.ts'
import type { Sequences } from './sequences.ts'

/**
 * @param inline constraints that stand from the beginning
 * @returns the statements for one table as one text, without its indexes
 */
export function createTable(
  moved: MovedTable,
  inline: readonly string[],
  sequences: Sequences,
  context: SchemaContext,
): string {
  const lines = moved.columns.map((column) => columnLine(moved, column, sequences, context))
  const name = quoteTable(moved.target)
  const partitionBy =
    moved.isPartitioned && moved.table.partition_key !== null
      ? ` partition by ${partitionKeyText(moved.table.partition_key, context.inTarget)}`
      : ''
  const options = moved.isPartitioned ? '' : storage(moved.table.options)
  const body = [...lines, ...inline].map((line) => `\n  ${line}`).join(',')
  return [
    `create table ${name} (${body}\n)${partitionBy}${options}`,
    ...storageClauses(moved),
    // on a plain server nobody but other roles of its own would lose sight of the rows
    ...(context.apiRoles.length === 0 ? [] : [`alter table ${name} enable row level security`]),
  ].join(';\n')
}

/** ` with (…)` for storage parameters as the catalog keeps them. */
export function storage(options: readonly string[]): string {
  const parts = options.map((option) => {
    const at = option.indexOf('=')
    return `${quoteIdent(option.slice(0, at))} = ${quoteValue(option.slice(at + 1))}`
  })
  return parts.length === 0 ? '' : ` with (${parts.join(', ')})`
}

function quoteValue(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "''")}'`
}

const storageNames: Readonly<Record<string, string>> = {
  p: 'plain',
  e: 'external',
  x: 'extended',
  m: 'main',
}

function storageClauses(moved: MovedTable): string[] {
  return moved.columns.flatMap(({ name, storage: kept }) => {
    const how = kept === null ? undefined : storageNames[kept]
    if (how === undefined) return []
    return `alter table ${quoteTable(moved.target)} alter column ${quoteIdent(name)} set storage ${how}`
  })
}

function columnLine(
  moved: MovedTable,
  column: CatalogColumn,
  sequences: Sequences,
  context: SchemaContext,
): string {
  const { types } = context
  const type = types.text(column.type, column.type_oid)
  const parts = [`${quoteIdent(column.name)} ${type}${context.collate(column.collation)}`]
  if (column.generated !== '') parts.push(generated(moved, column, context))
  else if (column.identity !== '') {
    // A partition has the identity of its parent.
    if (moved.parent === null) {
      const how = column.identity === 'a' ? 'always' : 'by default'
      parts.push(`generated ${how} as identity${sequences.identityOptions(moved, column.name)}`)
    }
  } else if (column.expression !== null) {
    const text = portableText(column.expression, context.inTarget)
    if (text !== undefined) parts.push(`default ${text}`)
    else {
      const what = callsSequence(column.expression)
        ? 'calls a sequence that is named by a text only'
        : 'uses functions of its own'
      leaveOut(
        context,
        { what: 'default', table: moved.table, name: column.name },
        `The default of ${column.name} in ${sourceName(moved)} ${what}.`,
        moved.entity.path,
      )
    }
  }
  if (column.not_null) parts.push('not null')
  return parts.filter((part) => part !== '').join(' ')
}

function generated(moved: MovedTable, column: CatalogColumn, context: SchemaContext): string {
  const { expression } = column
  const others = expression?.columns.filter((name) => name !== column.name) ?? []
  const text =
    expression !== null && hasColumns(moved, others)
      ? portableText(expression, context.inTarget)
      : undefined
  // Every release can store; computing when read came with release 18.
  if (text !== undefined) return `generated always as (${text}) stored`
  context.problems.push({
    code: 'generated_column_unsupported',
    message: `The generated column ${column.name} of ${sourceName(moved)} uses functions of its own, or columns that the plan leaves out.`,
    hint: 'Create the target table beforehand, or list the columns of the entity without it.',
    path: moved.entity.path,
  })
  return ''
}
