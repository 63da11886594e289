/** The slot of a migration, as the batches of its sweeps have it: made by a look, read by those of kind log. */
import type { SlotBooks } from '../sync/log/ensure-slot.ts'
import { makeSlot } from '../sync/log/ensure-slot.ts'
import { type LogSession, openLogSession } from '../sync/log/session.ts'
import { readServer, slotName } from '../sync/log/slot.ts'
import { readPublication } from '../sync/log/watched-tables.ts'
import type { ClaimedBatch } from '../target/control.ts'
import { type LogState, logControl } from '../target/log-control.ts'
import type { Lane } from './lane.ts'

export interface HeldLog {
  readonly slot: string
  readonly state: LogState
  readonly session: LogSession
  readonly books: SlotBooks
}

/** What one statement may take of the lease: where the log cannot be read, a slot is to be made yet. */
const shareOfLease = 0.4

/** Opens the log for a held batch; whoever calls closes the session. */
export async function openLog(lane: Lane, batch: ClaimedBatch): Promise<HeldLog> {
  const control = logControl(lane.target)
  const state = await control.openLog(batch.migration_id)
  const address = await lane.address(batch.source_secret)
  // One connection at a time: a lane is counted as one.
  await (await lane.source(batch.source_secret)).close()
  return {
    slot: slotName(batch.migration_id),
    state,
    session: openLogSession(address, batch.lease_ms * shareOfLease),
    books: {
      want: (name) => control.wantSlot(batch, name),
      made: (made) => control.slotMade(batch, made),
    },
  }
}

/** Makes the slot where there is none yet. @throws FerryError `log_*` where the source does not let it */
export async function ensureSlot(lane: Lane, batch: ClaimedBatch): Promise<void> {
  const { slot, state, session, books } = await openLog(lane, batch)
  if (state.read_through !== null) return
  try {
    const { publication, entities } = state
    const { release } = await readServer(session, slot)
    const { fingerprint } = await readPublication(session, release, publication, entities)
    await makeSlot(session, books, slot, state, fingerprint)
  } finally {
    await session.close()
  }
}
