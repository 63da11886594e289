/** What a type of the source is called in the target. */
import { quoteQualified } from '../projection/quote.ts'
import type { Catalog, CatalogType } from '../source/catalog-rows.ts'
import { extensionSchema } from './extensions.ts'
import type { TargetState } from './target-state.ts'

export interface NamedType {
  readonly schema: string
  readonly name: string
  /** What follows the name: modifiers and `[]`. */
  readonly suffix: string
}

/** The part of a planned entity that decides names and DDL. */
export interface SchemaEntity {
  readonly path: string
  readonly listed: readonly string[] | null
  readonly definition: {
    readonly source: { readonly schema: string; readonly table: string }
    readonly target: { readonly schema: string; readonly table: string }
  }
}

export interface TypeNames {
  /** Schema in the target for what lies in a schema of the source. */
  schemaOf(sourceSchema: string): string
  /** Undefined for a type that the server brings itself. */
  find(oid: string): CatalogType | undefined
  /** Entity whose table has this row type. */
  rowTypeOwner(oid: string): SchemaEntity | undefined
  /** Null where the type is built in: its text is the same everywhere. */
  named(text: string, oid: string): NamedType | null
  /** Text for DDL. */
  text(text: string, oid: string): string
}

/**
 * A type follows its schema: where the plan renames the schema, or where every table of that schema
 * goes to one other schema. A type of an extension lies where the target has the extension.
 */
export function typeNames(
  catalog: Catalog,
  entities: readonly SchemaEntity[],
  renamedSchemas: Readonly<Record<string, string>>,
  target: TargetState,
): TypeNames {
  const types = new Map(catalog.types.map((type) => [type.oid, type]))
  const rowTypes = rowTypeOwners(catalog, entities)
  const schemas = new Map<string, string>()
  const schemaOf = (schema: string): string => {
    const known = schemas.get(schema)
    if (known !== undefined) return known
    const mapped = mappedSchema(schema, entities, renamedSchemas)
    schemas.set(schema, mapped)
    return mapped
  }
  const place = (type: CatalogType): string =>
    type.extension === null ? schemaOf(type.schema) : extensionSchema(type.extension, target)
  const named = (text: string, oid: string): NamedType | null => {
    const type = types.get(oid)
    if (type !== undefined) {
      return { schema: place(type), name: type.name, suffix: text.slice(type.qualified.length) }
    }
    const owner = rowTypes.get(oid)?.definition.target
    if (owner === undefined) return null
    return { schema: owner.schema, name: owner.table, suffix: text.endsWith('[]') ? '[]' : '' }
  }
  return {
    schemaOf,
    find: (oid) => types.get(oid),
    rowTypeOwner: (oid) => rowTypes.get(oid),
    named,
    text(text, oid) {
      const name = named(text, oid)
      return name === null ? text : `${quoteQualified(name.schema, name.name)}${name.suffix}`
    },
  }
}

function mappedSchema(
  schema: string,
  entities: readonly SchemaEntity[],
  renamedSchemas: Readonly<Record<string, string>>,
): string {
  const renamed = Object.hasOwn(renamedSchemas, schema) ? renamedSchemas[schema] : undefined
  if (renamed !== undefined) return renamed
  const goals = entities
    .filter(({ definition }) => definition.source.schema === schema)
    .map(({ definition }) => definition.target.schema)
  const [only, ...others] = new Set(goals)
  return only !== undefined && others.length === 0 ? only : schema
}

function rowTypeOwners(catalog: Catalog, entities: readonly SchemaEntity[]) {
  const byName = new Map(entities.map((entity) => [key(entity.definition.source), entity]))
  return new Map(
    catalog.tables.flatMap((table) => {
      const entity = byName.get(key({ schema: table.schema, table: table.name }))
      return entity === undefined ? [] : [[table.row_type, entity] as const]
    }),
  )
}

const key = (name: { readonly schema: string; readonly table: string }) =>
  JSON.stringify([name.schema, name.table])
