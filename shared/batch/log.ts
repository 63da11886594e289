/**
 * A batch of kind log: what the source's log tells since the last one is read, and the keys that were
 * touched are committed together with the position; only then is the source told that it may forget them.
 */
import { parseLsn } from '../sync/log/lsn.ts'
import { type LogLook, readLog } from '../sync/log/read-log.ts'
import { type Noted, recordStatement, sendKeys } from '../sync/log/record-keys.ts'
import { advanceSlot } from '../sync/log/slot.ts'
import { copyInto } from '../target/copy-in.ts'
import { logControl } from '../target/log-control.ts'
import type { BatchKind, Work } from './kind.ts'
import type { Lane } from './lane.ts'
import { openLog } from './log-slot.ts'
import { inOneTransaction } from './transaction.ts'

/** What a look takes about a third of a second of a function's CPU for. */
const messagesOfLook = 150_000

export const logBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  await platform.failpoint('log.claimed')
  const { slot, state, session, books } = await openLog(lane, batch)
  try {
    const { through } = batch.task
    const ask = {
      slot,
      state,
      messages: messagesOfLook,
      ...(through === undefined ? {} : { through }),
    }
    const seen = await readLog(session, books, ask)
    await platform.failpoint('log.peeked')
    const work = await inOneTransaction(lane, async (transaction): Promise<Work> => {
      const held = logControl(transaction)
      const notedAt = await held.beginLog(batch)
      await platform.failpoint('log.begun')
      const moved = await record(lane, transaction, seen, {
        migrationId: batch.migration_id,
        at: notedAt,
        batchKeys: (id) => state.entities.find((each) => each.id === id)!.batch_keys,
      })
      await platform.failpoint('log.recorded')
      const log = seen.halt === undefined ? seen.reading : { keys: 0, halt: seen.halt }
      await held.completeLog(batch, log, lastOfCall(moved))
      await platform.failpoint('log.completed')
      return moved
    })
    await platform.failpoint('log.committed')
    if (seen.halt === undefined) {
      const { release, reading } = seen
      await advanceSlot(session, { release, slot, through: parseLsn(reading.read_through) })
    }
    await platform.failpoint('log.advanced')
    return work
  } finally {
    await session.close()
  }
}

async function record(
  lane: Lane,
  transaction: Parameters<Parameters<typeof inOneTransaction>[1]>[0],
  seen: LogLook,
  noted: Noted,
): Promise<Work> {
  if (seen.halt !== undefined || seen.reading.keys === 0) return { rows: 0, bytes: 0 }
  const { touched } = seen
  const { rows, bytes } = await copyInto(transaction, lane.tap(), recordStatement, (sink) =>
    sendKeys(sink, touched, noted),
  )
  return { rows, bytes }
}
