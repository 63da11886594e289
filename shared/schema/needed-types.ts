/** Which types the columns of the entities need, through domains, composites and ranges. */
import type { CatalogTable, CatalogType } from '../source/catalog-rows.ts'
import type { SchemaEntity, TypeNames } from './type-names.ts'

export interface NeededType {
  readonly text: string
  readonly oid: string
}

/** Types that a type is made of. */
export function partsOf(type: CatalogType): readonly NeededType[] {
  switch (type.kind) {
    case 'domain':
      return [{ text: type.base, oid: type.base_oid }]
    case 'composite':
      return type.attributes.map((each) => ({ text: each.type, oid: each.type_oid }))
    case 'range':
      return [{ text: type.subtype, oid: type.subtype_oid }]
    case 'multirange':
      return [{ text: type.qualified, oid: type.range_oid }]
    case 'enum':
    case 'base':
      return []
  }
}

/** Types of the columns that an entity brings, generated ones included. */
export function columnTypes(entity: SchemaEntity, table: CatalogTable): readonly NeededType[] {
  return table.columns
    .filter(({ name }) => entity.listed === null || entity.listed.includes(name))
    .map((column) => ({ text: column.type, oid: column.type_oid }))
}

export interface Needed {
  /** User-defined types, each once. */
  readonly types: readonly CatalogType[]
  /** Texts of types that are neither user-defined nor rows of a selected table. */
  readonly builtin: readonly string[]
}

/** Everything reachable from `roots`; an extension's type is a leaf. */
export function neededTypes(
  roots: readonly NeededType[],
  types: Pick<TypeNames, 'find' | 'rowTypeOwner'>,
): Needed {
  const found = new Map<string, CatalogType>()
  const builtin = new Set<string>()
  const open = [...roots]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const type = types.find(next.oid)
    if (type === undefined) {
      if (types.rowTypeOwner(next.oid) === undefined) builtin.add(next.text)
    } else if (!found.has(type.oid)) {
      found.set(type.oid, type)
      if (type.extension === null) open.push(...partsOf(type))
    }
  }
  return { types: [...found.values()], builtin: [...builtin] }
}
