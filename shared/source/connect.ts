/**
 * Opens a source. One connection per source: a lane reads one range at a time, and the number of
 * connections on the source is the number of lanes.
 */
import postgres, { type Sql, type TransactionSql } from 'postgres'
import { classify } from '../platform/sqlstate.ts'
import { parseAddress } from './address.ts'
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
 * @throws FerryError `source_address_invalid` and its like; never with the address in it
 */
export function openSource(address: string, options: SourceOptions = {}): Source {
  const parsed = parseAddress(address, options.ca)
  const timeouts = options.timeouts ?? defaultTimeouts
  const connect = () =>
    postgres({
      ...parsed,
      max: 1,
      prepare: false,
      fetch_types: false,
      idle_timeout: 20,
      connect_timeout: options.connectTimeoutSeconds ?? 10,
      connection: { application_name: 'supaferry' },
      onnotice: () => undefined,
    })
  let client: Sql | undefined

  /** Runs a read in one pinned snapshot; whatever fails costs the connection, whose state is open. */
  async function read<T>(work: (tx: TransactionSql) => Promise<T>): Promise<T> {
    client ??= connect()
    const used = client
    try {
      const answer = await used.begin(readOnlySnapshot, async (tx) => {
        const pinned = pinSession(tx, timeouts)
        try {
          const result = await work(tx)
          await pinned
          return [result] as const
        } catch (error) {
          // A socket that is paused in mid-COPY would never answer the driver's rollback.
          await discard(used)
          throw error
        }
      })
      return answer[0]
    } catch (error) {
      await discard(used)
      throw classify(error)
    }
  }

  async function discard(used: Sql): Promise<void> {
    if (client === used) client = undefined
    await used.end({ timeout: 0 })
  }

  return {
    catalog: (schemas) => read((tx) => readCatalog(tx, schemas)),
    bounds: (entity, range, rows) => read((tx) => readBounds(tx, entity, range, rows)),
    copyOut: (entity, range, into) => read((tx) => copyRange(tx, entity, range, into)),
    async close() {
      await client?.end({ timeout: 0 })
      client = undefined
    },
  }
}
