/**
 * The rules of the protocol, one switch each. `protocol` is how it is; every other value of a switch is
 * a mistake that somebody could make, and a mutation that the model must turn red.
 */
export type Reading = 'clock' | 'transactions' | 'rows'

export interface Rules {
  /** In which order a look reads; each reading sees the source as it is at that moment. */
  readonly look: readonly Reading[]
  /** How far a sweep may go: to the oldest start in flight, to the clock, to the newest row. */
  readonly horizon: 'oldest in flight' | 'clock' | 'newest row'
  /** [from, to) or, wrong where timestamps tie, (from, to]. */
  readonly window: 'half-open' | 'wrong end'
  /** How far a window reaches back behind the watermark. */
  readonly overlap: number
  /** How far the clock that stamps rows may lag behind the one that the look reads. */
  readonly skew: number
  /** The batch's row locked where the attempt still holds it; only looked at; or nothing of the kind. */
  readonly fence: 'locked' | 'unlocked' | 'none'
  /** After a lost answer: through the fence as ever, or once more without a look at what is there. */
  readonly retry: 'fenced' | 'blind'
  readonly write: 'upsert' | 'insert'
  /** Which batch of a sweep moves the watermark. */
  readonly watermark: 'with the last batch' | 'with every batch'
  readonly reconcile: 'all' | 'no deletions' | 'never'
  /** Whether a deletion looks again at the source, under the fence. */
  readonly recheck: boolean
  /** The clock begins at 2 and goes up to this. */
  readonly lastTime: number
  /** What can befall a worker, as often as it likes. */
  readonly faults: readonly Fault[]
}

/** It dies; its lease ends and it goes on; its commit lands and it never hears of it. */
export type Fault = 'crash' | 'expiry' | 'lost answer'

export const protocol: Rules = {
  look: ['clock', 'transactions', 'rows'],
  horizon: 'oldest in flight',
  window: 'half-open',
  overlap: 0,
  skew: 0,
  fence: 'locked',
  retry: 'fenced',
  write: 'upsert',
  watermark: 'with the last batch',
  reconcile: 'all',
  recheck: true,
  lastTime: 3,
  faults: ['crash', 'expiry', 'lost answer'],
}
