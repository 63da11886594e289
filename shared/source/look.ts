/** One answer about the server of a source, on a connection of its own: pinned, read-only, gone afterwards. */
import { onSide } from '../platform/side.ts'
import { classify } from '../platform/sqlstate.ts'
import { parseAddress } from '../wire/address.ts'
import { openClient } from '../wire/client.ts'
import { defaultTimeouts, pinSession, readOnlySnapshot } from './session.ts'

/** Seconds for the server to let go of the connection. */
const FAREWELL = 5

/**
 * The first row that a statement without parameters gives. When this resolves, the server has the
 * connection back: a role may be allowed no more than one.
 * @throws FerryError `address_invalid` and its like; `source_*` as a failure is classified
 */
export async function lookAtSource<Row extends object>(
  address: string,
  statement: string,
): Promise<Row | undefined> {
  const { sql } = openClient(parseAddress(address))
  try {
    const answer = await sql.begin(readOnlySnapshot, async (tx) => {
      const pinned = pinSession(tx, defaultTimeouts)
      const rows = await tx.unsafe<Row[]>(statement)
      await pinned
      return { first: rows[0] }
    })
    return answer.first
  } catch (error) {
    throw onSide('source', classify(error))
  } finally {
    await sql.end({ timeout: FAREWELL })
  }
}
