/**
 * Makes the slot of a migration where it has none that can be read on from. From where a new one begins
 * nothing is lost; what was committed before is for a comparison of all rows, which has to begin after this.
 */
import type { LogState, NewSlot } from '../../target/log-control.ts'
import type { LogSession } from './session.ts'
import { createSlot, dropSlot } from './slot.ts'
import { slotFailure } from './slot-failure.ts'
import { parseSnapshot } from './visible.ts'

/** Where what is known of slots is kept. */
export interface SlotBooks {
  /** Commits: a slot is never made unknown to the books. */
  want(slotName: string): Promise<void>
  made(slot: NewSlot): Promise<void>
}

/**
 * @returns the state with a slot that begins now
 * @throws FerryError `log_*` where the source does not let one be made
 */
export async function makeSlot(
  session: LogSession,
  books: SlotBooks,
  slot: string,
  state: LogState,
  fingerprint: string,
): Promise<LogState> {
  await books.want(slot)
  try {
    // one that an attempt has made and could not tell of, or that is of no use any more
    await dropSlot(session, slot)
    const { begins, snapshot } = await createSlot(session, slot)
    const unsettled = isSettled(snapshot, snapshot) ? null : snapshot
    await books.made({ begins, unsettled, fingerprint })
    return { ...state, read_through: begins, unsettled, fingerprint }
  } catch (error) {
    throw slotFailure(error)
  }
}

/** Whether all that was at work in one snapshot has ended in a later one. */
export function isSettled(unsettled: string, now: string): boolean {
  const [xmin = '0'] = now.split(':')
  return BigInt(xmin) >= parseSnapshot(unsettled).xmax
}
