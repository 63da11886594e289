/** What the holder of a batch is told besides its range. Plain JSON. */

export type WorkKind =
  | 'copy'
  | 'settle'
  | 'verify'
  | 'repair'
  | 'replay'
  | 'look'
  | 'sync'
  | 'log'
  | 'reconcile'
  | 'deletes'
  | 'cutover'

/** Empty for a batch of kind copy. */
export interface VerificationTask {
  readonly mode?: 'counts' | 'sample' | 'full'
  /** A whole number as text: it may have 64 bits. */
  readonly seed?: string
  readonly sample_rows?: number
  /** Rows of the entity that the copy has read. */
  readonly rows_total?: number
}

/** Empty for a batch that belongs to no sweep. */
export interface SweepTask {
  /** Of a batch of kind reconcile: all rows, all keys, or keys of which the target alone knows. */
  readonly scope?: 'changes' | 'deletes' | 'hash' | 'keys' | 'gone'
  /** How a batch of kind sync finds its rows. */
  readonly strategy?: 'timestamp' | 'beyond' | 'xmin' | 'id' | 'keys'
  /** A window of time, in ISO 8601. */
  readonly low?: string
  readonly high?: string
  /** A transaction id of 64 bits, as digits. */
  readonly xmin?: string
  /** The largest id that is known to be in. */
  readonly after?: string | null
  /** Of a batch of kind log: the position that the sweep reads up to; the first one of a sweep decides it. */
  readonly through?: string
  /** Whether more rows may be deleted than the plan lets go at once. */
  readonly allow_deletes?: boolean
}

/** Empty for a batch that belongs to no cut-over. */
export interface CutoverTask {
  readonly phase?: 'check' | 'freeze' | 'sequences' | 'analyze' | 'unfreeze'
  /** At the source, that is made read-only. */
  readonly role?: string
  /** What its setting was before; absent where it had none. */
  readonly former?: string
  readonly rehearsal?: boolean
}
