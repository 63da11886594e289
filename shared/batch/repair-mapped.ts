/** A repair of a mapped entity: the rows that differed are made anew from the source, extra ones go. */
import type { KeyRange, KeyTexts } from '../projection/entity.ts'
import { keysCondition } from '../projection/keys.ts'
import { rowCondition } from '../projection/range.ts'
import { control } from '../target/control.ts'
import { mappingControl } from '../target/mapping-control.ts'
import type { RowFinding } from '../verification/rows/replacement.ts'
import { fillStage } from './fill-stage.ts'
import type { BatchKind, Work } from './kind.ts'
import { inLoad } from './transaction.ts'

export const repairMappedBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  const { definition } = batch
  const source = await lane.source(batch.source_secret)
  const { keys, ranges, extra } = sortOut(await lane.control.findingsOfBatch(batch))
  await platform.failpoint('repair.chosen')
  return inLoad(lane, batch, async (transaction): Promise<Work> => {
    const held = control(transaction)
    const mapping = mappingControl(transaction)
    const chosen = [
      keysCondition(definition, keys),
      ...ranges.map((range) => rowCondition(definition, range)),
    ]
    const rows = { condition: `(${chosen.join(' or ')})` }
    const moved = await fillStage(source, definition, rows, transaction, lane.tap())
    const gone = await mapping.narrowStage(batch, keys, ranges)
    const reloaded = await mapping.reloadStage(batch, {
      replace: true,
      extra: [...extra, ...gone],
    })
    const work = { rows: moved.rows, bytes: moved.bytes }
    await held.completeRepair(batch, reloaded, lastOfCall(work))
    await platform.failpoint('repair.completed')
    return work
  })
}

/** What findings are about: keys of the source, ranges of them, and rows of the target that no key leads to. */
function sortOut(findings: readonly RowFinding[]) {
  const keys: KeyTexts[] = []
  const ranges: KeyRange[] = []
  const extra: string[] = []
  for (const { kind, row_key, detail, range_after, range_through } of findings) {
    if (typeof detail.target_key === 'string') extra.push(detail.target_key)
    else if (kind === 'range') ranges.push({ after: range_after, through: range_through })
    else if (row_key !== null) keys.push(row_key)
  }
  return { keys, ranges, extra }
}
