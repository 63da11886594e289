/** Which unique index orders the scan of a table. */
import type { CompiledKeyColumn } from '../projection/entity.ts'
import type { CatalogKey, CatalogTable } from '../source/catalog-rows.ts'

/** The primary key, else the narrowest unique index; empty where no index can carry a scan. */
export function chooseKey(table: CatalogTable): readonly CompiledKeyColumn[] {
  const [best] = table.keys.toSorted(
    (a, b) =>
      Number(b.primary) - Number(a.primary) ||
      a.columns.length - b.columns.length ||
      width(a) - width(b) ||
      (a.name < b.name ? -1 : 1),
  )
  return (best?.columns ?? []).map(({ column, type, operators }) => ({
    column,
    type,
    ...(operators === 'pg_catalog' ? {} : { operators }),
  }))
}

function width(key: CatalogKey): number {
  return key.columns.reduce((sum, { length }) => sum + (length > 0 ? length : 1000), 0)
}
