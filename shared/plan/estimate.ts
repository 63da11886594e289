/** How many rows a table holds, without counting them: the planner's own way. */
import type { CatalogTable } from '../source/catalog-rows.ts'

const pageBytes = 8192
/** Row header, line pointer and alignment. */
const rowOverhead = 28
/** What a value of varying length is taken for where nothing was ever measured. */
const varyingBytes = 24

/** Rows at the last ANALYZE, scaled to the table's size now; from the columns' widths without one. */
export function estimateRows(table: CatalogTable): number {
  const { rows, pages, bytes } = table.statistics
  if (bytes === 0) return 0
  if (rows >= 0 && pages > 0) return Math.round((rows / pages) * (bytes / pageBytes))
  const width = table.columns.reduce(
    (sum, column) => sum + (column.length > 0 ? column.length : varyingBytes),
    rowOverhead,
  )
  return Math.max(1, Math.round(bytes / width))
}
