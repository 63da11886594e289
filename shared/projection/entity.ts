/**
 * A plan entity after compilation: everything that reading and loading one table needs to know.
 * Stored as jsonb (`definition`) with the migration, so every field is plain JSON.
 */

import type { CompiledColumn, CompiledKeyColumn } from './columns.ts'
import type { CompiledDirect } from './direct.ts'
import type { KeyTexts } from './key-texts.ts'
import type { CompiledMapping } from './mapping.ts'
import type { CompiledSync } from './sync.ts'
import type { TableName } from './table-name.ts'

export type { CompiledColumn, CompiledKeyColumn, KeyTexts, TableName }

export interface CompiledEntity {
  readonly source: TableName & {
    /** A partitioned parent is read with its partitions; any other table with `only`. */
    readonly partitioned: boolean
    /** Of the columns that the plan was compiled for (`source-schema.ts`); absent where there is none. */
    readonly digest?: string
  }
  readonly target: TableName
  /** Columns in table order; generated ones are left out. */
  readonly columns: readonly CompiledColumn[]
  /** Columns of the key in index order; empty: the table is read as one range. */
  readonly key: readonly CompiledKeyColumn[]
  /**
   * How a table is read whose key is `ctid`, the place of a row: by a range of places, or by a list of
   * them before release 14, which knows no range scan. Absent for a key that an index orders.
   */
  readonly scan?: 'place_range' | 'place_list'
  /** COPY's binary format, where every column's type has the same form on both sides; absent: text. */
  readonly format?: 'binary'
  /** The target had the table before the migration: it keeps what it had. */
  readonly existed?: true
  /** Condition on the rows that are moved, as SQL of the source; absent: all of them. */
  readonly filter?: string
  /** What the target makes of the rows; absent: they are the target's rows as they are. */
  readonly mapping?: CompiledMapping
  /** How its rows can go straight into the target; absent: they are staged. */
  readonly direct?: CompiledDirect
  /** Batches run one after the other, rows in the order of the key: which row wins depends on it. */
  readonly serial?: true
  /** What must hold of the rows in the target; absent: nothing. */
  readonly rules?: readonly CompiledRule[]
  /** What must have a row to point at in the target; absent: nothing. */
  readonly references?: readonly CompiledReference[]
  /** Queries whose plans are compared; with the first entity alone, and those of all. */
  readonly queries?: readonly CompiledQuery[]
  /** How it is kept in step after the copy; absent: it is moved once. */
  readonly sync?: CompiledSync
}

/** A rule of the plan: either a condition or columns of the target. */
export interface CompiledRule {
  /** Of its own among the rules of an entity. */
  readonly name: string
  /** Of what it finds. */
  readonly severity: 'failed' | 'warning'
  readonly rule: string
  /** Names at the source; of a mapped entity, in the target. */
  readonly columns: readonly string[]
  /** SQL that holds for a row of the target that violates the rule. */
  readonly violation?: string
  /** Columns of the target that are not to repeat together. */
  readonly unique?: readonly string[]
}

/** A foreign key of the source as the target has to satisfy it. Names, not SQL. */
export interface CompiledReference {
  readonly name: string
  readonly columns: readonly string[]
  /** What the source has instead; of a reference that a mapping makes, maybe more or fewer. */
  readonly source_columns: readonly string[]
  readonly referenced: TableName
  /** In the order of `columns`. */
  readonly referenced_columns: readonly string[]
  /** MATCH FULL: null in all columns or in none. */
  readonly match_full: boolean
  /** Whether the source has made sure that it holds there. */
  readonly validated: boolean
}

/** A chosen query, complete for each side. */
export interface CompiledQuery {
  readonly name: string
  /** `entity_name` of what it asks. */
  readonly entity: string
  readonly source: string
  readonly target: string
}

/** Half-open range of keys `(after, through]`; null is an open end. */
export interface KeyRange {
  readonly after: KeyTexts | null
  readonly through: KeyTexts | null
}

/** Rows that a condition picks: those that a repair copies again. */
export interface ChosenRows {
  readonly condition: string
}

export type RowSet = KeyRange | ChosenRows
