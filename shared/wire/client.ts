/** One connection to a server, with the driver for statements and the tap for rows. */
import postgres, { type Sql } from 'postgres'
import type { ServerAddress } from './address.ts'
import { openSocket } from './open-socket.ts'
import { type Tap, tapSocket } from './tap.ts'

export interface Client {
  readonly sql: Sql
  /** The tap on the connection that `sql` uses now. Only inside a transaction is it sure to stay. */
  tap(): Tap
}

/** A client of exactly one connection, opened with the first statement; when that is lost, it has ended. */
export function openClient(address: ServerAddress, connectTimeoutSeconds = 10): Client {
  let tap: Tap | undefined
  const sql = postgres({
    ...address,
    ssl: false, // done by openSocket
    // the driver knows this option; its types do not
    ...{
      socket: async () => {
        const socket = await openSocket(address, connectTimeoutSeconds * 1000)
        tap = tapSocket(socket)
        // The driver would let a statement on a lost connection wait for ever, or begin another one,
        // which is not the session that claimed.
        socket.once('close', () => void sql.end({ timeout: 0 }))
        return socket
      },
    },
    max: 1,
    prepare: false,
    fetch_types: false,
    idle_timeout: 0, // its owner closes it; a lane may wait long for the other side
    connect_timeout: connectTimeoutSeconds,
    connection: { application_name: 'supaferry' },
    onnotice: () => undefined,
  })
  return {
    sql,
    tap() {
      if (tap === undefined) throw new Error('No statement has run on this client yet.')
      return tap
    },
  }
}
