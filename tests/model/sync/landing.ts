/** The commit of a batch: what becomes visible at once, and what it opens. */
import type { Step } from '../explore.ts'
import { properties } from './properties.ts'
import type { Rules } from './rules.ts'
import {
  batchesWith,
  idle,
  type Kind,
  none,
  type State,
  type Target,
  UNTOUCHED,
  type Worker,
} from './state.ts'

/** Every way in which the commit can turn out: the answer arrives or not, and what a look begins. */
export function land(rules: Rules, state: State, index: number): Step<State>[] {
  const worker = state.workers[index]!
  const kind = worker.at.split('.')[0] as Kind
  const actor = `worker ${index + 1}`
  const name = `${kind}.committed`
  const versions = state.target.versions.map((version, key) =>
    worker.writes[key] === UNTOUCHED ? version : worker.writes[key]!,
  )
  const written = { ...state.target, versions }
  // Who has lost the batch completes nothing: without a fence the rows land, and nobody notices.
  const targets = worker.claim === 'current' ? completions(rules, written, kind, worker) : [written]
  return targets.flatMap((target) => {
    const broken = wrongLanding(state, target, worker)
    const next = { ...state, target, workers: state.workers.with(index, idle) }
    const answered = { actor, name, next, broken }
    if (!rules.faults.includes('lost answer')) return [answered]
    const again: Worker = {
      ...idle,
      at: `${kind}.claimed`,
      batch: worker.batch,
      claim: worker.claim === 'current' ? 'done' : worker.claim,
      from: worker.from,
      to: worker.to,
    }
    const unanswered = { ...next, workers: state.workers.with(index, again) }
    return [answered, { actor, name: `${name} (answer lost)`, next: unanswered, broken }]
  })
}

function wrongLanding(state: State, target: Target, worker: Worker) {
  if (worker.claim === 'superseded') return properties.fence('Another attempt holds the batch.')
  if (worker.claim === 'done') return properties.counted('It was completed before.')
  if (target.watermark >= state.target.watermark) return undefined
  return properties.monotonic(`It goes from ${state.target.watermark} to ${target.watermark}.`)
}

/** What the target becomes when the batch is completed: of a look, one possibility for each scope. */
function completions(rules: Rules, target: Target, kind: Kind, worker: Worker): Target[] {
  if (kind === 'look') return sweeps(rules, { ...target, horizon: worker.to }, worker.keys !== 0)
  const batches = target.batches.with(worker.batch, none)
  const gone = kind === 'deletes' ? 0 : target.gone | worker.extras
  const early = kind === 'sync' && rules.watermark === 'with every batch'
  const watermark = early ? target.horizon : target.watermark
  const after: Target = { ...target, batches, gone, watermark }
  if (batches.some(({ status }) => status !== 'none')) return [after]
  if (gone === 0) return [ended(after)]
  return [{ ...after, phase: 'deletes', gone: 0, batches: batchesWith([0, gone]) }]
}

/** Now and then a sweep compares, keys or whole rows: when it does is left open. */
function sweeps(rules: Rules, target: Target, found: boolean): Target[] {
  const changes = found ? ([[0, 0b11]] as const) : []
  const begun: Target = { ...target, phase: 'rows', batches: batchesWith(...changes) }
  const plain = found ? begun : ended(target)
  if (rules.reconcile === 'never') return [plain]
  return [
    plain,
    { ...begun, scope: 'keys', batches: batchesWith(...changes, [2, 0b11]) },
    { ...begun, scope: 'rows', batches: batchesWith([2, 0b11]) },
  ]
}

/** The sweep is done: the watermark moves, and the next look may be taken. */
function ended(target: Target): Target {
  const batches = batchesWith([0, 0b11])
  const { horizon: watermark } = target
  return { ...target, watermark, horizon: 0, phase: 'look', scope: 'changes', batches, gone: 0 }
}
