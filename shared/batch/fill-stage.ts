/** Rows of a mapped entity into the stage of a batch's transaction: the part that all kinds of batches share. */
import type { TransactionSql } from 'postgres'
import type { CompiledEntity, RowSet } from '../projection/entity.ts'
import { stageStatement } from '../projection/select.ts'
import type { Sent, Source } from '../source/source.ts'
import type { Tap } from '../wire/tap.ts'
import { copyAcross } from './copy-across.ts'

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
  return copyAcross(source.copyOut, entity, rows, transaction, tap)
}
