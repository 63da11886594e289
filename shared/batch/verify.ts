/** A batch of kind verify: both sides are looked at, and what was found is committed in one step. */
import type { Plan } from '../plan/schema.ts'
import type { Platform } from '../platform/platform.ts'
import type { ClaimedBatch } from '../target/control.ts'
import type { Outcome } from '../verification/outcome.ts'
import { queryOfBatch, verifyQuery } from '../verification/queries/verify-query.ts'
import { sourceSide, targetSide } from '../verification/side.ts'
import { verifyEntity } from '../verification/verify-entity.ts'
import type { BatchKind } from './kind.ts'
import type { Lane } from './lane.ts'
import { checkMappedRows } from './verify-mapped.ts'

type Check = (platform: Platform, lane: Lane, batch: ClaimedBatch) => Promise<Outcome>

export const verifyBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  await platform.failpoint('verify.claimed')
  const outcome = await checks[batch.check_name || 'rows'](platform, lane, batch)
  await platform.failpoint('verify.checked')
  // Rows stay in the servers; what this function spends is its measured time.
  const work = { rows: 0, bytes: 0 }
  await lane.control.completeCheck(batch, outcome, lastOfCall(work))
  await platform.failpoint('verify.committed')
  return work
}

const checks: Readonly<Record<'rows' | 'schema' | 'queries', Check>> = {
  rows: checkRows,
  schema: checkSchema,
  queries: checkQueries,
}

async function checkRows(platform: Platform, lane: Lane, batch: ClaimedBatch): Promise<Outcome> {
  if (batch.definition.mapping !== undefined) return checkMappedRows(platform, lane, batch)
  const { definition: entity, task, range_after, range_through, row_limit } = batch
  const { mode = 'full', seed = '0', sample_rows = 100, rows_total = 0 } = task
  const source = await lane.source(batch.source_secret)
  return verifyEntity({
    source: sourceSide(source),
    target: targetSide(lane.target),
    entity,
    mode,
    range: { after: range_after.length === 0 ? null : range_after, through: range_through },
    rowLimit: row_limit,
    rows: rows_total,
    seed,
    sampleRows: sample_rows,
    async carve(through) {
      await lane.control.carveBatch(batch, through, true)
      await platform.failpoint('verify.carved')
    },
    pause,
    now: () => platform.now(),
  })
}

async function checkSchema(_platform: Platform, lane: Lane, batch: ClaimedBatch): Promise<Outcome> {
  // It knows plans and DDL, which no other batch needs: loaded where it is asked for.
  const { verifySchema } = await import('../verification/schema/verify-schema.ts')
  const source = await lane.source(batch.source_secret)
  const { plan, existed } = await lane.control.beginningOf(batch.migration_id)
  // It was checked when the migration began.
  return verifySchema({
    source,
    target: lane.target,
    plan: plan as Plan,
    existed: new Set(existed),
  })
}

/** What the runs of one query may take of the lease. */
const shareOfLease = 0.6

async function checkQueries(platform: Platform, lane: Lane, batch: ClaimedBatch): Promise<Outcome> {
  const after = batch.range_after.length === 0 ? null : batch.range_after
  const { query, through, more } = queryOfBatch(batch.definition.queries ?? [], after)
  if (more) await lane.control.carveBatch(batch, through, true)
  if (query === undefined) return { results: [], findings: [] }
  return verifyQuery({
    source: sourceSide(await lane.source(batch.source_secret)),
    target: targetSide(lane.target),
    query,
    budgetMs: batch.lease_ms * shareOfLease,
    now: () => platform.now(),
  })
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
