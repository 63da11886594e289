/** A batch of kind replay: dead letters are read again by their keys, and loaded where they can be by now. */
import { keysCondition } from '../projection/keys.ts'
import { mappingControl } from '../target/mapping-control.ts'
import { fillStage } from './fill-stage.ts'
import type { BatchKind, Work } from './kind.ts'
import { inLoad } from './transaction.ts'

export const replayBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  const { definition } = batch
  const source = await lane.source(batch.source_secret)
  const keys = await mappingControl(lane.target).deadLettersOfBatch(batch)
  await platform.failpoint('replay.chosen')
  return inLoad(lane, batch, async (transaction): Promise<Work> => {
    const held = mappingControl(transaction)
    const rows = { condition: `(${keysCondition(definition, keys)})` }
    const moved = await fillStage(source, definition, rows, transaction, lane.tap())
    const { loaded } = await held.reloadStage(batch, { replace: false, extra: [] })
    const work = { rows: moved.rows, bytes: moved.bytes }
    await held.completeReplay(batch, loaded, lastOfCall(work))
    await platform.failpoint('replay.completed')
    return work
  })
}
