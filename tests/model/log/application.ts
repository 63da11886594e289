/** The application: a transaction is in the log first, and visible to new snapshots a moment later. */
import type { Step } from '../explore.ts'
import { ABSENT, KEYS, type State, type Transaction, UNTOUCHED } from './state.ts'

export function applicationSteps(state: State): Step<State>[] {
  return state.transactions.flatMap((transaction, index) => {
    const actor = `transaction ${index + 1}`
    const turn = state.transactions.findIndex(({ status }) => status === 'unborn') === index
    if (transaction.status === 'unborn') return turn ? writes(state, index, actor) : []
    if (transaction.status === 'logged') {
      return [{ actor, name: 'becomes visible', next: madeVisible(state, index) }]
    }
    if (transaction.status !== 'active') return []
    const logged = withTransaction(state, index, { ...transaction, status: 'logged' })
    const rolledBack = { status: 'rolled back', key: -1, version: UNTOUCHED } as const
    return [
      { actor, name: 'logs its commit', next: { ...logged, log: [...state.log, index] } },
      { actor, name: 'rolls back', next: withTransaction(state, index, rolledBack) },
    ]
  })
}

function writes(state: State, index: number, actor: string): Step<State>[] {
  return KEYS.flatMap((key) => {
    // The row is locked until its writer is visible or has rolled back.
    const locks = ({ status, key: other }: Transaction) =>
      other === key && (status === 'active' || status === 'logged')
    if (state.transactions.some(locks)) return []
    const step = (name: string, version: number): Step<State> => {
      const next = withTransaction(state, index, { status: 'active', key, version })
      return { actor, name: `${name} k${key + 1}`, next }
    }
    return state.rows[key] === ABSENT
      ? [step('inserts', index + 1)]
      : [step('updates', index + 1), step('deletes', ABSENT)]
  })
}

export function madeVisible(state: State, index: number): State {
  const transaction = state.transactions[index]!
  const rows = state.rows.with(transaction.key, transaction.version)
  return { ...withTransaction(state, index, { ...transaction, status: 'visible' }), rows }
}

function withTransaction(state: State, index: number, transaction: Transaction): State {
  return { ...state, transactions: state.transactions.with(index, transaction) }
}
