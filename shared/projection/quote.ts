/**
 * Identifiers and literals as SQL text, for the statements that cannot take parameters (COPY, DDL).
 * Correct only where `standard_conforming_strings` is on, which every pinned session sets.
 */
import { FerryError } from '../platform/errors.ts'
import type { TableName } from './entity.ts'

/** PostgreSQL cuts longer names off silently, so two of them can become one. */
export const maximumNameBytes = 63

const encoder = new TextEncoder()

/** Length of a name as the server counts it. */
export function nameBytes(name: string): number {
  return encoder.encode(name).length
}

/**
 * A double-quoted identifier.
 * @throws FerryError `identifier_invalid` for an empty name or one that no server can hold
 */
export function quoteIdent(name: string): string {
  if (name === '' || !isServerText(name)) {
    throw new FerryError({
      code: 'identifier_invalid',
      message: 'A name is empty or holds a character that PostgreSQL cannot store.',
      hint: 'Use a name without NUL characters and unpaired surrogates.',
      status: 400,
      kind: 'data_validation',
    })
  }
  return `"${name.replaceAll('"', '""')}"`
}

/** `"schema"."name"`, both parts quoted. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`
}

export function quoteTable(name: TableName): string {
  return quoteQualified(name.schema, name.table)
}

/**
 * A single-quoted literal, total over everything that a server can have printed. Backslashes stand
 * for themselves.
 * @throws FerryError `literal_invalid` for NUL or an unpaired surrogate, which would arrive changed
 */
export function quoteLiteral(text: string): string {
  if (!isServerText(text)) {
    throw new FerryError({
      code: 'literal_invalid',
      message: 'A text holds a character that PostgreSQL cannot store.',
      hint: 'Remove NUL characters and unpaired surrogates.',
      status: 400,
      kind: 'data_validation',
    })
  }
  return `'${text.replaceAll("'", "''")}'`
}

function isServerText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
