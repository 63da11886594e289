/**
 * Capture from the log, as a model. A batch of kind log peeks at the changes that a replication slot
 * holds, records the keys and the position at the target in one fenced transaction, and only then moves
 * the slot; a batch of kind sync copies the rows of those keys as they are by then.
 *
 * **How to read it.** `state.ts` has the rules and what there is, `application.ts` the two transactions of
 * the source, `worker.ts` the steps of the two workers and what befalls them, this file what must hold.
 *
 * A commit is in the log a moment before new snapshots see it. Who reads a row in that moment reads the old
 * one, and would not come back for it: so a batch waits until what it has peeked is visible.
 */
import type { Broken, Model, Step } from '../explore.ts'
import { straying } from '../left-alone.ts'
import { applicationSteps, madeVisible } from './application.ts'
import { propertyNames } from './properties.ts'
import {
  ABSENT,
  initialState,
  KEYS,
  keyOf,
  type Rules,
  type State,
  show,
  workerKey,
} from './state.ts'
import { faults, ownSteps, unseenWorker } from './worker.ts'

/** @param heeded the properties that count; all of them where it is left out */
export function logModel(rules: Rules, heeded?: readonly string[]): Model<State> {
  const stray = straying<State>({
    key: (state) => keyOf(rules, state),
    next: (state) => scheduled(rules, state),
    isEnd: (state) =>
      state.workers.every(({ at }) => at === 'idle') &&
      KEYS.every((key) => state.rows[key] === state.target.versions[key]),
    oncePerRound: 'log.committed',
  })
  return {
    initial: initialState,
    steps(state) {
      const unseen = unseenWorker(rules, state)
      if (unseen !== -1) return ownSteps(rules, state, unseen)
      return [
        ...applicationSteps(state),
        ...state.workers.flatMap((_, index) => [
          ...ownSteps(rules, state, index),
          ...faults(rules, state, index),
        ]),
      ]
    },
    key: (state) => keyOf(rules, state),
    broken: (state) => [
      ...uncommitted(state),
      ...forgotten(rules, state),
      ...notConverging(stray, state),
    ],
    heeded,
    show,
  }
}

/** Whoever is at work goes on; who it is does not depend on names. */
function scheduled(rules: Rules, state: State): Step<State> {
  const [one, other] = state.workers.map((worker) => workerKey(rules, worker))
  return ownSteps(rules, state, one! < other! ? 1 : 0)[0]!
}

function notConverging(stray: (from: State) => Step<State>[] | undefined, state: State): Broken[] {
  if (state.transactions.some(({ status }) => status === 'active')) return []
  const logged = state.log.filter((index) => state.transactions[index]!.status === 'logged')
  const afterwards = stray(logged.reduce(madeVisible, state))
  if (afterwards === undefined) return []
  const message = 'It is not so one round later.'
  return [{ property: propertyNames.converges, message, afterwards }]
}

/** A row that differs is pending, or will be peeked. */
function forgotten(rules: Rules, state: State): Broken[] {
  const known = Math.max(state.slot, rules.position === 'heeded' ? state.target.position : 0)
  const coming = state.log.slice(known).map((index) => state.transactions[index]!.key)
  return KEYS.filter(
    (key) =>
      state.rows[key] !== state.target.versions[key] &&
      (state.target.pending & (1 << key)) === 0 &&
      !coming.includes(key),
  ).map((key) => ({
    property: propertyNames.forgotten,
    message: `k${key + 1} differs; it is neither pending nor ahead in the log.`,
  }))
}

function uncommitted(state: State): Broken[] {
  const isCommitted = (version: number, key: number): boolean => {
    if (version === ABSENT || (version === 0 && key === 0)) return true
    const author = state.transactions[version - 1]
    return author?.status === 'visible' && author.key === key && author.version === version
  }
  return KEYS.filter((key) => !isCommitted(state.target.versions[key]!, key)).map((key) => ({
    property: propertyNames.committed,
    message: `k${key + 1} is v${state.target.versions[key]} at the target.`,
  }))
}
