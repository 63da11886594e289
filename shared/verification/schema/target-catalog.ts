/** The target's catalog by names, so that what should be there can be looked up. */
import type { TableName } from '../../projection/entity.ts'
import { quoteQualified } from '../../projection/quote.ts'
import type { Catalog, CatalogTable, CatalogType } from '../../source/catalog-rows.ts'
import type { CatalogSequence } from '../../source/catalog-rows-attached.ts'

export interface TargetCatalog {
  /** Tables and partitions alike. */
  table(name: TableName): CatalogTable | undefined
  type(schema: string, name: string): CatalogType | undefined
  sequence(schema: string, name: string): CatalogSequence | undefined
  /** The sequence that a column owns. */
  ownedBy(table: TableName, column: string): CatalogSequence | undefined
  /** Text of a type as DDL names it, quoted: what a planned table is made with. */
  typeText(text: string, oid: string): string
  /** Partitions of a table, at any depth. */
  partitionsOf(root: TableName): readonly CatalogTable[]
}

export function lookUp(catalog: Catalog): TargetCatalog {
  const all = [...catalog.tables, ...catalog.partitions]
  const tables = new Map(all.map((table) => [key(table.schema, table.name), table]))
  const types = new Map(catalog.types.map((type) => [key(type.schema, type.name), type]))
  const typesByOid = new Map(catalog.types.map((type) => [type.oid, type]))
  const rowTypes = new Map(all.map((table) => [table.row_type, table]))
  const sequences = new Map(catalog.sequences.map((each) => [key(each.schema, each.name), each]))
  const owned = new Map(
    catalog.sequences.flatMap((each) => {
      const { owner } = each
      return owner === null ? [] : [[key(owner.schema, owner.table, owner.column), each]]
    }),
  )
  const partitions = new Map<string, CatalogTable[]>()
  for (const table of catalog.partitions) {
    if (table.partition === null) continue
    const root = key(table.partition.root_schema, table.partition.root_table)
    const list = partitions.get(root)
    if (list === undefined) partitions.set(root, [table])
    else list.push(table)
  }
  return {
    table: ({ schema, table }) => tables.get(key(schema, table)),
    type: (schema, name) => types.get(key(schema, name)),
    sequence: (schema, name) => sequences.get(key(schema, name)),
    ownedBy: ({ schema, table }, column) => owned.get(key(schema, table, column)),
    typeText(text, oid) {
      const type = typesByOid.get(oid)
      if (type !== undefined) {
        return `${quoteQualified(type.schema, type.name)}${text.slice(type.qualified.length)}`
      }
      const owner = rowTypes.get(oid)
      if (owner === undefined) return text
      return `${quoteQualified(owner.schema, owner.name)}${text.endsWith('[]') ? '[]' : ''}`
    },
    partitionsOf: ({ schema, table }) => partitions.get(key(schema, table)) ?? [],
  }
}

const key = (...names: readonly string[]) => JSON.stringify(names)
