/**
 * One table from what a database or the network reports to a kind, to whether trying again can help,
 * and to what the operator does.
 */
import type { ErrorKind } from './errors.ts'

export interface FailureRule {
  readonly code: string
  readonly kind: ErrorKind
  readonly retry: 'retry' | 'never'
  readonly status: number
  readonly message: string
  readonly hint: string
}

const unreachable: FailureRule = {
  code: 'database_unreachable',
  kind: 'connection_error',
  retry: 'retry',
  status: 502,
  message: 'The database could not be reached, or the connection was lost.',
  hint: 'Check that the server runs and that host, port and firewall let this project in.',
}
const untrusted: FailureRule = {
  code: 'database_certificate_refused',
  kind: 'connection_error',
  retry: 'never',
  status: 502,
  message: "The server's certificate was not accepted.",
  hint: 'Give its authority a place in the trust store, or lower sslmode in the address knowingly.',
}
const login: FailureRule = {
  code: 'database_login_refused',
  kind: 'connection_error',
  retry: 'never',
  status: 502,
  message: 'The server refused the login.',
  hint: 'Check user, password and database in the secret, and pg_hba.conf on the server.',
}
const busy: FailureRule = {
  code: 'database_busy',
  kind: 'connection_error',
  retry: 'retry',
  status: 503,
  message: 'The server has no connection or memory left.',
  hint: 'Lower settings.lanes, or raise max_connections on the server.',
}
const slow: FailureRule = {
  code: 'database_timeout',
  kind: 'timeout',
  retry: 'retry',
  status: 504,
  message: 'A statement was cancelled, or waited too long for a lock.',
  hint: 'Look for long transactions on the server; smaller batches help where it is slow.',
}
const conflict: FailureRule = {
  code: 'database_conflict',
  kind: 'constraint_violation',
  retry: 'retry',
  status: 503,
  message: 'A concurrent transaction got in the way.',
  hint: 'Nothing: it is tried again.',
}
const denied: FailureRule = {
  code: 'database_privilege_missing',
  kind: 'unknown',
  retry: 'never',
  status: 422,
  message: 'The role lacks a privilege, or a row security policy applies to it.',
  hint: 'Grant the role what it needs: SELECT at the source, and BYPASSRLS where policies stand.',
}
const changed: FailureRule = {
  code: 'database_object_missing',
  kind: 'unknown',
  retry: 'never',
  status: 422,
  message: 'A table, column, type or schema is not there.',
  hint: 'The schema changed after the migration was planned: check the plan and start it again.',
}
const refused: FailureRule = {
  code: 'database_constraint_violated',
  kind: 'constraint_violation',
  retry: 'never',
  status: 422,
  message: 'A constraint refused a row.',
  hint: 'See the named constraint; correct the data or the constraint.',
}
const invalid: FailureRule = {
  code: 'database_value_refused',
  kind: 'data_validation',
  retry: 'never',
  status: 422,
  message: 'A value does not fit its type.',
  hint: 'Compare the types on both sides; correct the data.',
}
const full: FailureRule = {
  code: 'database_full',
  kind: 'unknown',
  retry: 'never',
  status: 507,
  message: 'The server ran out of disk or reached a limit of the configuration.',
  hint: 'Give the server room, then retry the migration.',
}
const readOnly: FailureRule = {
  code: 'database_read_only',
  kind: 'unknown',
  retry: 'retry',
  status: 503,
  message: 'The server accepts reads only.',
  hint: 'A hosted project turns read-only when its disk is full: give it room. A standby cannot be a target.',
}
const unknown: FailureRule = {
  code: 'database_failure',
  kind: 'unknown',
  retry: 'never',
  status: 500,
  message: 'The database reported a failure.',
  hint: "Look the SQLSTATE up in the server's log at the time of the failure.",
}

/** By whole code first, then by its class (the first two characters). */
const bySqlstate: Readonly<Record<string, FailureRule>> = {
  '08': unreachable,
  '57P01': unreachable,
  '57P02': unreachable,
  '57P03': unreachable,
  '57P05': unreachable,
  '08P01': unreachable,
  '28': login,
  '3D': login,
  '53': busy,
  '53100': full,
  '53400': full,
  '54': full,
  '40': conflict,
  '57014': slow,
  '55P03': slow,
  '25P03': slow,
  '25P04': slow,
  '25006': readOnly,
  '42501': denied,
  '42P01': changed,
  '42703': changed,
  '42704': changed,
  '42883': changed,
  '3F': changed,
  '23': refused,
  '22': invalid,
}

const byDriverCode: Readonly<Record<string, FailureRule>> = {
  CONNECT_TIMEOUT: unreachable,
  CONNECTION_CLOSED: unreachable,
  CONNECTION_DESTROYED: unreachable,
  CONNECTION_ENDED: unreachable,
  ECONNABORTED: unreachable,
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  EAI_AGAIN: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENOTFOUND: unreachable,
  EPIPE: unreachable,
  ETIMEDOUT: unreachable,
  ERR_STREAM_PREMATURE_CLOSE: unreachable,
  CERT_HAS_EXPIRED: untrusted,
  CERT_NOT_YET_VALID: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  SASL_SIGNATURE_MISMATCH: login,
  AUTH_TYPE_NOT_IMPLEMENTED: login,
}

/** Deno's own network errors carry a name and no code. */
const byName: Readonly<Record<string, FailureRule>> = {
  AddrNotAvailable: unreachable,
  BrokenPipe: unreachable,
  ConnectionAborted: unreachable,
  ConnectionRefused: unreachable,
  ConnectionReset: unreachable,
  InvalidData: untrusted,
  NotConnected: unreachable,
  TimedOut: unreachable,
  UnexpectedEof: unreachable,
}

export const sqlstatePattern = /^[0-9A-Z]{5}$/

/** A code of the driver or of a socket; some look like a SQLSTATE. */
export const isDriverCode = (code: string): boolean => Object.hasOwn(byDriverCode, code)

/** A name that Deno gives its network errors. */
export const isNetworkName = (name: string): boolean => Object.hasOwn(byName, name)

/** The rule for a SQLSTATE, a driver's or socket's code, or an error's name. */
export function failureRule(code: string, name = ''): FailureRule {
  const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
    Object.hasOwn(table, key) ? table[key] : undefined
  return (
    own(byDriverCode, code) ??
    (sqlstatePattern.test(code)
      ? (own(bySqlstate, code) ?? own(bySqlstate, code.slice(0, 2)))
      : undefined) ??
    own(byName, name) ??
    unknown
  )
}
