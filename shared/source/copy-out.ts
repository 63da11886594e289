/** COPY TO STDOUT of one range, led past the driver into the sink (see `shared/wire/tap.ts`). */
import type { TransactionSql } from 'postgres'
import type { CompiledEntity, KeyRange } from '../projection/entity.ts'
import { copyOutStatement } from '../projection/select.ts'
import type { CopySink, Moved } from '../wire/copy-sink.ts'
import type { Tap } from '../wire/tap.ts'

export async function copyRange(
  tx: TransactionSql,
  tap: Tap,
  entity: CompiledEntity,
  range: KeyRange,
  into: CopySink,
): Promise<Moved> {
  const moved = tap.divert(into)
  moved.catch(() => undefined) // awaited below
  // The driver's own stream stays empty; a statement that fails before its first row rejects here.
  const empty = await tx.unsafe(copyOutStatement(entity, range)).readable()
  const broken = new Promise<never>((_, reject) => empty.once('error', reject))
  return Promise.race([moved, broken])
}
