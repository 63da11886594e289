/** The source and its application: the clock, and transactions that begin, write, commit or roll back. */
import type { Step } from '../explore.ts'
import type { Rules } from './rules.ts'
import { KEYS, type Row, type State, type Transaction } from './state.ts'

type SourceStep = Step<State>

export function applicationSteps(rules: Rules, state: State): SourceStep[] {
  const steps = state.transactions.flatMap((transaction, index) => {
    const actor = `transaction ${index + 1}`
    if (transaction.status === 'unborn') {
      // Unborn ones are alike: they begin in order.
      const turn = state.transactions.findIndex(({ status }) => status === 'unborn') === index
      if (!turn) return []
      const active: Transaction = { ...transaction, status: 'active', start: state.clock }
      return [{ actor, name: 'begins', next: withTransaction(state, index, active) }]
    }
    if (transaction.status !== 'active') return []
    const end = { ...transaction, start: 0 }
    const rolledBack: Transaction = { ...end, status: 'rolled back', key: -1, row: undefined }
    const rollback = {
      actor,
      name: 'rolls back',
      next: withTransaction(state, index, rolledBack),
    }
    if (transaction.key === -1) return [...writes(rules, state, index, actor), rollback]
    // Of a committed transaction only what it wrote is of interest.
    const row = transaction.row && { ...transaction.row, updatedAt: 0 }
    const committed = withTransaction(state, index, { ...end, status: 'committed', row })
    const rows = state.rows.map((row, key) => (key === transaction.key ? transaction.row : row))
    return [{ actor, name: 'commits', next: { ...committed, rows } }, rollback]
  })
  if (state.clock < rules.lastTime) {
    steps.push({ actor: 'clock', name: 'ticks', next: { ...state, clock: state.clock + 1 } })
  }
  return steps
}

/** A row is stamped with the time at which its transaction began, by a clock that may lag. */
function writes(rules: Rules, state: State, index: number, actor: string): SourceStep[] {
  const transaction = state.transactions[index]!
  const steps: SourceStep[] = []
  for (const key of KEYS) {
    // A row that is written and not committed yet is locked.
    if (state.transactions.some((other) => other.status === 'active' && other.key === key)) continue
    const write = (name: string, row: Row | undefined): void => {
      const next = withTransaction(state, index, { ...transaction, key, row })
      steps.push({ actor, name, next })
    }
    const exists = state.rows[key] !== undefined
    for (let lag = 0; lag <= rules.skew; lag++) {
      const row = { version: index + 1, updatedAt: transaction.start - lag }
      write(`${exists ? 'updates' : 'inserts'} k${key + 1}`, row)
    }
    if (exists) write(`deletes k${key + 1}`, undefined)
  }
  return steps
}

function withTransaction(state: State, index: number, transaction: Transaction): State {
  return { ...state, transactions: state.transactions.with(index, transaction) }
}
