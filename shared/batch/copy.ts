/**
 * A batch of kind copy: carve a range, then one target transaction with the rows, the checkpoint and
 * the next dispatch in it.
 */
import type { TransactionSql } from 'postgres'
import type { Platform } from '../platform/platform.ts'
import type { KeyRange } from '../projection/entity.ts'
import { checkSameTable } from '../source/same-table.ts'
import type { Source } from '../source/source.ts'
import { type BatchCounts, type ClaimedBatch, control, noRows } from '../target/control.ts'
import { mappingControl } from '../target/mapping-control.ts'
import type { Tap } from '../wire/tap.ts'
import { loadDirect } from './direct-load.ts'
import { fillStage } from './fill-stage.ts'
import type { BatchKind } from './kind.ts'
import type { Lane } from './lane.ts'
import { inLoad } from './transaction.ts'

export const copyBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  const source = await lane.source(batch.source_secret)
  await checkSameTable(source, batch.definition)
  const range = await carve(platform, lane, source, batch)
  const work = await inLoad(lane, batch, async (transaction) => {
    const held = control(transaction)
    await platform.failpoint('copy.begun')
    const loaded =
      range === 'empty'
        ? noRows
        : await load(platform, source, batch, range, transaction, lane.tap())
    await platform.failpoint('copy.loaded')
    const work = { rows: loaded.read, bytes: loaded.bytes }
    await held.completeBatch(batch, loaded, lastOfCall(work))
    await platform.failpoint('copy.completed')
    return work
  })
  await platform.failpoint('copy.committed')
  return work
}

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
  platform: Platform,
  source: Source,
  batch: ClaimedBatch,
  range: KeyRange,
  transaction: TransactionSql,
  tap: Tap,
): Promise<BatchCounts> {
  const { definition: entity } = batch
  const place = await mappingControl(transaction).beginDirect(batch)
  if (place !== undefined)
    return loadDirect(platform, source, { batch, range, place }, transaction, tap)
  const sent = await fillStage(source, entity, range, transaction, tap)
  const { rows, bytes, waited_ms, filtered } = sent
  const moved = { ...noRows, read: rows + filtered, bytes, waited_ms }
  if (entity.mapping === undefined) return { ...moved, loaded: rows, filtered }
  const { loaded, refused, left_out } = await mappingControl(transaction).loadStage(batch)
  return { ...moved, loaded, failed: refused, filtered: filtered + left_out }
}
