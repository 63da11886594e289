/** What the model of log capture knows of both databases and of the workers between them. */
import type { SyncStep } from '../../../shared/platform/failpoint-names.ts'

/** One switch a rule; every value but those of `protocol` is a mutation. */
export interface Rules {
  /** Whether a batch waits until new snapshots see all transactions whose changes it has peeked. */
  readonly wait: boolean
  /** When the slot is moved: after the commit of what was peeked, or before it. */
  readonly advance: 'after the commit' | 'before the commit'
  /** Whether a position that the target has recorded is left out of the next record. */
  readonly position: 'heeded' | 'ignored'
  readonly fence: 'locked' | 'none'
}

export const protocol: Rules = {
  wait: true,
  advance: 'after the commit',
  position: 'heeded',
  fence: 'locked',
}

/** A version is the number of the transaction that wrote it; the copy brought version 0. */
export type Version = number
export const ABSENT: Version = -1
export const UNTOUCHED: Version = -2
export const KEYS = [0, 1] as const

export interface Transaction {
  /** `logged`: its commit record is in the log, and snapshots do not see it yet. */
  readonly status: 'unborn' | 'active' | 'logged' | 'visible' | 'rolled back'
  readonly key: number
  readonly version: Version
}

export interface Worker {
  readonly at: SyncStep | 'idle'
  readonly claim: 'current' | 'superseded' | 'done'
  /** What was peeked: the changes after one position, up to and with another one. */
  readonly after: number
  readonly upTo: number
  readonly keys: number
  readonly writes: readonly Version[]
}

export interface State {
  readonly rows: readonly Version[]
  readonly transactions: readonly Transaction[]
  /** Transactions by the order of their commit records; a position counts the records before it. */
  readonly log: readonly number[]
  /** The position from which the slot still has the changes. */
  readonly slot: number
  readonly target: {
    readonly versions: readonly Version[]
    /** The position up to which changed keys were recorded. */
    readonly position: number
    /** Keys that were recorded and not applied yet, as a mask. */
    readonly pending: number
    readonly phase: 'log' | 'sync'
    readonly batch: 'ready' | 'held'
  }
  readonly workers: readonly Worker[]
}

const unborn: Transaction = { status: 'unborn', key: -1, version: UNTOUCHED }

export const idle: Worker = {
  at: 'idle',
  claim: 'current',
  after: 0,
  upTo: 0,
  keys: 0,
  writes: [UNTOUCHED, UNTOUCHED],
}

/** The first key was copied; the second one is not there yet. */
export const initialState: State = {
  rows: [0, ABSENT],
  transactions: [unborn, unborn],
  log: [],
  slot: 0,
  target: { versions: [0, ABSENT], position: 0, pending: 0, phase: 'log', batch: 'ready' },
  workers: [idle, idle],
}

/** One text for states that differ only in which worker is which. */
export function keyOf(
  rules: Rules,
  { rows, transactions, log, slot, target, workers }: State,
): string {
  const { versions, position, pending, phase, batch } = target
  return [
    rows,
    transactions.map(({ status, key, version }) => `${status}${key}${version}`),
    log,
    slot,
    [versions, position, pending, phase, batch],
    workers.map((worker) => workerKey(rules, worker)).sort(),
  ].join('|')
}

export function workerKey(rules: Rules, worker: Worker): string {
  const { at, claim, after, upTo, keys, writes } = worker
  if (at === 'idle') return ''
  // Nobody else will ever see what such a worker has.
  return willBeRefused(rules, worker) ? at : `${at}${claim}${after},${upTo},${keys},${writes}`
}

/** Before the fence with an attempt that is not the batch's, under the rules as they should be. */
export function willBeRefused({ fence, advance }: Rules, { at, claim }: Worker): boolean {
  if (fence !== 'locked' || advance !== 'after the commit' || claim === 'current') return false
  return at.endsWith('.claimed') || at === 'log.peeked'
}

export function show({ rows, log, slot, target, workers }: State): Record<string, string> {
  const { versions, position, pending, phase, batch } = target
  const row = (v: Version, key: number): string => `k${key + 1}=${v === ABSENT ? '-' : `v${v}`}`
  return {
    source: rows.map(row).join(' '),
    log: log.map((transaction) => `v${transaction + 1}`).join(' ') || 'empty',
    slot: `${slot}`,
    target: versions.map(row).join(' '),
    recorded: `${position}`,
    pending: KEYS.flatMap((key) => (pending & (1 << key) ? [`k${key + 1}`] : [])).join(' ') || '-',
    queue: `${phase} ${batch}`,
    ...Object.fromEntries(workers.map((w, index) => [`worker ${index + 1}`, work(w)])),
  }
}

function work({ at, claim, after, upTo, writes }: Worker): string {
  if (at === 'idle') return 'idle'
  const peeked = at.startsWith('log') && upTo > 0 ? ` has peeked (${after}, ${upTo}]` : ''
  const rows = writes.flatMap((v, key) => (v === UNTOUCHED ? [] : [` writes k${key + 1}=v${v}`]))
  return `${claim}${peeked}${rows.join('')}`.replaceAll(`v${ABSENT}`, '-')
}
