/** Rows of a mapped entity into the stage of a batch's transaction: the part that all kinds of batches share. */
import type { TransactionSql } from 'postgres'
import type { CompiledEntity, RowSet } from '../projection/entity.ts'
import { stageStatement } from '../projection/select.ts'
import type { Sent, Source } from '../source/source.ts'
import { copyIn } from '../target/copy-in.ts'
import type { Tap } from '../wire/tap.ts'

/**
 * Makes the stage and fills it with the rows of a range, or chosen ones.
 * @returns what was moved; rows that the filter takes out are not in the stage
 */
export async function fillStage(
  source: Source,
  entity: CompiledEntity,
  rows: RowSet,
  transaction: TransactionSql,
  tap: Tap,
): Promise<Sent> {
  if (entity.mapping !== undefined) await transaction.unsafe(stageStatement(entity))
  let filtered = 0
  const moved = await copyIn(transaction, tap, entity, async (sink) => {
    const sent = await source.copyOut(entity, rows, sink)
    filtered = sent.filtered
    return sent
  })
  return { ...moved, filtered }
}
