/**
 * A plan entity after compilation: everything that reading and loading one table needs to know.
 * Stored as jsonb (`definition`) with the migration, so every field is plain JSON.
 */

/** A table by schema and name, unquoted, as the catalog spells it. */
export interface TableName {
  readonly schema: string
  readonly table: string
}

export interface CompiledColumn {
  readonly source: string
  readonly target: string
  /** Type at the source as `format_type` prints it under an empty search path. */
  readonly type: string
}

export interface CompiledKeyColumn {
  readonly column: string
  /** Type that a key text is cast to at the source; of a domain, its base type. */
  readonly type: string
  /** Schema of the type's ordering operators where that is not `pg_catalog` (citext and its like). */
  readonly operators?: string
}

export interface CompiledEntity {
  readonly source: TableName & {
    /** A partitioned parent is read with its partitions; any other table with `only`. */
    readonly partitioned: boolean
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
  /** Condition on the rows that are moved, as SQL of the source; absent: all of them. */
  readonly filter?: string
}

/** Key texts, one per key column, as the source server printed them. */
export type KeyTexts = readonly string[]

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
