/** Messages of the PostgreSQL protocol, version 3: one type byte, a length that counts itself, a body. */
export const headerBytes = 5

const decoder = new TextDecoder()

/** The big-endian length behind a message's type byte; it counts itself, not the type. */
export function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >>> 0
  )
}

/** Two runs of bytes as one. */
export function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second
  const joined = new Uint8Array(first.length + second.length)
  joined.set(first)
  joined.set(second, first.length)
  return joined
}

export const message = {
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyOutResponse: 0x48, // H
  commandComplete: 0x43, // C
  errorResponse: 0x45, // E
  readyForQuery: 0x5a, // Z
} as const

/** What a server error may carry along: codes and names. Its texts quote values of rows. */
export interface ServerError {
  readonly code: string
  readonly schema_name?: string
  readonly table_name?: string
  readonly column_name?: string
  readonly constraint_name?: string
}

const fieldNames: Readonly<Record<string, keyof ServerError>> = {
  C: 'code',
  s: 'schema_name',
  t: 'table_name',
  c: 'column_name',
  n: 'constraint_name',
}

/** Reads the body of an ErrorResponse: fields of one letter and a text, each ended by a zero byte. */
export function readServerError(body: Uint8Array): ServerError {
  const error: { -readonly [Name in keyof ServerError]?: string } = {}
  let at = 0
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at + 1)
    const name = fieldNames[String.fromCharCode(body[at]!)]
    if (name !== undefined) error[name] = decoder.decode(body.subarray(at + 1, end))
    at = end + 1
  }
  return { ...error, code: error.code ?? 'XX000' }
}
