/**
 * A connection to the source for its log alone. Slots are made, moved and dropped here, which a session
 * that is pinned to reading may not be let do everywhere; nothing else runs on it.
 */
import type { TransactionSql } from 'postgres'
import { onSide } from '../../platform/side.ts'
import { classify } from '../../platform/sqlstate.ts'
import { copyOut } from '../../source/copy-out.ts'
import { defaultTimeouts, pinSession } from '../../source/session.ts'
import { parseAddress } from '../../wire/address.ts'
import { type Client, openClient } from '../../wire/client.ts'
import type { CopySink, Moved } from '../../wire/copy-sink.ts'
import type { Tap } from '../../wire/tap.ts'

export interface LogSession {
  /** One statement in a transaction with the settings that texts are printed by. @throws `source_*` */
  rows<Row extends object>(statement: string): Promise<readonly Row[]>
  /** Leads what a COPY TO STDOUT sends into `sink`. @throws `source_*` */
  stream(statement: string, sink: CopySink): Promise<Moved>
  close(): Promise<void>
}

/** Seconds for the server to let go of the connection: a slot stays active until then. */
const farewell = 5

/**
 * @param statementMs how long a statement may take: making a slot waits for transactions that are at work
 * @throws FerryError `address_invalid` and its like
 */
export function openLogSession(address: string, statementMs: number): LogSession {
  const parsed = parseAddress(address)
  const timeouts = { ...defaultTimeouts, statement_ms: statementMs }
  let client: Client | undefined

  /** Whatever fails costs the connection: broken off in the middle of a COPY, it could not be used again. */
  async function inTransaction<T>(work: (tx: TransactionSql, tap: Tap) => Promise<T>): Promise<T> {
    client ??= openClient(parsed)
    const used = client
    let failure: { readonly error: unknown } | undefined
    try {
      const answer = await used.sql.begin(async (tx) => {
        const pinned = pinSession(tx, timeouts)
        try {
          const result = await work(tx, used.tap())
          await pinned
          return [result] as const
        } catch (error) {
          failure = { error }
          await used.sql.end({ timeout: 0 })
          throw error
        }
      })
      return answer[0]
    } catch (error) {
      client = undefined
      await used.sql.end({ timeout: 0 })
      throw onSide('source', classify(failure === undefined ? error : failure.error))
    }
  }

  return {
    rows: (statement) => inTransaction(async (tx) => [...(await tx.unsafe(statement))] as never),
    stream: (statement, sink) => inTransaction((tx, tap) => copyOut(tx, tap, statement, sink)),
    async close() {
      await client?.sql.end({ timeout: farewell })
      client = undefined
    },
  }
}
