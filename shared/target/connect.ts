/** Opens connections to the target: the project's own database. */
import postgres, { type Sql } from 'postgres'
import { parseAddress } from '../source/address.ts'

export interface TargetOptions {
  /** Connections at most; a lane has exactly one. */
  readonly max?: number
  /** Certificate of the authority that signed the server's, in PEM. With it TLS is verified. */
  readonly ca?: string
}

/**
 * A client of the target. Connects with the first query. Without `sslmode` in the address TLS is
 * required, and verified where `ca` is given: the platform's own network hands functions an address
 * whose certificate the system's store does not know.
 * @throws FerryError `source_address_invalid` and its like; never with the address in it
 */
export function openTarget(address: string, options: TargetOptions = {}): Sql {
  const lenient =
    options.ca === undefined && !/[?&]sslmode=/.test(address)
      ? `${address}${address.includes('?') ? '&' : '?'}sslmode=require`
      : address
  return postgres({
    ...parseAddress(lenient, options.ca),
    max: options.max ?? 2,
    prepare: false,
    fetch_types: false,
    idle_timeout: 20,
    connect_timeout: 10,
    connection: { application_name: 'supaferry' },
    onnotice: () => undefined,
  })
}
