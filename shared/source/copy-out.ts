/** COPY TO STDOUT, of one range or another statement, led past the driver into the sink (see `shared/wire/tap.ts`). */
import type { Readable } from 'node:stream'
import type { Row, TransactionSql } from 'postgres'
import type { CompiledEntity, RowSet } from '../projection/entity.ts'
import { copyOutStatement, countStatement } from '../projection/select.ts'
import type { CopySink, Moved } from '../wire/copy-sink.ts'
import type { Tap } from '../wire/tap.ts'
import type { Sent } from './source.ts'

export async function copyRange(
  tx: TransactionSql,
  tap: Tap,
  entity: CompiledEntity,
  range: RowSet,
  into: CopySink,
): Promise<Sent> {
  const counted = entity.filter === undefined ? undefined : await countRows(tx, entity, range)
  const sent = await copyOut(tx, tap, copyOutStatement(entity, range), into)
  // the end of a binary copy is a message of its own
  const rows = entity.format === 'binary' ? sent.rows - 1 : sent.rows
  return { ...sent, rows, filtered: counted === undefined ? 0 : counted - rows }
}

/** What any COPY TO STDOUT sends. */
export async function copyOut(
  tx: TransactionSql,
  tap: Tap,
  statement: string,
  into: CopySink,
): Promise<Moved> {
  const moved = tap.divert(into)
  const query = tx.unsafe(statement)
  const broken = streamFailure(query)
  for (const outcome of [moved, broken]) outcome.catch(() => undefined) // awaited below
  // The driver's own stream stays empty; a statement that fails before its first row rejects here.
  await query.readable()
  return Promise.race([moved, broken])
}

async function countRows(tx: TransactionSql, entity: CompiledEntity, range: RowSet) {
  const [row] = await tx.unsafe<{ rows: string }[]>(countStatement(entity, range))
  return Number(row?.rows)
}

/**
 * Rejects when the driver's stream fails. An error that arrives together with the start of the COPY
 * is emitted before an awaited stream could be listened to, and would end the process: hence the
 * listener at the moment the driver hands the stream over.
 */
function streamFailure(query: object): Promise<never> {
  // The driver's way to settle a query; its types do not list it.
  const settled = query as { resolve(result: Readable | readonly Row[]): void }
  const resolve = settled.resolve
  return new Promise((_, reject) => {
    settled.resolve = (result) => {
      if (!Array.isArray(result)) (result as Readable).on('error', reject)
      resolve(result)
    }
  })
}
