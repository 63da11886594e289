/**
 * Opens a source. One connection per source: a lane reads one range at a time, and the number of
 * connections on the source is the number of lanes.
 */
import type { TransactionSql } from 'postgres'
import { onSide } from '../platform/side.ts'
import { classify } from '../platform/sqlstate.ts'
import { parseAddress } from '../wire/address.ts'
import { type Client, openClient } from '../wire/client.ts'
import type { Tap } from '../wire/tap.ts'
import { readCatalog } from './catalog.ts'
import { copyRange } from './copy-out.ts'
import { readBounds } from './keyset.ts'
import { defaultTimeouts, pinSession, readOnlySnapshot, type SourceTimeouts } from './session.ts'
import type { Source } from './source.ts'

export interface SourceOptions {
  /** Certificate of the authority that signed the server's, in PEM; the system's store otherwise. */
  readonly ca?: string
  readonly timeouts?: SourceTimeouts
  readonly connectTimeoutSeconds?: number
}

/**
 * A PostgreSQL source by its address. Connects with the first use.
 * @throws FerryError `address_invalid` and its like; never with the address in it
 */
export function openSource(address: string, options: SourceOptions = {}): Source {
  const parsed = parseAddress(address, options.ca)
  const timeouts = options.timeouts ?? defaultTimeouts
  let client: Client | undefined

  /** Runs a read in one pinned snapshot; whatever fails costs the connection, whose state is open. */
  async function read<T>(work: (tx: TransactionSql, tap: Tap) => Promise<T>): Promise<T> {
    client ??= openClient(parsed, options.connectTimeoutSeconds)
    const used = client
    let failure: { readonly error: unknown } | undefined
    try {
      const answer = await used.sql.begin(readOnlySnapshot, async (tx) => {
        const pinned = pinSession(tx, timeouts)
        try {
          const result = await work(tx, used.tap())
          await pinned
          return [result] as const
        } catch (error) {
          failure = { error }
          // A socket that is paused in mid-COPY would never answer the driver's rollback.
          await discard(used)
          throw error
        }
      })
      return answer[0]
    } catch (error) {
      await discard(used)
      // The driver reports the rollback that found no connection; what came first is the reason.
      throw onSide('source', classify(failure === undefined ? error : failure.error))
    }
  }

  async function discard(used: Client): Promise<void> {
    if (client === used) client = undefined
    await used.sql.end({ timeout: 0 })
  }

  return {
    catalog: (schemas) => read((tx) => readCatalog(tx, schemas)),
    bounds: (entity, range, rows) => read((tx) => readBounds(tx, entity, range, rows)),
    copyOut: (entity, range, into) => read((tx, tap) => copyRange(tx, tap, entity, range, into)),
    snapshot: (work) =>
      read((tx, tap) => work((entity, range, into) => copyRange(tx, tap, entity, range, into))),
    query: (statement) => read((tx) => tx.unsafe(statement)),
    async close() {
      await client?.sql.end({ timeout: 0 })
      client = undefined
    },
  }
}
