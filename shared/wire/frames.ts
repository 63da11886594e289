/** Messages of the PostgreSQL protocol, version 3: one type byte, a length that counts itself, a body. */
import type { Buffer } from 'node:buffer'

export const headerBytes = 5

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
export function readServerError(body: Buffer): ServerError {
  const error: { -readonly [Name in keyof ServerError]?: string } = {}
  let at = 0
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at + 1)
    const name = fieldNames[String.fromCharCode(body[at]!)]
    if (name !== undefined) error[name] = body.toString('utf8', at + 1, end)
    at = end + 1
  }
  return { ...error, code: error.code ?? 'XX000' }
}
