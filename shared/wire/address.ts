/**
 * The address of a server, checked before anything connects. Every refusal speaks about the kind of
 * problem only: an address holds a password, and a mistyped one can hold it anywhere.
 */
import type { ConnectionOptions } from 'node:tls'
import { FerryError } from '../platform/errors.ts'

export interface ServerAddress {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly username: string
  readonly password: string
  /** false: plain text; else what the TLS socket is opened with */
  readonly ssl: false | ConnectionOptions
}

const tlsModes = ['disable', 'require', 'verify-ca', 'verify-full'] as const
type TlsMode = (typeof tlsModes)[number]

/** Parameters of libpq, so that a refusal may name one; anything else could be part of a password. */
const knownParameters = new Set(
  `application_name channel_binding client_encoding connect_timeout dbname fallback_application_name
  gssdelegation gssencmode gsslib host hostaddr keepalives keepalives_count keepalives_idle
  keepalives_interval krbsrvname load_balance_hosts options passfile password pgbouncer pool_timeout
  port replication requirepeer require_auth service ssl ssl_max_protocol_version
  ssl_min_protocol_version sslcert sslcertmode sslcompression sslcrl sslcrldir sslkey sslnegotiation
  sslpassword sslrootcert sslsni target_session_attrs tcp_user_timeout user`.split(/\s+/),
)

/**
 * @param ca certificate of the server's authority in PEM, where the system does not know it
 * @throws FerryError `address_invalid`, `address_parameter_refused`,
 *   `address_sslmode_refused`; none of them shows any part of the address
 */
export function parseAddress(address: string, ca?: string): ServerAddress {
  const url = parseUrl(address)
  const mode = readParameters(url.searchParams)
  const host = decode(url.hostname).replace(/^\[(.*)\]$/, '$1')
  if (host === '') throw invalid('It names no host.')
  if (host.includes('/') || host.startsWith('@')) throw invalid('It names a socket, not a host.')
  if (host.includes(',')) throw invalid('It names several hosts.')
  if (!/^[A-Za-z0-9._:%-]+$/.test(host)) throw invalid('Its host is not a name or an IP address.')
  const database = decode(url.pathname.slice(1))
  if (database === '') throw invalid('It names no database.')
  if (url.username === '') throw invalid('It names no user.')
  if (url.hash !== '') throw invalid('It holds a "#": in a password, write it as %23.')
  return {
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    database,
    username: decode(url.username),
    password: decode(url.password),
    ssl: tlsOptions(mode, host, ca),
  }
}

function parseUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined) throw invalid('It is not a URL with one host and one port.')
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw invalid('It does not begin with postgres:// or postgresql://.')
  }
  return url
}

function readParameters(parameters: URLSearchParams): TlsMode {
  let mode: string | undefined
  for (const [name, value] of parameters) {
    if (name === 'sslmode' && mode === undefined) mode = value
    else if (name === 'sslrootcert' && value === 'system') continue
    else if (name !== 'application_name' && name !== 'connect_timeout') throw refusedParameter(name)
  }
  const known = tlsModes.find((each) => each === (mode ?? 'verify-full'))
  if (known !== undefined) return known
  throw new FerryError({
    code: 'address_sslmode_refused',
    message: "The address asks for an sslmode that can fall back to plain text, or isn't known.",
    hint: `Use one of ${tlsModes.join(', ')}; without sslmode it is verify-full.`,
    status: 422,
    kind: 'connection_error',
  })
}

function tlsOptions(
  mode: TlsMode,
  host: string,
  ca: string | undefined,
): false | ConnectionOptions {
  const authority = ca === undefined ? {} : { ca }
  switch (mode) {
    case 'disable':
      return false
    case 'require':
      return { rejectUnauthorized: false }
    case 'verify-ca':
      return { ...authority, rejectUnauthorized: true, checkServerIdentity: () => undefined }
    case 'verify-full':
      // The driver leaves an IP address out of what it hands to TLS; the check needs it.
      return { ...authority, host, rejectUnauthorized: true }
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid('It holds a "%" that begins no escape: in a password, write it as %25.')
  }
}

function invalid(reason: string): FerryError {
  return new FerryError({
    code: 'address_invalid',
    message: `The address cannot be used. ${reason}`,
    hint: 'Write postgres://user:password@host:5432/database with special characters percent-encoded.',
    status: 422,
    kind: 'connection_error',
  })
}

function refusedParameter(name: string): FerryError {
  const known = knownParameters.has(name) || name === 'sslmode' || name === 'sslrootcert'
  return new FerryError({
    code: 'address_parameter_refused',
    message: known
      ? `The address has the parameter "${name}", which is not supported here.`
      : 'The address has a parameter that is not known.',
    hint: 'Leave everything behind "?" out but sslmode; write a "?" in a password as %3F.',
    status: 422,
    kind: 'connection_error',
  })
}
