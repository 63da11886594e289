/** How an entity follows its source after the first copy. Stored as jsonb inside the definition. */
import type { CompiledColumn, CompiledKeyColumn } from './columns.ts'
import type { CompiledMapping } from './mapping.ts'

/** By what changes are found: a time, the server's transaction ids, a growing id, digests, or the server's log. */
export type SyncStrategy = 'timestamp' | 'xmin' | 'id' | 'hash' | 'log'

/** changes: by the strategy; deletes: all keys compared; hash: all rows compared. */
export type SyncScope = 'changes' | 'deletes' | 'hash'

export interface CompiledSync {
  readonly strategy: SyncStrategy
  /** The column that strategies timestamp and id watch. */
  readonly column?: CompiledKeyColumn
  /** Zone that a `timestamp without time zone` is written in. */
  readonly zone?: string
  /** Seconds that a window of strategy timestamp reaches back behind its watermark. */
  readonly overlap_seconds: number
  /** What becomes of the target's row when the source has none any more. */
  readonly deletes: 'delete' | 'mark' | 'report'
  /** Column of the target that marks such a row: when it was found gone, or that it is. */
  readonly mark?: {
    readonly column: string
    readonly type: 'timestamptz' | 'timestamp' | 'boolean'
  }
  /** What becomes of the target's row when its new version is refused. */
  readonly invalid: 'keep' | 'delete'
  /** More rows gone than both of these at once stop the sync until somebody has looked. */
  readonly delete_limit: { readonly rows: number; readonly share: number }
  /**
   * How rows of a plain entity are staged, so that what differs can be told and refused row by row.
   * Absent: the entity is mapped, or nothing tells its rows apart.
   */
  readonly stage?: {
    readonly columns: readonly CompiledColumn[]
    readonly mapping: CompiledMapping
  }
}

/** The part of an entity that this is about: the whole of it holds a `CompiledSync`. */
interface Staged {
  readonly columns: readonly CompiledColumn[]
  readonly mapping?: CompiledMapping
  readonly format?: 'binary'
  readonly sync?: CompiledSync
}

/**
 * The entity as a sweep stages it: a plain one by its implicit mapping, as text. One without a key stays
 * plain. `migration._sync_definition` is the same in SQL.
 */
export function stagedEntity<Entity extends Staged>(entity: Entity): Omit<Entity, 'format'> {
  const stage = entity.sync?.stage
  if (stage === undefined) return entity
  const { format: _format, ...others } = entity
  return { ...others, ...stage }
}
