/** Two workers: which step each of them can take, its claims, and what can befall it. */
import { type SyncStep, syncSteps } from '../../../shared/platform/failpoint-names.ts'
import type { Step } from '../explore.ts'
import { innerSteps, internalSteps } from './batches.ts'
import { land } from './landing.ts'
import type { Rules } from './rules.ts'
import {
  type Batch,
  idle,
  inTransaction,
  type Kind,
  type State,
  type Target,
  type Worker,
  willBeRefused,
} from './state.ts'
import { read } from './window.ts'

export function workerSteps(rules: Rules, state: State): Step<State>[] {
  return state.workers.flatMap((_, index) => [
    ...ownSteps(rules, state, index),
    ...faults(rules, state, index),
  ])
}

/**
 * The worker whose next step nobody else can see or hinder, or -1. Such a step goes first: it need not
 * be interleaved with anything, and a crash after it is like one before it.
 */
export function unseenWorker(rules: Rules, state: State): number {
  return state.workers.findIndex(
    (worker) =>
      internalSteps.has(following(worker.at) ?? '') ||
      (readsNext.test(worker.at) && willBeRefused(rules, worker)),
  )
}

/** Before a step that only reads. */
const readsNext = /^(look\.(claimed|read .*)|reconcile\.carved)$/

/** The steps that a worker takes of itself. */
export function ownSteps(rules: Rules, state: State, index: number): Step<State>[] {
  const worker = state.workers[index]!
  if (worker.at === 'idle') return claims(rules, state, index)
  const actor = `worker ${index + 1}`
  const reading = nextReading(rules, worker)
  if (reading !== undefined && reading !== rules.look.at(-1)) {
    const after = { ...read(rules, state, reading, worker), at: `look.read ${reading}` as const }
    return [{ actor, name: after.at, next: withWorker(state, index, after) }]
  }
  const name = reading === undefined ? following(worker.at)! : 'look.read'
  if (name.endsWith('.committed')) return land(rules, state, index)
  const ready = reading === undefined ? worker : read(rules, state, reading, worker)
  const moved = innerSteps[name as keyof typeof innerSteps](rules, state, ready)
  if (moved === 'refused') {
    return [{ actor, name: `refused: ${name}`, next: withWorker(state, index, idle) }]
  }
  const next = withWorker(state, index, { ...moved.worker, at: name })
  const target = moved.target ?? state.target
  return [{ actor, name, next: { ...next, target }, broken: moved.broken }]
}

const follower = new Map<string, SyncStep>(
  syncSteps.slice(1).map((name, index) => [syncSteps[index]!, name]),
)

function following(at: Worker['at']): SyncStep | undefined {
  return follower.get(at)
}

/** What a look reads next; undefined for a worker that is not looking. */
function nextReading(rules: Rules, { at }: Worker) {
  if (at === 'look.claimed') return rules.look[0]
  if (!at.startsWith('look.read ')) return undefined
  return rules.look[rules.look.findIndex((reading) => at.endsWith(` ${reading}`)) + 1]
}

function claims(rules: Rules, state: State, index: number): Step<State>[] {
  const { phase, batches, watermark, horizon } = state.target
  return batches.flatMap((batch, place) => {
    // Whoever holds the batch's row locked hides it from a claim.
    const hidden = state.workers.some((worker) => holds(worker, place) && locks(rules, worker))
    if (batch.status !== 'ready' || hidden) return []
    const workers = state.workers.map(
      (worker): Worker => (holds(worker, place) ? { ...worker, claim: 'superseded' } : worker),
    )
    const claimed: Worker = {
      ...idle,
      at: `${kindOf(state.target, place)}.claimed`,
      batch: place,
      from: watermark,
      to: phase === 'look' ? Number.POSITIVE_INFINITY : horizon,
      keys: batch.keys,
    }
    const target: Target = withStatus(state.target, place, 'held')
    const next = { ...state, target, workers: workers.with(index, claimed) }
    return [{ actor: `worker ${index + 1}`, name: claimed.at, next }]
  })
}

function kindOf({ phase }: Target, place: number): Kind {
  if (phase !== 'rows') return phase
  return place < 2 ? 'sync' : 'reconcile'
}

function withStatus(target: Target, place: number, status: Batch['status']): Target {
  const batches = target.batches.with(place, { ...target.batches[place]!, status })
  return { ...target, batches }
}

/** A worker dies and its transaction rolls back; or its lease ends and it goes on. */
function faults(rules: Rules, state: State, index: number): Step<State>[] {
  const worker = state.workers[index]!
  if (worker.at === 'idle') return []
  const actor = `worker ${index + 1}`
  const steps: Step<State>[] = []
  const open = worker.claim === 'current'
  const target = open ? withStatus(state.target, worker.batch, 'ready') : state.target
  if (rules.faults.includes('crash')) {
    const next = { ...withWorker(state, index, idle), target }
    steps.push({ actor, name: 'crashes', next })
  }
  const held = open && state.target.batches[worker.batch]!.status === 'held'
  // A lease that ends in an open transaction is ended by killing the holder: a crash.
  if (rules.faults.includes('expiry') && held && !locks(rules, worker)) {
    steps.push({ actor, name: 'loses its lease', next: { ...state, target } })
  }
  return steps
}

function holds(worker: Worker, batch: number): boolean {
  return worker.at !== 'idle' && worker.claim === 'current' && worker.batch === batch
}

/** Whether the batch's row is locked by the worker's open transaction. */
function locks(rules: Rules, worker: Worker): boolean {
  return rules.fence === 'locked' && inTransaction(worker)
}

function withWorker(state: State, index: number, worker: Worker): State {
  return { ...state, workers: state.workers.with(index, worker) }
}
