/** Two workers: a batch that records what the log says has changed, then one that copies those keys. */
import type { SyncStep } from '../../../shared/platform/failpoint-names.ts'
import type { Broken, Step } from '../explore.ts'
import { propertyNames } from './properties.ts'
import {
  idle,
  KEYS,
  type Rules,
  type State,
  UNTOUCHED,
  type Worker,
  willBeRefused,
} from './state.ts'

const recording = [
  'log.claimed',
  'log.peeked',
  'log.begun',
  'log.recorded',
  'log.completed',
  'log.committed',
  'log.advanced',
] as const satisfies readonly SyncStep[]

const tooEarly = [
  ...recording.slice(0, 2),
  'log.advanced',
  ...recording.slice(2, -1),
] as readonly SyncStep[]

const applying: readonly SyncStep[] = [
  'sync.claimed',
  'sync.begun',
  'sync.staged',
  'sync.applied',
  'sync.completed',
  'sync.committed',
]

/**
 * The worker whose next step nobody else can see or hinder, or -1. Such a step goes first: it need not
 * be interleaved with anything, and a crash after it is like one before it.
 */
export function unseenWorker(rules: Rules, state: State): number {
  return state.workers.findIndex((worker) => {
    if (worker.at === 'log.claimed') return willBeRefused(rules, worker)
    return /^(log\.(begun|recorded)|sync\.(staged|applied))$/.test(worker.at)
  })
}

/** The steps that a worker takes of itself. */
export function ownSteps(rules: Rules, state: State, index: number): Step<State>[] {
  const worker = state.workers[index]!
  const actor = `worker ${index + 1}`
  if (worker.at === 'idle') return claims(rules, state, index)
  const ways = rules.advance === 'after the commit' ? recording : tooEarly
  const way: readonly SyncStep[] = worker.at.startsWith('log') ? ways : applying
  const name = way[way.indexOf(worker.at) + 1]!
  if (name.endsWith('.begun') && rules.fence === 'locked' && worker.claim !== 'current') {
    return [{ actor, name: `refused: ${name}`, next: withWorker(state, index, idle) }]
  }
  if (name === 'log.begun' && rules.wait && !allVisible(state, worker)) return []
  if (name.endsWith('.committed')) return land(rules, state, index, name)
  const next = withWorker(state, index, { ...worked(state, worker, name), at: name })
  if (name !== 'log.advanced') return [{ actor, name, next }]
  const slot = Math.max(state.slot, worker.upTo)
  const advanced = rules.advance === 'after the commit' ? withWorker(next, index, idle) : next
  return [{ actor, name, next: { ...advanced, slot } }]
}

function worked(state: State, worker: Worker, name: SyncStep): Worker {
  switch (name) {
    case 'log.peeked':
      return { ...worker, after: state.slot, upTo: state.log.length }
    case 'sync.staged': {
      const keys = state.target.pending
      const writes = KEYS.map((key) => (keys & (1 << key) ? state.rows[key]! : UNTOUCHED))
      return { ...worker, keys, writes }
    }
    default:
      return worker
  }
}

function allVisible(state: State, { after, upTo }: Worker): boolean {
  const peeked = state.log.slice(after, upTo)
  return peeked.every((transaction) => state.transactions[transaction]!.status === 'visible')
}

function land(rules: Rules, state: State, index: number, name: SyncStep): Step<State>[] {
  const worker = state.workers[index]!
  const after = rules.position === 'heeded' ? state.target.position : worker.after
  const stale = worker.claim === 'current' ? undefined : superseded
  const target = name === 'log.committed' ? recorded(state, worker, after) : applied(state, worker)
  const twice = name === 'log.committed' && after < state.target.position
  const broken = stale ?? (twice ? countedTwice : undefined)
  const goesOn = name === 'log.committed' && rules.advance === 'after the commit'
  const done: Worker = goesOn ? { ...worker, at: name, claim: 'done' } : idle
  const again: Worker = { ...idle, at: name === 'log.committed' ? 'log.claimed' : 'sync.claimed' }
  const next = { ...withWorker(state, index, done), target }
  const lost = { ...withWorker(state, index, { ...again, claim: 'done' }), target }
  const actor = `worker ${index + 1}`
  return [
    { actor, name, next, broken },
    { actor, name: `${name} (answer lost)`, next: lost, broken },
  ]
}

function recorded(state: State, { upTo }: Worker, after: number): State['target'] {
  const changes = state.log.slice(after, upTo)
  const keys = changes.reduce((mask, t) => mask | (1 << state.transactions[t]!.key), 0)
  const pending = state.target.pending | keys
  const phase = pending === 0 ? 'log' : 'sync'
  const position = Math.max(state.target.position, upTo)
  return { ...state.target, pending, position, phase, batch: 'ready' }
}

function applied(state: State, { keys, writes }: Worker): State['target'] {
  const versions = state.target.versions.map((version, key) =>
    writes[key] === UNTOUCHED ? version : writes[key]!,
  )
  const pending = state.target.pending & ~keys
  return { ...state.target, versions, pending, phase: 'log', batch: 'ready' }
}

function claims(rules: Rules, state: State, index: number): Step<State>[] {
  const { phase, batch } = state.target
  const holder = state.workers.find(isHolder)
  if (batch !== 'ready' || (holder !== undefined && locks(rules, holder))) return []
  const workers = state.workers.map(
    (w): Worker => (isHolder(w) ? { ...w, claim: 'superseded' } : w),
  )
  const at = `${phase}.claimed` as const
  const next = { ...state, workers: workers.with(index, { ...idle, at }) }
  const target = { ...state.target, batch: 'held' } as const
  return [{ actor: `worker ${index + 1}`, name: at, next: { ...next, target } }]
}

/** A worker dies and its transaction rolls back; or its lease ends and it goes on. */
export function faults(rules: Rules, state: State, index: number): Step<State>[] {
  const worker = state.workers[index]!
  if (worker.at === 'idle') return []
  const actor = `worker ${index + 1}`
  const released: State = { ...state, target: { ...state.target, batch: 'ready' } }
  const open = isHolder(worker)
  const crash = { actor, name: 'crashes', next: withWorker(open ? released : state, index, idle) }
  if (!open || state.target.batch !== 'held' || locks(rules, worker)) return [crash]
  return [crash, { actor, name: 'loses its lease', next: released }]
}

function isHolder({ at, claim }: Worker): boolean {
  return at !== 'idle' && claim === 'current'
}

function locks(rules: Rules, { at }: Worker): boolean {
  return rules.fence === 'locked' && /\.(begun|recorded|staged|applied|completed)$/.test(at)
}

function withWorker(state: State, index: number, worker: Worker): State {
  return { ...state, workers: state.workers.with(index, worker) }
}

const superseded: Broken = {
  property: propertyNames.fence,
  message: 'Another attempt holds the batch, or it was completed before.',
}

const countedTwice: Broken = {
  property: propertyNames.counted,
  message: 'Changes were recorded that had been recorded before.',
}
