/** Columns that say when a row was last changed, by the names that they usually have. */
import type { Catalog, CatalogColumn, CatalogTable } from '../../source/catalog-rows.ts'
import { watchedType, withoutZone, withZone } from './watched-column.ts'

/** In small letters, without what parts the words; the surer ones first. */
const usual = [
  'updatedat',
  'updatedon',
  'modifiedat',
  'modifiedon',
  'changedat',
  'changedon',
  'lastmodified',
  'lastmodifiedat',
  'lastmodifiedon',
  'lastmodifieddate',
  'lastupdated',
  'lastupdatedat',
  'lastupdatedon',
  'lastupdate',
  'lastchanged',
  'lastchange',
  'updated',
  'modified',
  'changed',
  'mtime',
  'updatetime',
  'updatedtime',
  'modifytime',
  'modifiedtime',
  'changetime',
  'modificationtime',
  'updatedate',
  'updateddate',
  'modifieddate',
  'modificationdate',
  'changedate',
  'dateupdated',
  'datemodified',
  'datechanged',
  'timemodified',
  'timeupdated',
  'lastmod',
  'writedate',
  'sysupdatedon',
]

/** The likeliest of a table; undefined where none has such a name and is a timestamp. */
export function usualColumn(table: CatalogTable, catalog: Catalog): CatalogColumn | undefined {
  const placed = table.columns.flatMap((column) => {
    const place = usual.indexOf(column.name.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
    const type = watchedType(column, catalog)
    const isTime = type === withZone || type === withoutZone
    return place >= 0 && isTime && column.readable ? [{ column, place }] : []
  })
  return placed.toSorted((a, b) => a.place - b.place)[0]?.column
}
