/** Reads where the next range ends. */
import type { TransactionSql } from 'postgres'
import { boundsStatement } from '../projection/bounds.ts'
import type { CompiledEntity, KeyRange } from '../projection/entity.ts'
import type { Bounds } from './source.ts'

export async function readBounds(
  tx: TransactionSql,
  entity: CompiledEntity,
  range: KeyRange,
  rows: number,
): Promise<Bounds> {
  const [row] = await tx.unsafe<{ last: readonly string[]; more: boolean }[]>(
    boundsStatement(entity, range, rows),
  )
  return row === undefined ? { last: null, more: false } : { last: row.last, more: row.more }
}
