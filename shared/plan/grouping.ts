/** Whether the server can tell equal values of a type from others: what `group by` needs. */
import type { CatalogType } from '../source/catalog-rows.ts'

/** Built-in types without an order and a hash. */
const incomparable = new Set([
  'json',
  'xml',
  'point',
  'lseg',
  'path',
  'box',
  'polygon',
  'line',
  'circle',
  'txid_snapshot',
  'pg_snapshot',
  'refcursor',
])

/** @param type as `format_type` prints it; @param oid of an array its element's */
export function groupsAlike(type: string, oid: string, types: readonly CatalogType[]): boolean {
  const own = types.find((each) => each.oid === oid)
  switch (own?.kind) {
    case undefined:
      return !incomparable.has(type.replace(/(\(.*\))?(\[\])*$/, ''))
    case 'domain':
      return groupsAlike(own.base, own.base_oid, types)
    case 'composite':
      return own.attributes.every((each) => groupsAlike(each.type, each.type_oid, types))
    case 'base':
      return own.extension === 'citext'
    case 'enum':
    case 'range':
    case 'multirange':
      return true
  }
}
