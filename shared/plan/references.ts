/** Foreign keys between the tables that are moved, by the names of the target. */
import type { CompiledEntity, CompiledReference } from '../projection/entity.ts'
import type { CatalogTable } from '../source/catalog-rows.ts'
import type { ShapedColumn } from './mapping/shape.ts'
import { formatTableName } from './names.ts'

/** An entity before its references are known. */
export interface ReferringEntity {
  readonly entity_name: string
  readonly definition: CompiledEntity
  /** Columns that the plan lists, generated ones among them; null takes all. */
  readonly listed: readonly string[] | null
  readonly shape?: readonly ShapedColumn[]
}

/**
 * All foreign keys of a table that can be followed in the target, whether or not it declares them.
 * Those that a mapping turns into a reference of its own are left to it.
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
    if (own === undefined || other === undefined) return []
    const pairs = constraint.columns.flatMap((column, at) => {
      const from = carrier(own, column)
      const to = carrier(other, reference.columns[at]!)
      return from !== undefined && to !== undefined && isSame(from, to) ? [{ from, to }] : []
    })
    if (pairs.length < constraint.columns.length) return []
    const [only, ...others] = pairs
    if (others.length === 0 && only?.from.id !== undefined) return []
    return [
      {
        name,
        columns: pairs.map(({ from }) => from.target),
        source_columns: constraint.columns,
        referenced: other.definition.target,
        referenced_columns: pairs.map(({ to }) => to.target),
        match_full: reference.match_full,
        validated: constraint.validated && constraint.enforced,
      },
    ]
  })
}

/** What holds a column of the source in the target. */
interface Carrier {
  readonly target: string
  /** Entity whose ids it holds instead of the source's value. */
  readonly id?: string
  /** Where a mapping has a say in it. */
  readonly type?: string
}

/** Undefined where the column is not moved. */
function carrier(entity: ReferringEntity, name: string): Carrier | undefined {
  const { definition, listed, shape, entity_name } = entity
  if (shape === undefined) {
    if (listed !== null && !listed.includes(name)) return undefined
    return { target: targetName(definition, name) }
  }
  const isKey = definition.key.length === 1 && definition.key[0]?.column === name
  for (const { target, type, from, reference, is_id } of shape) {
    if (from === name) return { target, type }
    if (reference !== null && reference.source_columns.join() === name) {
      return { target, id: reference.entity_name }
    }
    if (is_id && from === null && reference === null && isKey) return { target, id: entity_name }
  }
  return undefined
}

function isSame(one: Carrier, other: Carrier): boolean {
  if (one.id !== other.id) return false
  // What the mapping of one of them left alone can still be compared with a column of its own type.
  return one.type === undefined || other.type === undefined || one.type === other.type
}

/** A generated column is not copied and keeps its name, as all do that are there under their own. */
export function targetName(
  { columns, mapping }: Pick<CompiledEntity, 'columns' | 'mapping'>,
  name: string,
): string {
  if (mapping !== undefined) return name
  return columns.find(({ source }) => source === name)?.target ?? name
}

/** Columns that are in the target as they are at the source, by both names. */
export function copiedColumns(
  { definition, shape }: ReferringEntity,
  table: CatalogTable,
): { readonly source: string; readonly target: string }[] {
  if (shape === undefined) {
    return definition.columns.map(({ source }) => ({
      source,
      target: targetName(definition, source),
    }))
  }
  const types = new Map(table.columns.map(({ name, type }) => [name, type]))
  return shape.flatMap(({ from, target, type }) =>
    from !== null && types.get(from) === type ? [{ source: from, target }] : [],
  )
}
