/** The receiving end of a copy: COPY FROM STDIN inside the batch's transaction. */
import type { Writable } from 'node:stream'
import type { TransactionSql } from 'postgres'
import type { CompiledEntity } from '../projection/entity.ts'
import { copyInStatement } from '../projection/select.ts'
import type { CopySink, Moved } from '../wire/copy-sink.ts'
import type { Tap } from '../wire/tap.ts'

/**
 * Loads what `send` writes into the sink, and ends when the server has taken all of it. When either
 * side fails, the copy is broken off and the transaction is lost.
 * @throws the server's verdict (codes and names), or what `send` rejects with
 */
export function copyIn(
  transaction: TransactionSql,
  tap: Tap,
  entity: CompiledEntity,
  send: (sink: CopySink) => Promise<Moved>,
): Promise<Moved> {
  return copyInto(transaction, tap, copyInStatement(entity), send)
}

/** The same of any COPY FROM STDIN. */
export async function copyInto(
  transaction: TransactionSql,
  tap: Tap,
  statement: string,
  send: (sink: CopySink) => Promise<Moved>,
): Promise<Moved> {
  const verdict = tap.verdict()
  // Awaited below; until then a rejection must not count as unhandled.
  verdict.catch(() => undefined)
  let driver: Writable | undefined
  try {
    driver = await transaction.unsafe(statement).writable()
    driver.on('error', () => undefined) // the verdict says it better
    // Whoever ends first decides: the server may refuse in the middle of the rows.
    const moved = await Promise.race([send(tap.sink), verdict.then(endedEarly)])
    driver.end()
    await verdict
    return moved
  } catch (error) {
    driver?.destroy(new Error('The copy was broken off.'))
    throw error
  }
}

function endedEarly(): never {
  throw Object.assign(new Error('The server ended the copy before its last row.'), {
    code: '08P01',
  })
}
