/** Rows of an entity from the source into the transaction of a batch. */
import type { TransactionSql } from 'postgres'
import { onSide } from '../platform/side.ts'
import { classify } from '../platform/sqlstate.ts'
import type { CompiledEntity, RowSet } from '../projection/entity.ts'
import type { CopyOut, Sent } from '../source/source.ts'
import { copyIn } from '../target/copy-in.ts'
import type { Tap } from '../wire/tap.ts'

/** @throws FerryError that says on which side it failed */
export async function copyAcross(
  copyOut: CopyOut,
  entity: CompiledEntity,
  rows: RowSet,
  transaction: TransactionSql,
  tap: Tap,
): Promise<Sent> {
  let filtered = 0
  try {
    const moved = await copyIn(transaction, tap, entity, async (sink) => {
      const sent = await copyOut(entity, rows, sink).catch((error: unknown) => {
        throw onSide('source', classify(error))
      })
      filtered = sent.filtered
      return sent
    })
    return { ...moved, filtered }
  } catch (error) {
    throw onSide('target', classify(error))
  }
}
