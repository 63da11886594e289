/** The rows of a range straight into the target, and their entries into the map, out of one snapshot. */
import type { TransactionSql } from 'postgres'
import type { Platform } from '../platform/platform.ts'
import { directMap, directRows, type MapPlace } from '../projection/direct-rows.ts'
import type { CompiledEntity, KeyRange } from '../projection/entity.ts'
import type { Sent, Source } from '../source/source.ts'
import { type BatchCounts, type ClaimedBatch, noRows } from '../target/control.ts'
import { mappingControl } from '../target/mapping-control.ts'
import type { Tap } from '../wire/tap.ts'
import { copyAcross } from './copy-across.ts'

export interface DirectBatch {
  readonly batch: ClaimedBatch
  readonly range: KeyRange
  readonly place: MapPlace
}

export async function loadDirect(
  platform: Platform,
  source: Source,
  { batch, range, place }: DirectBatch,
  transaction: TransactionSql,
  tap: Tap,
): Promise<BatchCounts> {
  const { definition: entity } = batch
  const direct = entity.direct!
  const { rows, entries } = await source.snapshot(async (copyOut) => {
    const copy = (each: CompiledEntity) => copyAcross(copyOut, each, range, transaction, tap)
    const rows = await copy(directRows(entity, direct))
    await platform.failpoint('direct.rows')
    const entries =
      direct.map === null ? noEntries : await copy(directMap(entity, direct.map, place))
    return { rows, entries }
  })
  await mappingControl(transaction).endDirect(batch, rows.rows, entries.rows)
  return {
    ...noRows,
    read: rows.rows + rows.filtered,
    loaded: rows.rows,
    filtered: rows.filtered,
    bytes: rows.bytes + entries.bytes,
    waited_ms: rows.waited_ms + entries.waited_ms,
  }
}

const noEntries: Pick<Sent, 'rows' | 'bytes' | 'waited_ms'> = { rows: 0, bytes: 0, waited_ms: 0 }
