/** A table of the target that rows are moved into, with the table of the source that it stands for. */
import type { ShapedColumn } from '../plan/mapping/shape.ts'
import type { TableName } from '../projection/entity.ts'
import type { CompiledMapping } from '../projection/mapping.ts'
import type { CatalogColumn, CatalogTable } from '../source/catalog-rows.ts'
import type { CatalogConstraint } from '../source/catalog-rows-attached.ts'
import type { SchemaEntity } from './type-names.ts'

/** The part of a planned entity that decides what its table gets. */
export interface TargetEntity extends SchemaEntity {
  /** `schema.table` at the source. */
  readonly entity_name: string
  /** `schema.table` as the plan writes it. */
  readonly target_entity: string
  /** Estimate of the rows. */
  readonly records_total: number
  readonly definition: SchemaEntity['definition'] & {
    readonly columns: readonly { readonly source: string }[]
    readonly key: readonly { readonly column: string }[]
    readonly filter?: string
    readonly mapping?: Pick<CompiledMapping, 'strategy' | 'conflict'>
  }
  /** Of a mapped entity: the columns that its table has in the target. */
  readonly shape?: readonly ShapedColumn[]
}

export interface MovedTable {
  readonly entity: TargetEntity
  readonly table: CatalogTable
  readonly target: TableName
  /** Columns that the plan brings, generated ones included. */
  readonly columns: readonly CatalogColumn[]
  /** False where the target has the table already: it keeps what it has. */
  readonly isNew: boolean
  /** So few rows that keys and indexes may stand from the beginning. */
  readonly isSmall: boolean
  /** Made as a partitioned table; false for one that becomes an ordinary table. */
  readonly isPartitioned: boolean
  /** Set for a partition. */
  readonly parent: TableName | null
}

/** Up to here an index costs less with the rows than as a step of its own after them. */
const smallRows = 5000

export function movedTable(
  entity: TargetEntity,
  table: CatalogTable,
  isNew: boolean,
  isPartitioned: boolean,
): MovedTable {
  return {
    entity,
    table,
    target: entity.definition.target,
    columns: keptColumns(entity, table),
    isNew,
    isSmall: isNew && !isPartitioned && entity.records_total <= smallRows,
    isPartitioned,
    parent: null,
  }
}

/** Columns that an entity brings, generated ones included. */
export function keptColumns(entity: SchemaEntity, table: CatalogTable): readonly CatalogColumn[] {
  return table.columns.filter(({ name }) => entity.listed === null || entity.listed.includes(name))
}

/** Whether all of the columns come along. */
export function hasColumns(moved: MovedTable, names: readonly string[]): boolean {
  return names.every((name) => moved.columns.some((column) => column.name === name))
}

/**
 * Whether a check or foreign key is made with that of a parent. A child that is put under its parent
 * later needs its own.
 */
export function comesWithParent({ table }: MovedTable, constraint: CatalogConstraint): boolean {
  const { type, inherited } = constraint
  return (type === 'c' || type === 'f') && inherited && table.inherits.length === 0
}

/** For messages: the source's name. */
export function sourceName({ table }: MovedTable): string {
  return `${table.schema}.${table.name}`
}
