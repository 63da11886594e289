/** Where the rows of a table lie: in itself, or in its partitions. */
import type { Catalog, CatalogTable } from '../../source/catalog-rows.ts'

export function leavesOf(table: CatalogTable, { partitions }: Catalog): readonly CatalogTable[] {
  if (!table.partitioned) return [table]
  return partitions.filter(
    ({ partition, kind }) =>
      kind !== 'p' &&
      partition?.root_schema === table.schema &&
      partition.root_table === table.name,
  )
}
