/** What the model knows of both databases and of the workers between them. Times are small integers. */
import type { SyncStep } from '../../../shared/platform/failpoint-names.ts'
import type { Rules } from './rules.ts'

/** A version is the number of the transaction that wrote it; the copy brought version 0. */
export type Version = number
export const ABSENT: Version = -1
/** In a worker's writes: the key is not written. */
export const UNTOUCHED: Version = -2

export interface Row {
  readonly version: Version
  readonly updatedAt: number
}

export interface Transaction {
  readonly status: 'unborn' | 'active' | 'committed' | 'rolled back'
  readonly start: number
  /** What it has written, and with it locked; -1: no key. */
  readonly key: number
  readonly row: Row | undefined
}

/** What a sweep does: copy what a timestamp tells, compare the keys as well, or compare all rows. */
export type Scope = 'changes' | 'keys' | 'rows'

export type Kind = 'look' | 'sync' | 'reconcile' | 'deletes'

export interface Batch {
  readonly status: 'none' | 'ready' | 'held'
  /** Its range, as a mask of keys. */
  readonly keys: number
}

export interface Target {
  readonly versions: readonly Version[]
  readonly watermark: number
  /** Where the sweep is: there is never more than one. */
  readonly phase: 'look' | 'rows' | 'deletes'
  readonly scope: Scope
  /** The end of the window of the sweep that is on. */
  readonly horizon: number
  /** Of kind sync, carved off it, of kind reconcile; a look or deletes in the first place. */
  readonly batches: readonly Batch[]
  /** Keys that a comparison found at the target only, as a mask. */
  readonly gone: number
}

export interface Worker {
  readonly at: SyncStep | 'idle' | 'look.read clock' | 'look.read transactions' | 'look.read rows'
  readonly batch: number
  /** The attempt is the batch's; another one is; the batch is completed, which the worker missed. */
  readonly claim: 'current' | 'superseded' | 'done'
  /** The window: of its batch, or what a look has found out so far. */
  readonly from: number
  readonly to: number
  /** Keys in its care, as a mask: of its range, found by a look, differing. */
  readonly keys: number
  /** Keys that a comparison found at the target only. */
  readonly extras: number
  /** What its open transaction writes, by key. */
  readonly writes: readonly Version[]
  /** What a look saw of the rows' timestamps, by key. */
  readonly seen: readonly (number | undefined)[]
}

export interface State {
  readonly clock: number
  readonly rows: readonly (Row | undefined)[]
  readonly transactions: readonly Transaction[]
  readonly target: Target
  readonly workers: readonly Worker[]
}

/** Whether the worker is in its target transaction, past the fence. */
export function inTransaction({ at }: Worker): boolean {
  return /\.(begun|staged|applied|completed)$/.test(at)
}

/** Before the fence with an attempt that is not the batch's, under the rules as they should be. */
export function willBeRefused({ fence, retry }: Rules, worker: Worker): boolean {
  if (fence !== 'locked' || retry !== 'fenced' || worker.claim === 'current') return false
  return !inTransaction(worker)
}

export const KEYS = [0, 1] as const
export const NOTHING_WRITTEN: readonly Version[] = [UNTOUCHED, UNTOUCHED]

export const idle: Worker = {
  at: 'idle',
  batch: 0,
  claim: 'current',
  from: 0,
  to: 0,
  keys: 0,
  extras: 0,
  writes: NOTHING_WRITTEN,
  seen: [],
}

const unborn: Transaction = { status: 'unborn', start: 0, key: -1, row: undefined }

export const none: Batch = { status: 'none', keys: 0 }

/** A queue with these batches in it: the place of each, and its range. */
export function batchesWith(
  ...places: readonly (readonly [place: number, keys: number])[]
): Batch[] {
  const batches = [none, none, none]
  for (const [place, keys] of places) batches[place] = { status: 'ready', keys }
  return batches
}

/** The first key was copied, a while ago; the second one is not there yet. */
export const initialState: State = {
  clock: 2,
  rows: [{ version: 0, updatedAt: 0 }, undefined],
  transactions: [unborn, unborn],
  target: {
    versions: [0, ABSENT],
    watermark: 1,
    phase: 'look',
    scope: 'changes',
    horizon: 0,
    batches: batchesWith([0, 0b11]),
    gone: 0,
  },
  workers: [idle, idle],
}
