/** The rows of a mapped entity, for a batch of kind verify: staged in a transaction that leaves nothing. */
import type { Platform } from '../platform/platform.ts'
import type { KeyRange } from '../projection/entity.ts'
import type { StageCheck } from '../projection/mapping.ts'
import type { Source } from '../source/source.ts'
import type { ClaimedBatch } from '../target/control.ts'
import { mappingControl } from '../target/mapping-control.ts'
import type { Outcome } from '../verification/outcome.ts'
import { sourceSide, targetSide } from '../verification/side.ts'
import { verifyMapped } from '../verification/verify-mapped.ts'
import { fillStage } from './fill-stage.ts'
import type { Lane } from './lane.ts'
import { inLoad } from './transaction.ts'

export async function checkMappedRows(
  platform: Platform,
  lane: Lane,
  batch: ClaimedBatch,
): Promise<Outcome> {
  const { definition: entity, range_after } = batch
  const source = await lane.source(batch.source_secret)
  const after = range_after.length === 0 ? null : range_after
  const range = await carve(platform, lane, source, batch, after)
  return verifyMapped({
    source: sourceSide(source),
    target: targetSide(lane.target),
    entity,
    mode: batch.task.mode ?? 'full',
    first: after === null,
    compare: (values) => compareStaged(lane, source, batch, range, values),
    now: () => platform.now(),
  })
}

/** Hands on what lies behind the rows of this batch; an empty range stays as it is. */
async function carve(
  platform: Platform,
  lane: Lane,
  source: Source,
  batch: ClaimedBatch,
  after: KeyRange['after'],
): Promise<KeyRange> {
  const whole = { after, through: batch.range_through }
  const { last, more } = await source.bounds(batch.definition, whole, batch.row_limit)
  if (last === null || !more) return whole
  await lane.control.carveBatch(batch, last, true)
  await platform.failpoint('verify.carved')
  return { after, through: last }
}

function compareStaged(
  lane: Lane,
  source: Source,
  batch: ClaimedBatch,
  range: KeyRange,
  values: boolean,
): Promise<StageCheck> {
  return inLoad(lane, batch, async (transaction) => {
    await fillStage(source, batch.definition, range, transaction, lane.tap())
    return mappingControl(transaction).checkStage(batch, values)
  })
}
