/** What is said between the control plane and the look that begins a sweep. Plain JSON. */
import type { CompiledEntity } from './entity.ts'
import type { SyncScope } from './sync.ts'

/** What a sweep knows of the source's server: `shared/sync/facts.ts` reads it. */
export interface SourceFacts {
  /** Server text of the time, in UTC, when nothing else had been read yet. */
  readonly clock: string
  /**
   * 64-bit transaction ids, as digits: the oldest in flight, and the next to be given out. A snapshot's
   * xmax is not that one: it follows the newest that has ended, and ids in flight may lie beyond it.
   */
  readonly xmin: string
  readonly next: string
  /** Start of the oldest transaction of this database that its session dates; null where there is none. */
  readonly oldest: string | null
  /** Whether a transaction may be at work that no session dates: a prepared one, or another role's. */
  readonly undated: boolean
  /** Bytes of the server's log up to now. */
  readonly log_position: string | null
  /** Null where the role may not see them. */
  readonly system: string | null
  readonly timeline: number | null
}

/** Of one entity, as the control plane asks it. */
export interface Question {
  readonly entity_status_id: string
  readonly entity_name: string
  /** No columns: a look reads none. */
  readonly definition: CompiledEntity
  readonly scope: SyncScope
  /** The watermark that the sweep goes on from. */
  readonly since: { readonly xmin?: string; readonly through?: string | null }
  /** Where the window begins, and the horizon, in ISO 8601. */
  readonly low: string | null
  readonly horizon: string
  /** Digest of the columns that the plan was compiled for; null where none is known. */
  readonly known_schema: string | null
}

/** A batch that the look asks for. */
export interface WantedBatch {
  readonly kind: 'sync' | 'reconcile' | 'log'
  readonly check?: string
  /** Rows that its holder may carve off; the control plane's choice where absent. */
  readonly rows?: number
  readonly task: Readonly<Record<string, string | boolean | null>>
}

export interface Answer extends Omit<Question, 'definition' | 'since' | 'low'> {
  /** Null: the table is not there any more. */
  readonly schema: string | null
  /** Of strategy id: the largest one. */
  readonly last_id?: string | null
  readonly batches: readonly WantedBatch[]
}
