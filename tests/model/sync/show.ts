/** A state for a reader of a trace, part by part. */
import { ABSENT, type State, UNTOUCHED, type Worker } from './state.ts'

export function show(state: State): Record<string, string> {
  const { clock, rows, transactions, target, workers } = state
  const { phase, scope, batches, gone, watermark, horizon } = target
  const queue = batches.flatMap(({ status, keys }, place) => {
    if (status === 'none') return []
    if (phase !== 'rows') return [status]
    return [`${place < 2 ? 'sync' : 'reconcile'} of ${mask(keys)} ${status}`]
  })
  return {
    clock: `${clock}`,
    source: keys(rows.map((row) => row && `v${row.version}@${row.updatedAt}`)),
    ...Object.fromEntries(transactions.map((t, index) => [`start ${index + 1}`, `${t.start}`])),
    target: keys(
      target.versions.map((version) => (version === ABSENT ? undefined : `v${version}`)),
    ),
    watermark: `${watermark}`,
    sweep: phase === 'rows' ? `[${watermark}, ${horizon}) ${scope}` : phase,
    queue: queue.join(', '),
    gone: gone === 0 ? '-' : mask(gone),
    ...Object.fromEntries(workers.map((worker, index) => [`worker ${index + 1}`, work(worker)])),
  }
}

function keys(values: readonly (string | undefined)[]): string {
  return values.map((value, key) => `k${key + 1}=${value ?? '-'}`).join(' ')
}

function work(worker: Worker): string {
  if (worker.at === 'idle') return 'idle'
  const parts = [worker.claim === 'current' ? '' : worker.claim]
  if (/^(look|sync)/.test(worker.at)) parts.push(`[${worker.from}, ${worker.to})`)
  if (worker.keys !== 0) parts.push(`keys ${mask(worker.keys)}`)
  if (worker.extras !== 0) parts.push(`extra ${mask(worker.extras)}`)
  const writes = worker.writes.flatMap((version, key) => {
    if (version === UNTOUCHED) return []
    return [version === ABSENT ? `deletes k${key + 1}` : `writes k${key + 1}=v${version}`]
  })
  return [...parts, ...writes].filter((part) => part !== '').join(', ') || 'at work'
}

function mask(keysOf: number): string {
  return [0, 1].flatMap((key) => (keysOf & (1 << key) ? [`k${key + 1}`] : [])).join(' ')
}
