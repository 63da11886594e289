/** A repair of a mapped entity: the rows that differed are made anew from the source, extra ones go. */
import { keysCondition } from '../projection/keys.ts'
import { pinStatement } from '../projection/settings.ts'
import { textFormatSettings } from '../projection/text-format.ts'
import { control } from '../target/control.ts'
import { mappingControl } from '../target/mapping-control.ts'
import { fillStage } from './fill-stage.ts'
import type { BatchKind, Work } from './kind.ts'
import { inOneTransaction } from './transaction.ts'

export const repairMappedBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  const { definition } = batch
  const source = await lane.source(batch.source_secret)
  const findings = await lane.control.findingsOfBatch(batch)
  const targetKey = ({ detail }: (typeof findings)[number]) =>
    typeof detail.target_key === 'string' ? [detail.target_key] : []
  const extra = findings.flatMap(targetKey)
  const keys = findings.flatMap((each) =>
    each.row_key === null || targetKey(each).length > 0 ? [] : [each.row_key],
  )
  await platform.failpoint('repair.chosen')
  return inOneTransaction(lane, async (transaction): Promise<Work> => {
    const held = control(transaction)
    await held.beginLoad(batch)
    await transaction.unsafe(pinStatement(textFormatSettings))
    const rows = { condition: `(${keysCondition(definition, keys)})` }
    const moved = await fillStage(source, definition, rows, transaction, lane.tap())
    const reloaded = await mappingControl(transaction).reloadStage(batch, { replace: true, extra })
    const work = { rows: moved.rows, bytes: moved.bytes }
    await held.completeRepair(batch, reloaded, lastOfCall(work))
    await platform.failpoint('repair.completed')
    return work
  })
}
