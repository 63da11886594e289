/**
 * A batch of kind deletes, the last one of a sweep: the source is asked once more for the rows that seem
 * to be gone, and those that really are go in the target together, in one transaction.
 */
import { lookUpStatement } from '../projection/digest-statements.ts'
import type { KeyTexts } from '../projection/entity.ts'
import type { ClaimedBatch } from '../target/control.ts'
import { deletesControl, type KeysToAsk } from '../target/deletes-control.ts'
import { type Side, sourceSide } from '../verification/side.ts'
import type { BatchKind, Work } from './kind.ts'
import { inLoad } from './transaction.ts'

/** Keys that the source is asked for at a time. */
const askedKeys = 2000

export const deletesBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  await platform.failpoint('deletes.claimed')
  const source = sourceSide(await lane.source(batch.source_secret))
  const work = await inLoad(lane, batch, async (transaction): Promise<Work> => {
    const held = deletesControl(transaction)
    await platform.failpoint('deletes.begun')
    await keepWhatCameBack(source, held, batch)
    const outcome = await held.applyDeletes(batch)
    await platform.failpoint('deletes.applied')
    // Rows stay in the servers.
    const done = { rows: 0, bytes: 0 }
    await held.completeDeletes(batch, outcome, lastOfCall(done))
    await platform.failpoint('deletes.completed')
    return done
  })
  await platform.failpoint('deletes.committed')
  return work
}

/** In snapshots of now: a row that was missed because its key moved, or that came again, is not gone. */
async function keepWhatCameBack(
  source: Side,
  held: ReturnType<typeof deletesControl>,
  batch: ClaimedBatch,
): Promise<void> {
  let page: KeysToAsk | undefined
  for (;;) {
    page = await held.goneToAsk(batch, page, askedKeys)
    if (page === undefined) return
    const found = await ask(source, page)
    if (found.length > 0) await held.keepReturned(batch, page.entity_status_id, found)
  }
}

async function ask(
  source: Side,
  { definition: entity, keys }: KeysToAsk,
): Promise<(readonly [KeyTexts, KeyTexts])[]> {
  if (keys === null) return []
  const table = { entity, digest: '', form: { floatBits: false, encoding: 'UTF8' } }
  const rows = await source.query<{ wanted: number; key: KeyTexts }>(lookUpStatement(table, keys))
  return rows.map(({ wanted, key }) => [keys[wanted]!, key])
}
