/**
 * Conditions of the source that pick the rows which may have changed since an earlier look. None of them
 * can raise for a value of a row, and all of them work on any release.
 */
import type { CompiledEntity, CompiledKeyColumn, KeyRange } from './entity.ts'
import { quoteIdent, quoteLiteral } from './quote.ts'
import { rowCondition } from './range.ts'
import type { CompiledSync } from './sync.ts'

/** Two times of the source's clock, in ISO 8601: `[low, high)`. */
export interface Window {
  readonly low: string
  readonly high: string
}

/** What an entity follows its source by, once it is known that it has one. */
export type Watched = Pick<CompiledSync, 'zone'> & { readonly column: CompiledKeyColumn }

/** Rows whose time lies in a window. */
export function inWindow(watched: Watched, { low, high }: Window): string {
  const column = quoteIdent(watched.column.column)
  return `(${column} >= ${moment(watched, low, '-')} and ${column} < ${moment(watched, high, '+')})`
}

/**
 * Rows whose time says nothing, or lies beyond the window (in the future, at infinity): those written
 * since the transaction `xmin`. They move no watermark.
 */
export function beyondWindow(watched: Watched, high: string, xmin: string): string {
  const column = quoteIdent(watched.column.column)
  return `((${column} is null or ${column} >= ${moment(watched, high, '+')}) and ${writtenSince(xmin)})`
}

/** Rows whose newest version was written by a transaction from `xmin` on, 64 bits as digits. */
export function writtenSince(xmin: string): string {
  // Ids of rows have 32 bits, and only their age tells which of two is the later one.
  const low = BigInt(xmin) % 4_294_967_296n
  return `pg_catalog.age(xmin) <= pg_catalog.age('${low}'::pg_catalog.xid)`
}

/** Rows with a larger id; all of them where none is known. */
export function behindId({ column }: Watched, id: string | null): string {
  if (id === null) return 'true'
  return `${quoteIdent(column.column)} > ${quoteLiteral(id)}::${column.type}`
}

/** The entity as it is read in the order of a time, with its key for rows of the same time. */
export function orderedByTime(entity: CompiledEntity, { column }: Watched): CompiledEntity {
  const { scan: _scan, ...others } = entity
  const rest = entity.key.filter((each) => each.column !== column.column)
  return { ...others, key: [column, ...rest] }
}

/** The rows of a range that meet a condition. */
export function inRange(entity: CompiledEntity, range: KeyRange, condition: string): string {
  return `(${condition} and ${rowCondition(entity, range)})`
}

/**
 * A time of the server's clock as the column has it. Local time runs twice through an hour when clocks go
 * back: so long a window of it reaches further on both ends.
 */
function moment({ column, zone }: Watched, time: string, direction: '-' | '+'): string {
  const instant = `${quoteLiteral(time)}::pg_catalog.timestamptz`
  if (column.type.startsWith('timestamp with time zone') || column.type === 'timestamptz') {
    return instant
  }
  const local = `(${instant} at time zone ${quoteLiteral(zone ?? 'UTC')})`
  return zone === undefined || zone === 'UTC' ? local : `(${local} ${direction} interval '1 hour')`
}
