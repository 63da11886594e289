/**
 * Connections to the target, the project's own database. Without `sslmode` in the address TLS is
 * required, and verified where the certificate of its authority is given: the platform hands functions
 * an address whose certificate the system's store does not know.
 */
import postgres, { type Sql } from 'postgres'
import { parseAddress, type ServerAddress } from '../wire/address.ts'
import { type Client, openClient } from '../wire/client.ts'

/**
 * A small pool for statements. Connects with the first one.
 * @param ca certificate of the server's authority in PEM
 * @throws FerryError `address_invalid` and its like; never with the address in it
 */
export function openTarget(address: string, ca?: string): Sql {
  return postgres({
    ...targetAddress(address, ca),
    max: 2,
    prepare: false,
    fetch_types: false,
    idle_timeout: 20,
    connect_timeout: 10,
    connection: { application_name: 'supaferry' },
    onnotice: () => undefined,
  })
}

/** One connection with its tap, for a lane: claim and load must run on the same server process. */
export function openLaneTarget(address: string, ca?: string): Client {
  return openClient(targetAddress(address, ca))
}

/** How `openTarget` reads an address, for a connection of another kind. @throws FerryError `address_invalid` and its like */
export function targetAddress(address: string, ca?: string): ServerAddress {
  const lenient = ca === undefined && !/[?&]sslmode=/.test(address)
  return parseAddress(
    lenient ? `${address}${address.includes('?') ? '&' : '?'}sslmode=require` : address,
    ca,
  )
}
