/**
 * One look into the log of a source, from where the last one ended: the keys that were touched, and the
 * entities that have to be compared row by row instead. Nothing is taken from the slot here: that is done
 * when what was found has been committed (see `advanceSlot`).
 */
import type { LogState } from '../../target/log-control.ts'
import { isSettled, makeSlot, type SlotBooks } from './ensure-slot.ts'
import { lsnText, parseLsn } from './lsn.ts'
import { type Peeked, peekChanges } from './peek.ts'
import { publicationProblems } from './publication.ts'
import type { LogSession } from './session.ts'
import { advanceSlot, freeSlot, type LogServer, readServer, readSnapshot } from './slot.ts'
import { sqlstateOf } from './slot-failure.ts'
import { type Patience, untilVisible } from './visible.ts'
import { type Publication, readPublication, watchedTables } from './watched-tables.ts'

export interface LogAsk {
  readonly slot: string
  readonly state: LogState
  /** Where the sweep reads up to; absent: up to now. */
  readonly through?: string
  /** Messages of one look, beyond which no other transaction is begun. */
  readonly messages: number
  readonly patience?: Patience
}

/** As `migration.complete_log` takes it, but for the keys. */
export interface LogReading {
  readonly read_through: string
  readonly through: string
  readonly more: boolean
  readonly unsettled: string | null
  readonly changes: number
  readonly keys: number
  /** Reasons by entity. */
  readonly overruns: Readonly<Record<string, string>>
  readonly facts: Readonly<Record<string, string | null>>
}

export type LogLook =
  | { readonly halt: { readonly code: string; readonly reason: string } }
  | {
      readonly halt?: never
      readonly release: number
      readonly reading: LogReading
      readonly touched: ReadonlyMap<string, ReadonlySet<string>>
    }

/** @throws FerryError `source_*`, `log_*` */
export async function readLog(
  session: LogSession,
  books: SlotBooks,
  ask: LogAsk,
): Promise<LogLook> {
  const { slot, state } = ask
  await freeSlot(session, slot)
  const server = await readServer(session, slot)
  const { publication: name, entities } = state
  const publication = await readPublication(session, server.release, name, entities)
  const [problem] = publicationProblems(name, entities, publication)
  if (problem !== undefined) {
    return { halt: { code: problem.code, reason: `${problem.message} ${problem.hint}` } }
  }
  const renew = async () => {
    const made = await makeSlot(session, books, slot, state, publication.fingerprint)
    return begun(await readServer(session, slot), made)
  }
  if (isLost(server, state, publication)) return renew()
  try {
    return await readOn(session, ask, server, publication)
  } catch (error) {
    // Longer than a batch may take, or not there any more: it will not get better by trying again.
    if (['57014', '55000', '42704'].includes(sqlstateOf(error))) return renew()
    throw error
  }
}

/** Whether what lies behind the last look cannot be had from this slot any more, or not all of it. */
function isLost({ slot }: LogServer, state: LogState, { fingerprint }: Publication): boolean {
  return (
    slot === null ||
    slot.wal_status === 'lost' ||
    state.read_through === null ||
    parseLsn(slot.confirmed) > parseLsn(state.read_through) ||
    fingerprint !== state.fingerprint
  )
}

async function readOn(
  session: LogSession,
  { slot, state, messages, patience, ...ask }: LogAsk,
  server: LogServer,
  publication: Publication,
): Promise<LogLook> {
  const after = parseLsn(state.read_through!)
  const { release } = server
  // An attempt before this one may have recorded what it read and told nobody.
  if (parseLsn(server.slot!.confirmed) < after) {
    await advanceSlot(session, { release, slot, through: after })
  }
  const through = ask.through === undefined ? server.flushed : parseLsn(ask.through)
  const tables = watchedTables(state.entities, publication.members)
  const { publication: name } = state
  const peeked = await peekChanges(session, {
    slot,
    publication: name,
    tables,
    after,
    through,
    messages,
  })
  await untilVisible(peeked.transactions, () => readSnapshot(session), patience)
  const settled =
    state.unsettled !== null && isSettled(state.unsettled, await readSnapshot(session))
  const overruns = Object.fromEntries(peeked.overrun)
  return {
    release,
    touched: peeked.keys,
    reading: {
      read_through: lsnText(peeked.read_through),
      through: lsnText(through),
      more: peeked.more,
      unsettled: settled ? null : state.unsettled,
      changes: peeked.changes,
      keys: [...peeked.keys.values()].reduce((sum, keys) => sum + keys.size, 0),
      overruns: settled ? { ...overruns, ...allSettled(state) } : overruns,
      facts: factsOf(server, peeked),
    },
  }
}

/** A slot that was just made holds nothing; that everything is compared is in the books with it. */
function begun(server: LogServer, state: LogState): LogLook {
  const begins = state.read_through!
  return {
    release: server.release,
    touched: new Map(),
    reading: {
      read_through: begins,
      through: begins,
      more: false,
      unsettled: state.unsettled,
      changes: 0,
      keys: 0,
      overruns: {},
      facts: factsOf(server, { read_through: parseLsn(begins), committed_at: null }),
    },
  }
}

function allSettled({ entities }: LogState): Record<string, string> {
  return Object.fromEntries(entities.map(({ id }) => [id, 'slot_settled']))
}

/** Of the server's epoch, 2000-01-01, in milliseconds. */
const epoch = 946_684_800_000

function factsOf(
  { slot, flushed }: LogServer,
  { read_through, committed_at }: Pick<Peeked, 'read_through' | 'committed_at'>,
): Readonly<Record<string, string | null>> {
  const lag = flushed > read_through ? flushed - read_through : 0n
  return {
    lag_bytes: String(lag),
    retained_bytes: slot?.retained_bytes ?? null,
    wal_status: slot?.wal_status ?? null,
    safe_wal_bytes: slot?.safe_wal_bytes ?? null,
    committed_at:
      committed_at === null ? null : new Date(epoch + Number(committed_at / 1000n)).toISOString(),
  }
}
