/** Whether rows can be found by a column without reading the whole table. */
import type { CatalogTable } from '../../source/catalog-rows.ts'

/** A partial index holds only some of the rows, another kind of index knows no order. */
export function isIndexed({ indexes }: CatalogTable, column: string): boolean {
  return indexes.some(
    ({ method, valid, predicate, keys }) =>
      method === 'btree' && valid && predicate === null && keys[0]?.column === column,
  )
}
