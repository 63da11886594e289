/**
 * Incremental sync, as a model: changes of a source reach a target in sweeps, whatever the order in
 * which an application, two workers and their misfortunes take their steps.
 *
 * **How to read it.** `rules.ts` says what the protocol does, one switch a rule, and `state.ts` what there
 * is: two keys at the source and at the target, two transactions of an application, the queue, two
 * workers. Steps: of the application (`application.ts`), of a worker in a batch (`batches.ts`, by the names
 * of the engine's failpoints), its commit (`landing.ts`), its claims and what befalls it (`worker.ts`).
 * `properties.ts` says what must hold in every state, `left-alone.ts` what must come true in the end.
 *
 * **A sweep.** A look reads the source's clock, the oldest transaction in flight, and whether a row's
 * `updated_at` is in [watermark - overlap, horizon); the horizon is the smaller of both times. Batches of
 * kind sync copy those rows. Some sweeps compare as well: batches of kind reconcile copy what is missing, or
 * where they compare all rows, what differs; what only the target has, a batch of kind deletes takes away
 * when all others are done. The last batch moves the watermark to the horizon.
 *
 * **What is left out.** Values, as a version stands for all of a row; rows without a usable timestamp, which
 * are found by the transaction that wrote them; more than two of anything. A transaction's start and its being seen in
 * flight are one moment here; where they are two, rows are stamped by a clock that lags (`skew`).
 */
import type { Model } from '../explore.ts'
import { applicationSteps } from './application.ts'
import { keyOf } from './key.ts'
import { convergence } from './left-alone.ts'
import { unsafe } from './properties.ts'
import type { Rules } from './rules.ts'
import { show } from './show.ts'
import { initialState, type State } from './state.ts'
import { ownSteps, unseenWorker, workerSteps } from './worker.ts'

/** @param heeded the properties that count; all of them where it is left out */
export function syncModel(rules: Rules, heeded?: readonly string[]): Model<State> {
  const notConverging = convergence(rules, heeded)
  return {
    initial: initialState,
    steps(state) {
      const unseen = unseenWorker(rules, state)
      if (unseen !== -1) return ownSteps(rules, state, unseen)
      return [...applicationSteps(rules, state), ...workerSteps(rules, state)]
    },
    key: (state) => keyOf(rules, state),
    broken: (state) => [...unsafe(rules, state), ...notConverging(state)],
    heeded,
    show,
  }
}
