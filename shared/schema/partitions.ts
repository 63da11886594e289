/** A partitioned table with its partitions, or as an ordinary table where they cannot be made. */
import { quoteTable } from '../projection/quote.ts'
import type { CatalogTable } from '../source/catalog-rows.ts'
import { leaveOut, type SchemaContext } from './context.ts'
import { partitionKeyText } from './expression.ts'
import { type MovedTable, movedTable, type TargetEntity } from './moved-table.ts'

type TreeContext = Pick<SchemaContext, 'inTarget' | 'notes' | 'omissions'> & {
  readonly schemaOf: (schema: string) => string
}

/**
 * The table first, then its partitions, parents before children. Rows go in through the root.
 * @param partitions those of the table, at any depth
 */
export function partitionTree(
  entity: TargetEntity,
  table: CatalogTable,
  partitions: readonly CatalogTable[],
  context: TreeContext,
): MovedTable[] {
  if (!table.partitioned) return [movedTable(entity, table, true, false)]
  const reason = obstacle(entity, table, partitions, context)
  if (reason !== undefined) {
    const message = `${table.schema}.${table.name} becomes an ordinary table: ${reason}.`
    const hint = 'Create the partitioned table in the target beforehand if it is to be one there.'
    const omission = { what: 'partitions', table, name: table.name } as const
    leaveOut(context, omission, message, entity.path, hint)
    return [movedTable(entity, table, true, false)]
  }
  const root = movedTable(entity, table, true, true)
  const bySource = new Map([[sourceKey(table.schema, table.name), root]])
  for (const each of partitions) {
    if (each.partition === null) continue
    const { schema, table: parent } = each.partition
    const goal = each.schema === table.schema ? root.target.schema : context.schemaOf(each.schema)
    bySource.set(sourceKey(each.schema, each.name), {
      ...root,
      table: each,
      target: { schema: goal, table: each.name },
      columns: each.columns.filter(({ name }) => root.columns.some((own) => own.name === name)),
      isPartitioned: each.partitioned,
      parent: bySource.get(sourceKey(schema, parent))?.target ?? root.target,
    })
  }
  return [...bySource.values()]
}

function obstacle(
  entity: TargetEntity,
  table: CatalogTable,
  partitions: readonly CatalogTable[],
  { inTarget }: TreeContext,
): string | undefined {
  const keys = [table, ...partitions].flatMap(({ partition_key }) => partition_key ?? [])
  if (partitions.some(({ kind }) => kind === 'f')) return 'one of its partitions is a foreign table'
  if (keys.some((each) => partitionKeyText(each, inTarget) === undefined)) {
    return 'it is divided by functions or types of its own'
  }
  if (entity.listed !== null) return 'the plan leaves out columns of it'
  const names = new Set(table.columns.map(({ name }) => name))
  return keys.every(({ columns }) => columns.every((name) => names.has(name)))
    ? undefined
    : 'the plan changes the columns that divide it or tell its rows apart'
}

/** Statements that put the partitions of a tree in their places, the deepest first. */
export function attachPartitions(tree: readonly MovedTable[]): string[] {
  return tree.toReversed().flatMap(({ parent, target, table }) => {
    if (parent === null || table.partition === null) return []
    return `alter table ${quoteTable(parent)} attach partition ${quoteTable(target)} ${table.partition.bound}`
  })
}

const sourceKey = (schema: string, table: string) => JSON.stringify([schema, table])
