/**
 * The one session that changes something at the source: whether a role may write. It does nothing else,
 * and one transaction at a time does it.
 */
import type { TransactionSql } from 'postgres'
import { onSide } from '../../platform/side.ts'
import { classify } from '../../platform/sqlstate.ts'
import { defaultTimeouts, pinSession } from '../../source/session.ts'
import { parseAddress } from '../../wire/address.ts'
import { openClient } from '../../wire/client.ts'

/** Two cut-overs of one source, or one and its forgotten double, wait for each other. */
const alone = `select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('supaferry cut-over'))`

/** @throws FerryError `address_invalid` and its like; `source_*` as a failure is classified */
export async function atSource<T>(
  address: string,
  work: (tx: TransactionSql) => Promise<T>,
): Promise<T> {
  const { sql } = openClient(parseAddress(address))
  let failure: { readonly error: unknown } | undefined
  try {
    // The role that reads may have been made read-only by somebody else.
    const answer = await sql.begin('read write', async (tx) => {
      try {
        await pinSession(tx, defaultTimeouts)
        await tx.unsafe(alone)
        return [await work(tx)] as const
      } catch (error) {
        failure = { error }
        throw error
      }
    })
    return answer[0]
  } catch (error) {
    throw onSide('source', classify(failure === undefined ? error : failure.error))
  } finally {
    await sql.end({ timeout: 5 })
  }
}
