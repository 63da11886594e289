/** How a table is read in ranges: along a unique index, or by the places of its rows. */
import type { CompiledEntity, CompiledKeyColumn } from '../projection/entity.ts'
import { placeKey } from '../projection/places.ts'
import type { CatalogKey, CatalogTable } from '../source/catalog-rows.ts'

export type Scan = Pick<CompiledEntity, 'key' | 'scan'>

/** Range scans over places came with release 14. */
const placeRanges = 140000

/** A partitioned table without a key has no places of its own: it is read as one range. */
export function chooseScan(table: CatalogTable, serverVersion: number): Scan {
  const key = chooseKey(table)
  if (key.length > 0 || !table.heap) return { key }
  return { key: [placeKey], scan: serverVersion >= placeRanges ? 'place_range' : 'place_list' }
}

/** The primary key, else the narrowest unique index; empty where no index can carry a scan. */
function chooseKey(table: CatalogTable): readonly CompiledKeyColumn[] {
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
