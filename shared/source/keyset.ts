/** Reads where the next range ends. */
import type { TransactionSql } from 'postgres'
import { FerryError } from '../platform/errors.ts'
import { boundsStatement } from '../projection/bounds.ts'
import type { CompiledEntity, KeyRange } from '../projection/entity.ts'
import type { Bounds } from './source.ts'

interface BoundsRow {
  readonly rows: string | null
  readonly last: readonly string[] | null
  readonly more: boolean
}

export async function readBounds(
  tx: TransactionSql,
  entity: CompiledEntity,
  range: KeyRange,
  rows: number,
): Promise<Bounds> {
  const [row] = await tx.unsafe<BoundsRow[]>(boundsStatement(entity, range, rows))
  if (row === undefined) {
    throw new FerryError({
      code: 'bounds_missing',
      message: 'The source gave no answer about the next range.',
      hint: 'Retry; report it if it stays.',
    })
  }
  return { rows: row.rows === null ? null : Number(row.rows), last: row.last, more: row.more }
}
