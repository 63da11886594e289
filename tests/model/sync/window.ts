/** Which timestamps a sweep reads, and how far it may go. */
import type { Reading, Rules } from './rules.ts'
import type { State, Worker } from './state.ts'

/** Whether a window that begins at `from` reads a row with this timestamp, however late it ends. */
export function notBehind(rules: Rules, updatedAt: number, from: number): boolean {
  const begin = from - rules.overlap
  return rules.window === 'half-open' ? updatedAt >= begin : updatedAt > begin
}

export function inWindow(rules: Rules, updatedAt: number, from: number, to: number): boolean {
  const ended = rules.window === 'half-open' ? updatedAt < to : updatedAt <= to
  return ended && notBehind(rules, updatedAt, from)
}

/** The keys of the source in the window, as a mask. */
export function keysInWindow(
  rules: Rules,
  stamps: readonly (number | undefined)[],
  { from, to }: Pick<Worker, 'from' | 'to'>,
): number {
  return stamps.reduce<number>((mask, updatedAt, key) => {
    const inside = updatedAt !== undefined && inWindow(rules, updatedAt, from, to)
    return inside ? mask | (1 << key) : mask
  }, 0)
}

export function stampsOf(state: State): (number | undefined)[] {
  return state.rows.map((row) => row?.updatedAt)
}

/** One of the readings of a look. */
export function read(rules: Rules, state: State, reading: Reading, worker: Worker): Worker {
  switch (reading) {
    case 'clock':
      return { ...worker, to: Math.min(worker.to, state.clock) }
    case 'transactions':
      return { ...worker, to: Math.min(worker.to, oldestStart(rules, state)) }
    case 'rows':
      return { ...worker, seen: stampsOf(state) }
  }
}

/** What the look has found out, once it has read everything. */
export function concluded(rules: Rules, state: State, worker: Worker): Worker {
  const newest = Math.max(state.target.watermark, ...worker.seen.map((stamp) => (stamp ?? 0) + 1))
  const window = { from: worker.from, to: rules.horizon === 'newest row' ? newest : worker.to }
  return { ...worker, ...window, keys: keysInWindow(rules, worker.seen, window), seen: [] }
}

function oldestStart(rules: Rules, state: State): number {
  if (rules.horizon !== 'oldest in flight') return Number.POSITIVE_INFINITY
  const active = state.transactions.filter(({ status }) => status === 'active')
  return Math.min(...active.map(({ start }) => start))
}
