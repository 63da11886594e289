/**
 * The direct load of a mapped entity that refuses nothing: its rows are made at the source and go by COPY
 * straight into the target, and so do their entries in the map. Both are read in one snapshot. Stored as
 * jsonb inside the definition.
 */
import type { CompiledColumn } from './columns.ts'

export interface CompiledDirect {
  /** Of the target. What is read for them can never raise, on any release. */
  readonly columns: readonly CompiledColumn[]
  readonly format?: 'binary'
  /** `entity_name` of parents whose rows need not be there first: their ids are made of their keys. */
  readonly ahead_of: readonly string[]
  /** What the map records of a row, as SQL over a row of the source; null where the key is preserved. */
  readonly map: {
    readonly key: string
    /** As bytes: the map travels in binary. */
    readonly id: string
  } | null
}
