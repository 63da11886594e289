/**
 * A batch of kind copy: carve a range, then one target transaction with the rows, the checkpoint and
 * the next dispatch in it.
 */
import type { TransactionSql } from 'postgres'
import type { Platform } from '../platform/platform.ts'
import type { CompiledEntity, KeyRange } from '../projection/entity.ts'
import { pinStatement } from '../projection/settings.ts'
import { textFormatSettings } from '../projection/text-format.ts'
import type { Source } from '../source/source.ts'
import { type BatchCounts, type ClaimedBatch, control } from '../target/control.ts'
import { copyIn } from '../target/copy-in.ts'
import type { Tap } from '../wire/tap.ts'
import type { Lane } from './lane.ts'

/** Asked when the rows are in: whether this commit is the last of the call. */
export type LastOfCall = (counts: BatchCounts) => boolean

/**
 * Copies one claimed batch and commits it.
 * @throws FerryError `fenced` where another attempt has taken the batch; any failure of either side
 */
export async function copyBatch(
  platform: Platform,
  lane: Lane,
  batch: ClaimedBatch,
  lastOfCall: LastOfCall,
): Promise<BatchCounts> {
  const source = await lane.source(batch.source_secret)
  const range = await carve(platform, lane, source, batch)
  const counts = await inOneTransaction(lane, async (transaction) => {
    const held = control(transaction)
    await held.beginLoad(batch)
    await transaction.unsafe(pinStatement(textFormatSettings))
    await platform.failpoint('copy.begun')
    const loaded =
      range === 'empty'
        ? nothing
        : await load(source, batch.definition, range, transaction, lane.tap())
    await platform.failpoint('copy.loaded')
    await held.completeBatch(batch, loaded, lastOfCall(loaded))
    await platform.failpoint('copy.completed')
    return loaded
  })
  await platform.failpoint('copy.committed')
  return counts
}

/**
 * A transaction whose failure costs the connection instead of a rollback: a broken copy may have ended
 * in the middle of a message, and a lost connection takes no statement. Reports what failed first.
 */
async function inOneTransaction(
  lane: Lane,
  work: (transaction: TransactionSql) => Promise<BatchCounts>,
): Promise<BatchCounts> {
  let failure: { readonly error: unknown } | undefined
  try {
    return await lane.target.begin(async (transaction) => {
      try {
        return await work(transaction)
      } catch (error) {
        failure = { error }
        await lane.discard()
        throw error
      }
    })
  } catch (error) {
    throw failure === undefined ? error : failure.error
  }
}

const nothing: BatchCounts = { read: 0, loaded: 0, failed: 0, filtered: 0, bytes: 0, waited_ms: 0 }

async function carve(
  platform: Platform,
  lane: Lane,
  source: Source,
  batch: ClaimedBatch,
): Promise<KeyRange | 'empty'> {
  await platform.failpoint('copy.claimed')
  const after = batch.range_after.length === 0 ? null : batch.range_after
  const whole = { after, through: batch.range_through }
  if (batch.definition.key.length === 0) return whole
  const bounds = await source.bounds(batch.definition, whole, batch.row_limit)
  if (bounds.last === null) return 'empty'
  await lane.control.carveBatch(batch, bounds.last, bounds.more)
  await platform.failpoint('copy.carved')
  return { after, through: bounds.last }
}

async function load(
  source: Source,
  entity: CompiledEntity,
  range: KeyRange,
  transaction: TransactionSql,
  tap: Tap,
): Promise<BatchCounts> {
  let filtered = 0
  const { rows, bytes, waited_ms } = await copyIn(transaction, tap, entity, async (sink) => {
    const sent = await source.copyOut(entity, range, sink)
    filtered = sent.filtered
    return sent
  })
  return { ...nothing, read: rows + filtered, loaded: rows, filtered, bytes, waited_ms }
}
