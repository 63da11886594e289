/** What a worker does inside a batch: every step between its claim and its commit. */
import type { SyncStep } from '../../../shared/platform/failpoint-names.ts'
import type { Broken } from '../explore.ts'
import { properties } from './properties.ts'
import type { Rules } from './rules.ts'
import {
  ABSENT,
  type Batch,
  KEYS,
  type State,
  type Target,
  UNTOUCHED,
  type Version,
  type Worker,
} from './state.ts'
import { concluded, keysInWindow, stampsOf } from './window.ts'

export interface Moved {
  readonly worker: Worker
  readonly target?: Target
  readonly broken?: Broken | undefined
}

type SweepStep = Exclude<SyncStep, `log.${string}`>
type InnerStep = Exclude<SweepStep, `${string}.claimed` | `${string}.committed`>
type Inner = (rules: Rules, state: State, worker: Worker) => Moved | 'refused'

/** Steps that touch nothing but the worker: no order of them and of others' steps matters. */
export const internalSteps: ReadonlySet<string> = new Set<InnerStep>([
  'sync.applied',
  'sync.completed',
  'reconcile.carved',
  'reconcile.applied',
  'reconcile.completed',
  'deletes.completed',
])

export const innerSteps: Readonly<Record<InnerStep, Inner>> = {
  'look.read': (rules, state, worker) => ({ worker: concluded(rules, state, worker) }),
  'look.completed': fenced,

  'sync.carved': carved,
  'sync.begun': fenced,
  'sync.staged': (rules, state, worker) => {
    const keys = worker.keys & keysInWindow(rules, stampsOf(state), worker)
    return { worker: { ...worker, keys: 0, writes: rowsOf(state, keys, UNTOUCHED) } }
  },
  'sync.applied': applied,
  'sync.completed': unchanged,

  // Two keys are no more than one batch compares.
  'reconcile.carved': fenced,
  'reconcile.compared': (rules, state, worker) => {
    const extra = maskOf((key) => state.rows[key] === undefined && isAtTarget(state, key))
    const differing = maskOf((key) =>
      state.target.scope === 'rows'
        ? versionAt(state, key) !== state.target.versions[key]
        : !isAtTarget(state, key),
    )
    const extras = rules.reconcile === 'all' ? extra & worker.keys : 0
    return { worker: { ...worker, keys: differing & worker.keys & ~extra, extras } }
  },
  'reconcile.begun': fenced,
  'reconcile.staged': (_rules, state, worker) => ({
    // A row that is gone by now is the next pass's.
    worker: { ...worker, keys: 0, writes: rowsOf(state, worker.keys, UNTOUCHED) },
  }),
  'reconcile.applied': applied,
  'reconcile.completed': unchanged,

  'deletes.begun': fenced,
  'deletes.applied': (rules, state, worker) => {
    const here = maskOf((key) => state.rows[key] !== undefined)
    const gone = rules.recheck ? worker.keys & ~here : worker.keys
    const blind = gone & here
    const writes = KEYS.map((key) => (gone & (1 << key) ? ABSENT : UNTOUCHED))
    return {
      worker: { ...worker, keys: 0, writes },
      broken: blind === 0 ? undefined : properties.deletion('The source has a row of this key.'),
    }
  },
  'deletes.completed': unchanged,
}

/** The batch's row, locked where this attempt holds it; a worker that has lost it stops. */
function fenced(rules: Rules, _state: State, worker: Worker): Moved | 'refused' {
  return passesFence(rules, worker) ? { worker } : 'refused'
}

function passesFence(rules: Rules, { claim }: Worker): boolean {
  if (rules.fence === 'none' || claim === 'current') return true
  return rules.retry === 'blind' && claim === 'done'
}

/** One row a batch: the rest of the range is another worker's. */
function carved(rules: Rules, state: State, worker: Worker): Moved | 'refused' {
  if (!passesFence(rules, worker)) return 'refused'
  const more = keysInWindow(rules, stampsOf(state), worker) === 0b11
  if (!more || worker.keys !== 0b11 || worker.claim !== 'current') return { worker }
  const [first, , ...others] = state.target.batches
  const batches: Batch[] = [{ ...first!, keys: 0b01 }, { status: 'ready', keys: 0b10 }, ...others]
  return { worker: { ...worker, keys: 0b01 }, target: { ...state.target, batches } }
}

function applied(rules: Rules, state: State, worker: Worker): Moved {
  const twice = KEYS.some((key) => worker.writes[key]! > ABSENT && isAtTarget(state, key))
  const broken =
    rules.write === 'insert' && twice ? properties.oneRow('The key is at the target.') : undefined
  return { worker, broken }
}

function unchanged(_rules: Rules, _state: State, worker: Worker): Moved {
  return { worker }
}

export function versionAt(state: State, key: number): Version {
  return state.rows[key]?.version ?? ABSENT
}

function isAtTarget(state: State, key: number): boolean {
  return state.target.versions[key] !== ABSENT
}

/** The versions of these keys at the source, as they are now. */
function rowsOf(state: State, keys: number, otherwise: Version): Version[] {
  return KEYS.map((key) =>
    keys & (1 << key) ? (state.rows[key]?.version ?? otherwise) : otherwise,
  )
}

function maskOf(holds: (key: number) => boolean): number {
  return KEYS.reduce<number>((mask, key) => (holds(key) ? mask | (1 << key) : mask), 0)
}
