/** A batch of kind repair: in one target transaction, the rows that differed go and come again. */

import { readTable } from '../projection/select.ts'
import { control } from '../target/control.ts'
import { copyIn } from '../target/copy-in.ts'
import { openComparison } from '../verification/rows/comparison.ts'
import { chooseRows } from '../verification/rows/replacement.ts'
import { sourceSide, targetSide } from '../verification/side.ts'
import type { BatchKind, Work } from './kind.ts'
import { repairMappedBatch } from './repair-mapped.ts'
import { inLoad } from './transaction.ts'

export const repairBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  const { definition } = batch
  if (definition.mapping !== undefined) {
    return repairMappedBatch(platform, lane, batch, lastOfCall)
  }
  const source = await lane.source(batch.source_secret)
  const findings = await lane.control.findingsOfBatch(batch)
  const sides = { source: sourceSide(source), target: targetSide(lane.target) }
  const rows = await chooseRows(await openComparison(sides, definition, 'full'), findings)
  await platform.failpoint('repair.chosen')
  return inLoad(lane, batch, async (transaction): Promise<Work> => {
    const held = control(transaction)
    const table = readTable(rows.target.source)
    const { count: removed } = await transaction.unsafe(`delete from ${table} where ${rows.taken}`)
    const moved = await copyIn(transaction, lane.tap(), definition, (sink) =>
      source.copyOut(definition, { condition: `(${rows.copied})` }, sink),
    )
    const work = { rows: moved.rows, bytes: moved.bytes }
    await held.completeRepair(batch, { removed, loaded: moved.rows }, lastOfCall(work))
    await platform.failpoint('repair.completed')
    return work
  })
}
