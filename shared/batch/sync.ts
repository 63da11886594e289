/**
 * A batch of kind sync: rows of one entity that may have changed are read as they are now, and what
 * differs in the target is written, in one target transaction.
 */
import type { Platform } from '../platform/platform.ts'
import { boundsStatement } from '../projection/bounds.ts'
import type { ChosenRows, CompiledEntity, KeyTexts } from '../projection/entity.ts'
import { keysCondition } from '../projection/keys.ts'
import { stagedEntity } from '../projection/sync.ts'
import {
  behindId,
  beyondWindow,
  inRange,
  inWindow,
  orderedByTime,
  type Watched,
  writtenSince,
} from '../projection/window.ts'
import type { Source } from '../source/source.ts'
import type { ClaimedBatch } from '../target/control.ts'
import { syncControl } from '../target/sync-control.ts'
import { fillStage } from './fill-stage.ts'
import type { BatchKind, LastOfCall, Work } from './kind.ts'
import type { Lane } from './lane.ts'
import { inLoad } from './transaction.ts'

export const syncBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  const source = await lane.source(batch.source_secret)
  await platform.failpoint('sync.claimed')
  const keys =
    batch.task.strategy === 'keys' ? await syncControl(lane.target).changedKeysOfBatch(batch) : null
  const rows =
    keys === null
      ? await carve(platform, lane, source, batch)
      : { condition: keysCondition(batch.definition, keys) }
  return applyRows(platform, lane, batch, { rows, keys }, lastOfCall)
}

interface RowsToApply {
  readonly rows: ChosenRows
  /** Those that were asked for one by one. */
  readonly keys: readonly KeyTexts[] | null
}

/** Stages rows of the source and writes what differs. */
async function applyRows(
  platform: Platform,
  lane: Lane,
  batch: ClaimedBatch,
  { rows, keys }: RowsToApply,
  lastOfCall: LastOfCall,
): Promise<Work> {
  const source = await lane.source(batch.source_secret)
  const work = await inLoad(lane, batch, async (transaction): Promise<Work> => {
    await platform.failpoint('sync.begun')
    const staged = stagedEntity(batch.definition)
    const moved = await fillStage(source, staged, rows, transaction, lane.tap())
    await platform.failpoint('sync.staged')
    const held = syncControl(transaction)
    const applied = await held.applyChanges(batch, keys, false)
    await platform.failpoint('sync.applied')
    const done = { rows: moved.rows, bytes: moved.bytes }
    await held.completeSync(batch, { ...applied, read: moved.rows }, lastOfCall(done))
    await platform.failpoint('sync.completed')
    return done
  })
  await platform.failpoint('sync.committed')
  return work
}

/** Cuts the batch's rows to size: hands on what lies behind them. */
async function carve(
  platform: Platform,
  lane: Lane,
  source: Source,
  batch: ClaimedBatch,
): Promise<ChosenRows> {
  const { order, condition } = windowOf(batch)
  const after = batch.range_after.length === 0 ? null : batch.range_after
  const whole = { after, through: batch.range_through }
  if (order.key.length === 0) return { condition }
  const [bound] = (await source.query(
    boundsStatement(order, whole, batch.row_limit, condition),
  )) as unknown as readonly { last: KeyTexts; more: boolean }[]
  if (bound === undefined) return { condition: 'false' }
  await lane.control.carveBatch(batch, bound.last, bound.more)
  await platform.failpoint('sync.carved')
  return { condition: inRange(order, { after, through: bound.last }, condition) }
}

/** Which rows the batch is about, and the order that it is cut in. */
function windowOf({ definition, task }: ClaimedBatch): {
  readonly order: CompiledEntity
  readonly condition: string
} {
  const watched = definition.sync as Watched
  const { strategy, low = '', high = '', xmin = '0', after = null } = task
  switch (strategy) {
    case 'timestamp':
      return {
        order: orderedByTime(definition, watched),
        condition: inWindow(watched, { low, high }),
      }
    case 'beyond':
      return { order: definition, condition: beyondWindow(watched, high, xmin) }
    case 'id':
      return { order: definition, condition: behindId(watched, after) }
    default:
      return { order: definition, condition: writtenSince(xmin) }
  }
}
