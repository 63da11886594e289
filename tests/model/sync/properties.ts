/** What must hold, in words; a violation says which of them does not, and why. */
import type { Broken } from '../explore.ts'
import type { Rules } from './rules.ts'
import { ABSENT, KEYS, type State } from './state.ts'
import { notBehind } from './window.ts'

const property =
  (name: string) =>
  (message: string): Broken => ({ property: name, message })

export const properties = {
  fence: property('no write of a superseded attempt lands'),
  counted: property('a batch is completed once'),
  monotonic: property('the watermark never goes back'),
  oneRow: property('a key has one row at the target'),
  deletion: property('only keys that the source does not have are deleted'),
  committed: property('the target has only what the source committed'),
  watermark: property('what lies behind the watermark is at the target'),
  rows: property('a sweep that compares all rows makes the target equal'),
  keys: property('a sweep that compares keys makes the target equal'),
  timestamps: property('sweeps alone bring every row that has a timestamp'),
} as const

export const propertyNames = Object.fromEntries(
  Object.entries(properties).map(([key, make]) => [key, make('').property]),
) as Readonly<Record<keyof typeof properties, string>>

/** The safety properties of a single state. */
export function unsafe(rules: Rules, state: State): Broken[] {
  const broken: Broken[] = []
  for (const key of KEYS) {
    const name = `k${key + 1}`
    const version = state.target.versions[key]!
    if (!wasCommitted(state, key, version)) {
      broken.push(properties.committed(`${name} is v${version} at the target.`))
    }
    const row = state.rows[key]
    if (row === undefined || row.version === version) continue
    if (!notBehind(rules, row.updatedAt, state.target.watermark)) {
      const text = `No later sweep reads ${name}: it is of time ${row.updatedAt}, the watermark at ${state.target.watermark}.`
      broken.push(properties.watermark(text))
    }
  }
  return broken
}

function wasCommitted(state: State, key: number, version: number): boolean {
  if (version === ABSENT) return true
  if (version === 0) return key === 0
  const author = state.transactions[version - 1]!
  return author.status === 'committed' && author.key === key && author.row !== undefined
}
