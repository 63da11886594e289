/**
 * The slot that keeps the source's log for a migration: one of its own, by whose name the migration is
 * known. A slot holds back what the source would clear away, so that nothing is lost and its disk can
 * fill; each one is in `migration.source_slots` before it exists, and until it is dropped.
 */
import { quoteLiteral } from '../../projection/quote.ts'
import { lsnText, parseLsn } from './lsn.ts'
import type { LogSession } from './session.ts'

/** Of a slot as the source has it; positions as text. */
export interface SlotState {
  readonly confirmed: string
  /** Bytes of the log that it holds back. */
  readonly retained_bytes: string
  /** Bytes of the log that nobody has read yet. */
  readonly lag_bytes: string
  /** reserved, extended, unreserved, lost; null before release 13. */
  readonly wal_status: string | null
  /** Bytes until it is lost; null where the source has set no limit. */
  readonly safe_wal_bytes: string | null
}

export interface LogServer {
  /** `server_version_num` */
  readonly release: number
  /** Everything that is committed before it can be read, and everything was that others could see by then. */
  readonly flushed: bigint
  readonly slot: SlotState | null
}

export function slotName(migrationId: string): string {
  return `supaferry_${migrationId.replaceAll('-', '')}`
}

/** @throws FerryError `source_*` */
export async function readServer(session: LogSession, slot: string): Promise<LogServer> {
  const [version] = await session.rows<{ release: number; standby: boolean }>(
    `select pg_catalog.current_setting('server_version_num')::int as release, pg_catalog.pg_is_in_recovery() as standby`,
  )
  const { release, standby } = version!
  if (!standby) await untilFlushed(session)
  const [now] = await session.rows<{ flushed: string; slot: SlotState | null }>(
    serverStatement(release, standby, slot),
  )
  return { release, flushed: parseLsn(now!.flushed), slot: now!.slot }
}

/**
 * What was committed without waiting for the disk (`synchronous_commit = off`) is seen by everybody and cannot be
 * read yet: the server flushes it within three times its `wal_writer_delay`. Other records may wait longer.
 */
async function untilFlushed(session: LogSession): Promise<void> {
  const [begin] = await session.rows<{ written: string; wait_ms: number }>(
    `select pg_catalog.pg_current_wal_insert_lsn()::text as written, (select 3 * setting::int + 100
       from pg_catalog.pg_settings where name = 'wal_writer_delay') as wait_ms`,
  )
  const deadline = performance.now() + begin!.wait_ms
  while (performance.now() < deadline) {
    const [now] = await session.rows<{ flushed: string }>(
      'select pg_catalog.pg_current_wal_flush_lsn()::text as flushed',
    )
    if (parseLsn(now!.flushed) >= parseLsn(begin!.written)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** What is written may not be flushed yet, and what is not flushed cannot be read. */
function serverStatement(release: number, standby: boolean, slot: string): string {
  const flushed = standby ? 'pg_last_wal_replay_lsn' : 'pg_current_wal_flush_lsn'
  const [status, safe] =
    release < 130_000 ? ['null::text', 'null::text'] : ['s.wal_status', 's.safe_wal_size::text']
  const bytesTo = (position: string) => `pg_catalog.pg_wal_lsn_diff(flushed, ${position})::text`
  return `select flushed::text, (select json_build_object('confirmed', s.confirmed_flush_lsn::text,
    'retained_bytes', ${bytesTo('s.restart_lsn')}, 'lag_bytes', ${bytesTo('s.confirmed_flush_lsn')},
    'wal_status', ${status}, 'safe_wal_bytes', ${safe})
  from pg_catalog.pg_replication_slots s where s.slot_name = ${quoteLiteral(slot)}
   and s.database = pg_catalog.current_database()) as slot
from (select pg_catalog.${flushed}() as flushed) f`
}

/** A new slot. @returns where it begins, and a snapshot of what was at work then */
export async function createSlot(
  session: LogSession,
  slot: string,
): Promise<{ readonly begins: string; readonly snapshot: string }> {
  const [made] = await session.rows<{ begins: string }>(
    `select lsn::text as begins from pg_catalog.pg_create_logical_replication_slot(${quoteLiteral(slot)}, 'pgoutput')`,
  )
  return { begins: made!.begins, snapshot: await readSnapshot(session) }
}

export async function readSnapshot(session: LogSession): Promise<string> {
  const [row] = await session.rows<{ snapshot: string }>(
    'select pg_catalog.txid_current_snapshot()::text as snapshot',
  )
  return row!.snapshot
}

/** Lets the source clear away what lies before a position. A slot never goes back. */
export async function advanceSlot(
  session: LogSession,
  { release, slot: name, through }: { release: number; slot: string; through: bigint },
): Promise<void> {
  const [slot, lsn] = [quoteLiteral(name), `${quoteLiteral(lsnText(through))}::pg_catalog.pg_lsn`]
  await session.rows(
    release < 110_000
      ? `select count(*) from pg_catalog.pg_logical_slot_get_binary_changes(${slot}, ${lsn}, null, 'proto_version', '1', 'publication_names', '')`
      : `select pg_catalog.pg_replication_slot_advance(${slot}, ${lsn})`,
  )
}

/** Drops a slot of this database, if it is there; whoever still reads it is an attempt that has been given up. */
export async function dropSlot(session: LogSession, name: string): Promise<void> {
  await freeSlot(session, name)
  await session.rows(
    `select pg_catalog.pg_drop_replication_slot(s.slot_name) from pg_catalog.pg_replication_slots s where ${ours(name)}`,
  )
}

/** Milliseconds for a session that was ended to let go. */
const letGo = 5_000

/** Ends a session that holds the slot: one at a time can, and ours is the one that holds the batch. */
export async function freeSlot(session: LogSession, name: string): Promise<void> {
  const deadline = performance.now() + letGo
  for (;;) {
    const [holder] = await session.rows<{ pid: number }>(
      `select s.active_pid as pid from pg_catalog.pg_replication_slots s where ${ours(name)} and s.active_pid is not null`,
    )
    if (holder === undefined || performance.now() > deadline) return
    await session.rows(`select pg_catalog.pg_terminate_backend(${holder.pid})`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function ours(name: string): string {
  return `s.slot_name = ${quoteLiteral(name)} and s.database = pg_catalog.current_database()`
}
