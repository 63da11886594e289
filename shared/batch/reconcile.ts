/**
 * A batch of kind reconcile: both sides of a part of an entity are compared, by all of the rows or by
 * their keys, and what differs is brought over in one target transaction. Rows that the source has no
 * more are noted; the last batch of the sweep takes them away.
 */
import type { Platform } from '../platform/platform.ts'
import type { CompiledEntity, KeyRange, RowSet } from '../projection/entity.ts'
import { keysCondition } from '../projection/keys.ts'
import { stagedEntity } from '../projection/sync.ts'
import { type Differences, findDifferences, ofKeys } from '../sync/reconcile/differences.ts'
import { findKeys } from '../sync/reconcile/known-keys.ts'
import type { ClaimedBatch } from '../target/control.ts'
import { deletesControl } from '../target/deletes-control.ts'
import { syncControl } from '../target/sync-control.ts'
import { takePart, verificationBounds } from '../verification/rows/bounds.ts'
import { partOf } from '../verification/rows/buckets.ts'
import { sourceSide, targetSide } from '../verification/side.ts'
import { fillStage } from './fill-stage.ts'
import type { BatchKind, LastOfCall, Work } from './kind.ts'
import type { Lane } from './lane.ts'
import { reconcileRows } from './reconcile-rows.ts'
import { inLoad } from './transaction.ts'

export const reconcileBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  await platform.failpoint('reconcile.claimed')
  const { definition: entity } = batch
  if (entity.mapping !== undefined) {
    const find = batch.task.scope === 'hash' ? wholeRange : differingKeys
    const found = await find(platform, lane, batch)
    return bringOver(platform, lane, batch, found, lastOfCall)
  }
  const found = await plainDifferences(platform, lane, batch)
  if ('taken' in found) return reconcileRows(platform, lane, batch, found, lastOfCall)
  return bringOver(platform, lane, batch, found, lastOfCall)
}

/** What is staged, and what it says about rows of the target. */
interface Found extends Differences {
  /** A range of a mapped entity that is staged whole, instead of what differs. */
  readonly whole?: KeyRange
  /** The keys are gone, and nothing is read again: other batches do that. */
  readonly onlyGone?: boolean
}

/** Hands on what lies behind the rows of this batch; all of them are staged. */
async function wholeRange(platform: Platform, lane: Lane, batch: ClaimedBatch): Promise<Found> {
  const source = await lane.source(batch.source_secret)
  const range = rangeOf(batch)
  const { last, more } = await source.bounds(batch.definition, range, batch.row_limit)
  if (last === null || !more) return { rows: 0, keys: [], whole: range }
  await carve(platform, lane, batch, last)
  return { rows: 0, keys: [], whole: { after: range.after, through: last } }
}

async function differingKeys(platform: Platform, lane: Lane, batch: ClaimedBatch): Promise<Found> {
  const { definition: entity, task } = batch
  const rows = task.rows_total ?? 0
  const { part, parts, more, through } = takePart(rangeOf(batch), rows)
  if (more) await carve(platform, lane, batch, through!)
  const found = await findKeys({
    source: sourceSide(await lane.source(batch.source_secret)),
    target: targetSide(lane.target),
    entity,
    entityStatusId: batch.entity_status_id,
    part: partOf(part, parts, rows),
    missing: task.scope !== 'gone',
    // Where rows of the target may be its own, one that has no row at the source says nothing.
    extra: !(entity.mapping!.id === null && entity.mapping!.conflict !== 'fail'),
  })
  await platform.failpoint('reconcile.compared')
  return { ...found, onlyGone: task.scope === 'gone' }
}

async function plainDifferences(platform: Platform, lane: Lane, batch: ClaimedBatch) {
  const { definition, task } = batch
  const bounds = await verificationBounds({
    source: sourceSide(await lane.source(batch.source_secret)),
    target: targetSide(lane.target),
    entity: definition.sync?.stage === undefined ? withoutKey(definition) : definition,
    mode: 'full',
    range: rangeOf(batch),
    rowLimit: batch.row_limit,
    rows: task.rows_total ?? 0,
  })
  if (bounds.more) await carve(platform, lane, batch, bounds.range.through!)
  const { comparison: whole } = bounds
  if (whole.strategy === 'row') return { taken: bounds } as const
  const comparison = task.scope === 'hash' ? whole : ofKeys(whole)
  const found = await findDifferences({ ...bounds, comparison })
  await platform.failpoint('reconcile.compared')
  return found
}

/** Nothing tells its rows apart in the target. */
function withoutKey({ scan: _scan, ...entity }: CompiledEntity): CompiledEntity {
  return { ...entity, key: [] }
}

function rangeOf({ range_after, range_through }: ClaimedBatch): KeyRange {
  return { after: range_after.length === 0 ? null : range_after, through: range_through }
}

async function carve(
  platform: Platform,
  lane: Lane,
  batch: ClaimedBatch,
  through: readonly string[],
): Promise<void> {
  await lane.control.carveBatch(batch, through, true)
  await platform.failpoint('reconcile.carved')
}

/** Stages what was found, writes what differs, and notes what is gone. */
async function bringOver(
  platform: Platform,
  lane: Lane,
  batch: ClaimedBatch,
  found: Found,
  lastOfCall: LastOfCall,
): Promise<Work> {
  const source = await lane.source(batch.source_secret)
  const work = await inLoad(lane, batch, async (transaction): Promise<Work> => {
    const held = syncControl(transaction)
    const gone = deletesControl(transaction)
    await platform.failpoint('reconcile.begun')
    let done: Work = { rows: 0, bytes: 0 }
    let applied = { inserted: 0, updated: 0, refused: 0 }
    const rows = rowsToStage(batch.definition, found)
    if (rows !== null) {
      const staged = stagedEntity(batch.definition)
      const moved = await fillStage(source, staged, rows, transaction, lane.tap())
      done = { rows: moved.rows, bytes: moved.bytes }
      if (found.parts !== undefined) {
        await transaction.unsafe(`create temp table ferry_beyond on commit drop as
          ${found.parts.known} except select ${staged.mapping!.key} from pg_temp.ferry_stage s`)
      }
      await platform.failpoint('reconcile.staged')
      if (found.onlyGone !== true) {
        const asked = found.whole === undefined ? found.keys : null
        applied = await held.applyChanges(batch, asked, found.whole !== undefined)
      }
    }
    if (found.onlyGone === true) await gone.noteGone(batch, found.keys)
    if (found.parts !== undefined) await gone.noteBeyond(batch)
    await platform.failpoint('reconcile.applied')
    const read = Math.max(found.rows, done.rows)
    await held.completeSync(batch, { ...applied, read }, lastOfCall(done))
    await platform.failpoint('reconcile.completed')
    return done
  })
  await platform.failpoint('reconcile.committed')
  return work
}

/** Null where nothing has to be read. */
function rowsToStage(
  entity: CompiledEntity,
  { whole, keys, parts, onlyGone }: Found,
): RowSet | null {
  if (whole !== undefined) return whole
  const asked = onlyGone === true ? [] : keys
  if (asked.length === 0 && parts === undefined) return null
  const conditions = [
    keysCondition(entity, asked),
    ...(parts === undefined ? [] : [parts.condition]),
  ]
  return { condition: `(${conditions.join(' or ')})` }
}
