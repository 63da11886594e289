/**
 * When two states are the same one. It does not matter which worker is which; nor what a worker knows
 * that its next fence is going to refuse, as nobody else will ever see it.
 */
import { syncSteps } from '../../../shared/platform/failpoint-names.ts'
import type { Rules } from './rules.ts'
import { type Row, type State, type Worker, willBeRefused } from './state.ts'

export function keyOf(rules: Rules, { clock, rows, transactions, target, workers }: State): string {
  const first = workerKey(rules, workers[0]!)
  const second = workerKey(rules, workers[1]!)
  let key = `${clock}|${rowKey(rows[0])}|${rowKey(rows[1])}`
  for (const { status, start, key: written, row } of transactions) {
    key += `|${status[0]}${start}${written}${rowKey(row)}`
  }
  const { versions, watermark, horizon, phase, scope, batches, gone } = target
  key += `|${versions[0]},${versions[1]}|${watermark},${horizon}${phase[0]}${scope[0]}${gone}`
  for (const { status, keys } of batches) key += `${status[0]}${keys}`
  key += '|'
  return key + (first < second ? `${first}/${second}` : `${second}/${first}`)
}

const rowKey = (row: Row | undefined): string =>
  row === undefined ? '-' : `${row.version}@${row.updatedAt}`

const placeOf = new Map<string, number>(syncSteps.map((name, index) => [name, index]))

export function workerKey(rules: Rules, worker: Worker): string {
  if (worker.at === 'idle') return ''
  const { at, batch, claim, from, to, keys, extras, writes, seen } = worker
  if (willBeRefused(rules, worker)) return `${placeOf.get(at) ?? at}`
  const found = `${keys},${extras},${writes[0]},${writes[1]},${seen[0]},${seen[1]}`
  return `${placeOf.get(at) ?? at}:${batch}${claim[0]}${from},${to},${found}`
}
