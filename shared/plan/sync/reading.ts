/** What it takes to find rows of a table at the source. */
import type { CatalogTable } from '../../source/catalog-rows.ts'
import { estimateRows } from '../estimate.ts'

/** Read whole without anybody noticing. */
export function isSmall(table: CatalogTable): boolean {
  return estimateRows(table) < 10_000
}

/** Whether rows are found by a column alone: a partial index holds some of them, other kinds know no order. */
export function isIndexed({ indexes }: CatalogTable, column: string): boolean {
  return indexes.some(
    ({ method, valid, predicate, keys }) =>
      method === 'btree' && valid && predicate === null && keys[0]?.column === column,
  )
}
