/** Foreign keys between the tables that are moved, by the names of the target. */
import type { CompiledEntity, CompiledReference } from '../projection/entity.ts'
import type { CatalogTable } from '../source/catalog-rows.ts'
import { formatTableName } from './names.ts'

/** An entity before its references are known. */
export interface ReferringEntity {
  readonly definition: CompiledEntity
  /** Columns that the plan lists, generated ones among them; null takes all. */
  readonly listed: readonly string[] | null
}

/**
 * All foreign keys of a table that can be followed in the target, whether or not it declares them.
 * @param moved by `schema.table` at the source
 */
export function compileReferences(
  table: CatalogTable,
  moved: ReadonlyMap<string, ReferringEntity>,
): CompiledReference[] {
  const own = moved.get(formatTableName({ schema: table.schema, table: table.name }))
  return table.constraints.flatMap(({ name, reference, ...constraint }) => {
    // One that is inherited points at a partition, whose root is pointed at by another.
    if (reference === null || constraint.period || constraint.inherited) return []
    const other = moved.get(formatTableName(reference))
    const columns = targetNames(own, constraint.columns)
    const referenced_columns = targetNames(other, reference.columns)
    if (other === undefined || columns === undefined || referenced_columns === undefined) return []
    return [
      {
        name,
        columns,
        source_columns: constraint.columns,
        referenced: other.definition.target,
        referenced_columns,
        match_full: reference.match_full,
        validated: constraint.validated && constraint.enforced,
      },
    ]
  })
}

/** Undefined where one of them is not moved. */
function targetNames(
  entity: ReferringEntity | undefined,
  names: readonly string[],
): readonly string[] | undefined {
  if (entity === undefined) return undefined
  const { definition, listed } = entity
  if (!names.every((name) => listed === null || listed.includes(name))) return undefined
  return names.map((name) => targetName(definition, name))
}

/** A generated column is not copied and keeps its name. */
export function targetName(definition: Pick<CompiledEntity, 'columns'>, name: string): string {
  return definition.columns.find(({ source }) => source === name)?.target ?? name
}
