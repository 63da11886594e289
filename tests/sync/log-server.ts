/** A server of its own whose log is read by a slot, without a migration: what the readers of the log are tested on. */
import { parseLsn } from '../../shared/sync/log/lsn.ts'
import { type Peeked, peekChanges } from '../../shared/sync/log/peek.ts'
import { type LogSession, openLogSession } from '../../shared/sync/log/session.ts'
import { advanceSlot, createSlot, dropSlot, readServer } from '../../shared/sync/log/slot.ts'
import type { KeyLimits } from '../../shared/sync/log/touched.ts'
import {
  type LogEntity,
  readPublication,
  watchedTables,
} from '../../shared/sync/log/watched-tables.ts'
import { startOwnServers } from '../support/project.ts'
import { type Scratch, scratchDatabase } from '../support/scratch.ts'

export interface LogServer {
  readonly scratch: Scratch
  readonly session: LogSession
  readonly slot: string
  /** What was touched since the last call, by table; takes it away unless it is to `stay`. */
  touched(options?: {
    stay?: boolean
    messages?: number
    limits?: KeyLimits
  }): Promise<Peeked & { readonly of: (table: string) => readonly string[] }>
  close(): Promise<void>
}

/** @param entities of one key column each, unless they say otherwise */
export async function openLogServer(
  statements: string,
  entities: readonly { table: string; schema?: string; key?: readonly string[] }[],
): Promise<LogServer> {
  const servers = await startOwnServers()
  const scratch = await scratchDatabase(servers.source.url('postgres'))
  await scratch.sql
    .unsafe(`${statements}; create publication "Odd ""pub"""  for all tables`)
    .simple()
  const session = openLogSession(scratch.url, 60_000)
  const slot = `test_${scratch.name.slice(-20)}`
  const { begins } = await createSlot(session, slot)
  const wanted: LogEntity[] = entities.map(({ table, schema = 'public', key = ['id'] }) => ({
    id: table,
    source: { schema, table },
    key,
  }))
  let after = parseLsn(begins)
  return {
    scratch,
    session,
    slot,
    async touched({ stay = false, messages = 1_000_000, limits } = {}) {
      const { release, flushed } = await readServer(session, slot)
      const { members } = await readPublication(session, release, 'Odd "pub"', wanted)
      const peeked = await peekChanges(session, {
        slot,
        publication: 'Odd "pub"',
        tables: watchedTables(wanted, members),
        after,
        through: flushed,
        messages,
        ...(limits === undefined ? {} : { limits }),
      })
      if (!stay) {
        after = peeked.read_through
        await advanceSlot(session, { release, slot, through: after })
      }
      return { ...peeked, of: (table) => [...(peeked.keys.get(table) ?? [])].toSorted() }
    },
    async close() {
      await dropSlot(session, slot)
      await session.close()
      await scratch.drop()
      await servers.stop()
    },
  }
}
