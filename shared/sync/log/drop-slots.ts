/**
 * Drops slots that nobody needs any more: a cancelled migration, one that has cut over. The database knows
 * which, and only a function reaches the source; so whichever function runs next does it, for any migration.
 */
import type { Sql } from 'postgres'
import type { Platform } from '../../platform/platform.ts'
import { classify } from '../../platform/sqlstate.ts'
import { logControl, type SlotToDrop } from '../../target/log-control.ts'
import { openLogSession } from './session.ts'
import { dropSlot } from './slot.ts'

const statementMs = 10_000

/**
 * Never rejects: a source that does not answer keeps its slot in the books, for the next call.
 * @param address of a source by the name of its secret
 */
export async function dropUnneededSlots(
  platform: Platform,
  target: Sql,
  address: (secretName: string) => Promise<string>,
): Promise<void> {
  try {
    for (const slot of await logControl(target).slotsToDrop()) {
      await dropOne(platform, target, slot, address)
    }
  } catch (error) {
    platform.log('warn', 'slot.not_listed', { code: classify(error).code })
  }
}

async function dropOne(
  platform: Platform,
  target: Sql,
  { migration_id, source_secret, slot_name }: SlotToDrop,
  address: (secretName: string) => Promise<string>,
): Promise<void> {
  try {
    const session = openLogSession(await address(source_secret), statementMs)
    try {
      await dropSlot(session, slot_name)
    } finally {
      await session.close()
    }
    await logControl(target).slotDropped(migration_id)
    platform.log('info', 'slot.dropped', { migration_id, slot: slot_name })
  } catch (error) {
    const { code } = classify(error)
    platform.log('warn', 'slot.not_dropped', { migration_id, slot: slot_name, code })
  }
}
