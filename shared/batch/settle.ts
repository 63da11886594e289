/** A batch of kind settle: references that were loaded before their parents are looked at. */
import { control } from '../target/control.ts'
import { mappingControl } from '../target/mapping-control.ts'
import type { BatchKind, Work } from './kind.ts'
import { inLoad } from './transaction.ts'

export const settleBatch: BatchKind = async (platform, lane, batch, lastOfCall) =>
  inLoad(lane, batch, async (transaction): Promise<Work> => {
    const held = control(transaction)
    const { refused, left_out } = await mappingControl(transaction).settle(batch)
    await platform.failpoint('settle.settled')
    const work = { rows: 0, bytes: 0 }
    // Rows move from loaded to refused or filtered: nothing was read.
    const counts = { read: 0, loaded: -(refused + left_out), failed: refused, filtered: left_out }
    await held.completeBatch(batch, { ...counts, bytes: 0, waited_ms: 0 }, lastOfCall(work))
    await platform.failpoint('settle.completed')
    return work
  })
