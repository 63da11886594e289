/**
 * The tables of mapped entities as they are to be. The makers of DDL know the source's tables only, so
 * they are given a catalog in which a mapping has been carried out already: columns renamed, retyped
 * and computed, and what hangs on them moved along.
 */
import type { Note } from '../plan/problem.ts'
import type { Catalog, CatalogTable } from '../source/catalog-rows.ts'
import type { CatalogExpression, CatalogSequence } from '../source/catalog-rows-attached.ts'
import type { TargetEntity } from './moved-table.ts'
import { key } from './names.ts'
import { carriersOf } from './shape/carriers.ts'
import { mentioned, renameColumns, type Straight } from './shape/column-text.ts'
import { type MappedEntity, type ShapedColumns, shapeColumns } from './shape/columns.ts'
import { type End, shapeForeignKey } from './shape/foreign-keys.ts'
import { nowhere, type Places, shapeConstraint, shapeIndex } from './shape/keys.ts'
import type { TargetTable } from './target-state.ts'

export interface ShapedCatalog {
  readonly catalog: Catalog
  /** Each with the columns of its shaped table. */
  readonly entities: readonly TargetEntity[]
  readonly notes: readonly Note[]
}

/** A table of the source, or a partition, with what becomes of it. */
interface Piece extends End {
  readonly source: CatalogTable
  readonly entity: TargetEntity
  /** Null for a table that goes as it is. */
  readonly shaped: ShapedColumns | null
}

/** @param existing tables that the target has: they keep what they have */
export function shapeCatalog(
  entities: readonly TargetEntity[],
  catalog: Catalog,
  existing: readonly TargetTable[] = [],
): ShapedCatalog {
  if (!entities.some(isMapped)) return { catalog, entities, notes: [] }
  const pieces = piecesOf(entities, catalog, existing)
  const shape = (table: CatalogTable): CatalogTable => {
    const piece = pieces.get(key(table.schema, table.name))
    return piece === undefined ? table : withForeignKeys(piece, pieces)
  }
  const roots = entities.map(
    ({ definition }) => pieces.get(key(definition.source.schema, definition.source.table))!,
  )
  return {
    catalog: {
      ...catalog,
      tables: catalog.tables.map(shape),
      partitions: catalog.partitions.map(shape),
      sequences: catalog.sequences.map((each) => shapeSequence(each, pieces)),
    },
    entities: roots.map(shapeEntity),
    notes: roots.flatMap(({ shaped }) => shaped?.notes ?? []),
  }
}

function isMapped(entity: TargetEntity): entity is MappedEntity {
  return entity.shape !== undefined
}

function piecesOf(
  entities: readonly TargetEntity[],
  { tables, partitions, types }: Catalog,
  existing: readonly TargetTable[],
): ReadonlyMap<string, Piece> {
  const found = new Map(existing.map((table) => [key(table.schema, table.table), table]))
  const owners = new Map(
    entities.map((entity) => {
      const { schema, table } = entity.definition.source
      return [key(schema, table), entity]
    }),
  )
  const pieces = new Map<string, Piece>()
  for (const source of [...tables, ...partitions]) {
    const { schema, name, partition } = source
    const entity = owners.get(
      partition === null ? key(schema, name) : key(partition.root_schema, partition.root_table),
    )
    if (entity === undefined) continue
    const { target } = entity.definition
    const there = found.get(key(target.schema, target.table))
    const shaped = isMapped(entity) ? shapeColumns(entity, source, types, there) : null
    const kept = shaped === null ? entity : { ...entity, shape: shaped.shape }
    const carriers = carriersOf(kept, source)
    const table = shaped === null ? source : shapeTable(source, shaped, carriers)
    const isNew = there === undefined
    pieces.set(key(schema, name), { source, entity, shaped, carriers, table, isNew })
  }
  return pieces
}

/** Everything but the foreign keys, which need the keys of other tables. */
function shapeTable(
  source: CatalogTable,
  shaped: ShapedColumns,
  carriers: Places['carriers'],
): CatalogTable {
  const { straight } = shaped
  const nullable = { carriers, straight, required: new Set<string>() }
  const constraints = source.constraints.map((each) =>
    each.type === 'f' ? each : shapeConstraint(each, nullable),
  )
  const primary = new Set(constraints.flatMap((each) => (each.type === 'p' ? each.columns : [])))
  const columns = shaped.columns.map((each) =>
    primary.has(each.name) ? { ...each, not_null: true } : each,
  )
  const required = new Set(columns.flatMap(({ name, not_null }) => (not_null ? [name] : [])))
  const indexes = source.indexes.map((each) =>
    shapeIndex(each, { carriers, straight, required }, constraints),
  )
  const isIdentified = indexes.some(({ replica_identity }) => replica_identity)
  return {
    ...source,
    columns,
    constraints,
    indexes,
    // Nobody reads the target by them.
    keys: [],
    replica_identity:
      source.replica_identity === 'i' && !isIdentified ? 'd' : source.replica_identity,
    partition_key: partitionKey(source, straight, indexes),
  }
}

/** Over a column that is nowhere where the table cannot be divided as the source's is. */
function partitionKey(
  { partition_key: kept, columns }: CatalogTable,
  straight: Straight,
  indexes: CatalogTable['indexes'],
): CatalogExpression | null {
  if (kept === null) return null
  const names = mentioned(
    kept.text,
    columns.map(({ name }) => name),
  )
  const renamed = renameColumns({ ...kept, columns: names }, straight)
  // Rows are told apart within partitions only.
  const isDivided = (parts: readonly string[]) =>
    indexes.every(
      ({ unique, keys, columns: all }) =>
        !unique ||
        all.includes(nowhere) ||
        parts.every((part) => keys.some(({ column }) => column === part)),
    )
  return renamed === undefined || !isDivided(renamed.columns)
    ? { ...kept, columns: [nowhere] }
    : renamed
}

function withForeignKeys(piece: Piece, pieces: ReadonlyMap<string, Piece>): CatalogTable {
  const { table } = piece
  const constraints = table.constraints.map((each) => {
    if (each.reference === null) return each
    const other = pieces.get(key(each.reference.schema, each.reference.table))
    const isPlain = piece.shaped === null && (other === undefined || other.shaped === null)
    return isPlain ? each : shapeForeignKey(each, piece, other)
  })
  return { ...table, constraints }
}

/** A sequence goes with the column that keeps its values, and stays behind with a key that is replaced. */
function shapeSequence(
  sequence: CatalogSequence,
  pieces: ReadonlyMap<string, Piece>,
): CatalogSequence {
  const { owner } = sequence
  const piece = owner === null ? undefined : pieces.get(key(owner.schema, owner.table))
  if (owner === null || piece === undefined || piece.shaped === null) return sequence
  const column = piece.shaped.fed.get(owner.column)
  return { ...sequence, owner: column === undefined ? null : { ...owner, column } }
}

function shapeEntity({ entity, shaped }: Piece): TargetEntity {
  if (shaped === null) return entity
  const columns = shaped.columns.map(({ name }) => ({ source: name }))
  return { ...entity, listed: null, definition: { ...entity.definition, columns } }
}
