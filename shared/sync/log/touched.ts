/**
 * The keys that the transactions of a look into the log have touched, each once. What the log does not
 * tell key by key, or tells of too many, is an entity whose rows are all to be compared instead.
 */
import type { KeyTexts } from '../../projection/entity.ts'
import type { LogMessage } from './pgoutput.ts'

/** Why all rows of an entity are compared: emptied; too many keys; a key that no message shows. */
export type Overrun = 'truncated' | 'too_many_keys' | 'key_not_shown'

export interface Touched {
  /** Key texts as JSON, by entity. */
  readonly keys: ReadonlyMap<string, ReadonlySet<string>>
  readonly overrun: ReadonlyMap<string, Overrun>
  /** Transaction ids of 32 bits, of all that had a change for us. */
  readonly transactions: readonly number[]
  /** Where the newest of them ends; null where there was none. */
  readonly end: bigint | null
  /** When it was committed, in microseconds since the year 2000. */
  readonly committed_at: bigint | null
  readonly changes: number
}

export interface KeyLimits {
  /** Keys of one entity. */
  readonly entity: number
  /** Keys of all entities together: what a function can hold. */
  readonly all: number
}

export const keyLimits: KeyLimits = { entity: 200_000, all: 400_000 }

/**
 * @param after transactions that lie before it have been recorded already
 * @param limits where keys become too many
 */
export function collectTouched(after: bigint, limits: KeyLimits = keyLimits) {
  const keys = new Map<string, Set<string>>()
  const overrun = new Map<string, Overrun>()
  const transactions: number[] = []
  let held = 0
  let changes = 0
  let isNew = false
  let end: bigint | null = null
  let committedAt: bigint | null = null

  const giveUp = (entity: string, reason: Overrun) => {
    held -= keys.get(entity)?.size ?? 0
    keys.delete(entity)
    overrun.set(entity, reason)
  }
  const touch = (entity: string, texts: KeyTexts) => {
    let of = keys.get(entity)
    if (of === undefined) {
      of = new Set()
      keys.set(entity, of)
    }
    const before = of.size
    of.add(JSON.stringify(texts))
    held += of.size - before
    if (of.size > limits.entity || held > limits.all) giveUp(entity, 'too_many_keys')
  }

  return {
    take(message: LogMessage<string>): void {
      switch (message.kind) {
        case 'begin':
          isNew = message.lsn >= after
          if (isNew) transactions.push(message.xid)
          return
        case 'commit':
          if (!isNew) return
          end = message.end
          committedAt = message.at
          return
        case 'truncate':
          if (isNew) for (const entity of message.of) giveUp(entity, 'truncated')
          return
        case 'insert':
        case 'update':
        case 'delete': {
          if (!isNew) return
          changes += 1
          if (overrun.has(message.of)) return
          if (message.keys === null) giveUp(message.of, 'key_not_shown')
          else for (const texts of message.keys) touch(message.of, texts)
          return
        }
        case 'none':
          return
        default:
          message satisfies never
      }
    },
    result: (): Touched => ({
      keys,
      overrun,
      transactions,
      end,
      committed_at: committedAt,
      changes,
    }),
  }
}
