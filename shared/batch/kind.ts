/** What every kind of batch has in common: one claimed batch, done and committed. */
import type { Platform } from '../platform/platform.ts'
import type { ClaimedBatch } from '../target/control.ts'
import type { Lane } from './lane.ts'

export interface Work {
  /** Rows that went through this function. */
  readonly rows: number
  readonly bytes: number
}

/** Asked when the work is done: whether its commit is the last of the call. */
export type LastOfCall = (work: Work) => boolean

/**
 * Does one claimed batch and commits it.
 * @throws FerryError `fenced` where another attempt has taken the batch; any failure of either side
 */
export type BatchKind = (
  platform: Platform,
  lane: Lane,
  batch: ClaimedBatch,
  lastOfCall: LastOfCall,
) => Promise<Work>
