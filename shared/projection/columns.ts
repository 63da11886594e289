/** Columns of an entity: those that travel, and those of its key. */

export interface CompiledColumn {
  readonly source: string
  /** Of a mapped entity a column of the stage: `s0`, `s1` … */
  readonly target: string
  /** Type that the value travels in, as `format_type` prints it under an empty search path. */
  readonly type: string
  /** What is read at the source, as SQL over its row; absent: the column as it is. */
  readonly expression?: string
}

export interface CompiledKeyColumn {
  readonly column: string
  /** Type that a key text is cast to at the source; of a domain, its base type. */
  readonly type: string
  /** Schema of the type's ordering operators where that is not `pg_catalog` (citext and its like). */
  readonly operators?: string
}
