/** A batch of kind reconcile over a table without a key: rows that are not there as often go and come again. */
import type { Platform } from '../platform/platform.ts'
import {
  countStatement,
  findUneven,
  removeStatement,
  takenStatement,
} from '../sync/reconcile/uneven-rows.ts'
import type { ClaimedBatch } from '../target/control.ts'
import { copyIn } from '../target/copy-in.ts'
import { deletesControl } from '../target/deletes-control.ts'
import { syncControl } from '../target/sync-control.ts'
import type { VerificationBatch } from '../verification/rows/bounds.ts'
import type { LastOfCall, Work } from './kind.ts'
import type { Lane } from './lane.ts'
import { inLoad } from './transaction.ts'

export async function reconcileRows(
  platform: Platform,
  lane: Lane,
  batch: ClaimedBatch,
  { taken: bounds }: { readonly taken: VerificationBatch },
  lastOfCall: LastOfCall,
): Promise<Work> {
  const { definition } = batch
  const { target } = bounds.comparison
  const source = await lane.source(batch.source_secret)
  const { rows, surplus, taken, copied } = await findUneven(bounds)
  await platform.failpoint('reconcile.compared')
  // The limit is one for the table: its parts are as good as equal, and the first is to stop what all of them would.
  const lost = surplus * bounds.part.parts
  if (lost > 0 && (await deletesControl(lane.target).exceedsDeleteLimit(batch, lost))) {
    const nothing = { rows: 0, bytes: 0 }
    await deletesControl(lane.target).haltForDeletes(batch, lost, lastOfCall(nothing))
    return nothing
  }
  const work = await inLoad(lane, batch, async (transaction): Promise<Work> => {
    const held = syncControl(transaction)
    await platform.failpoint('reconcile.begun')
    let done: Work = { rows: 0, bytes: 0 }
    let counts = { inserted: '0', deleted: '0' }
    if (taken !== null) {
      await transaction.unsafe(takenStatement(target, taken))
      await transaction.unsafe(removeStatement(target))
      const moved = await copyIn(transaction, lane.tap(), definition, (sink) =>
        source.copyOut(definition, { condition: copied }, sink),
      )
      await platform.failpoint('reconcile.staged')
      const [counted] = await transaction.unsafe<(typeof counts)[]>(countStatement(target))
      counts = counted!
      done = { rows: moved.rows, bytes: moved.bytes }
    }
    await platform.failpoint('reconcile.applied')
    const { inserted, deleted } = counts
    const changed = { inserted: Number(inserted), updated: 0, deleted: Number(deleted), refused: 0 }
    await held.completeSync(batch, { ...changed, read: rows }, lastOfCall(done))
    await platform.failpoint('reconcile.completed')
    return done
  })
  await platform.failpoint('reconcile.committed')
  return work
}
