/**
 * Messages of pgoutput, the decoding plugin that every server from release 10 on has (protocol version 1:
 * whole transactions, in the order of their commits). All that is wanted of a change is the key of its
 * row: every other value is stepped over as bytes and never decoded, so none can get anywhere.
 *
 * The parsers there are on npm (`pg-logical-replication` is the one that is kept up) make JavaScript values
 * of all columns by the type parsers of `pg`, another driver, and hold a whole message for it; here a key
 * stays the text that the server printed.
 *
 * https://www.postgresql.org/docs/17/protocol-logicalrep-message-formats.html
 */
import { FerryError } from '../../platform/errors.ts'
import type { KeyTexts, TableName } from '../../projection/entity.ts'
import { type Cursor, cursor, outOfBytes } from './cursor.ts'

export type LogMessage<T> =
  /** `lsn` is where the commit lies: the transaction is known by it. */
  | { readonly kind: 'begin'; readonly lsn: bigint; readonly xid: number }
  /** `end` is where the next transaction can begin to commit; `at` microseconds since the year 2000. */
  | { readonly kind: 'commit'; readonly end: bigint; readonly at: bigint }
  | {
      readonly kind: 'insert' | 'update' | 'delete'
      readonly of: T
      /** Of the row as it was and as it is; null where the message does not show them. */
      readonly keys: readonly KeyTexts[] | null
    }
  | { readonly kind: 'truncate'; readonly of: readonly T[] }
  /** Nothing that a key hangs on: a relation, a type, an origin, a message of an application. */
  | { readonly kind: 'none' }

/** One message; `whole` is false where its end was cut off because it is too long to be held. */
export type MessageReader<T> = (bytes: Uint8Array, whole: boolean) => LogMessage<T>

/** A table that somebody waits for. */
export interface Wanted<T> {
  /** Columns by which its rows are known. */
  readonly key: readonly string[]
  /** What its messages are labelled with. */
  readonly of: T
}

interface Relation<T> {
  readonly of: T
  /** Columns of the key by their place among the columns of a tuple; undefined: not all are there. */
  readonly places: readonly number[] | undefined
}

const tag = {
  begin: 0x42, // B
  commit: 0x43, // C
  relation: 0x52, // R
  insert: 0x49, // I
  update: 0x55, // U
  delete: 0x44, // D
  truncate: 0x54, // T
  type: 0x59, // Y
  origin: 0x4f, // O
  message: 0x4d, // M
  newTuple: 0x4e, // N
  oldKey: 0x4b, // K
  oldTuple: 0x4f, // O
  null: 0x6e, // n
  unchanged: 0x75, // u
  text: 0x74, // t
} as const

const none = { kind: 'none' } as const

/**
 * @param find undefined for a table of no interest
 * @returns the reader of one stream of messages, which remembers its relations
 * @throws FerryError `log_message_malformed`, from the reader
 */
export function openMessageReader<T>(
  find: (table: TableName) => Wanted<T> | undefined,
): MessageReader<T> {
  /** null: of no interest. */
  const relations = new Map<number, Relation<T> | null>()
  const known = (oid: number): Relation<T> | null => {
    const relation = relations.get(oid)
    if (relation === undefined) throw malformed('a relation that was not described')
    return relation
  }
  return (bytes, whole) => {
    const read = cursor(bytes)
    try {
      switch (read.byte()) {
        case tag.begin:
          return { kind: 'begin', lsn: read.wide(), ...skip(read, 8), xid: read.integer() }
        case tag.commit:
          return { kind: 'commit', ...skip(read, 9), end: read.wide(), at: read.wide() }
        case tag.relation: {
          const { oid, relation } = readRelation(read, find)
          relations.set(oid, relation)
          return none
        }
        case tag.insert:
          return readChange('insert', read, known(read.integer()), whole)
        case tag.update:
          return readChange('update', read, known(read.integer()), whole)
        case tag.delete:
          return readChange('delete', read, known(read.integer()), whole)
        case tag.truncate:
          return readTruncate(read, known)
        case tag.type:
        case tag.origin:
        case tag.message:
          return none
        default:
          throw malformed('an unknown kind')
      }
    } catch (error) {
      if (error !== outOfBytes) throw error
      throw malformed('an early end')
    }
  }
}

function skip(read: Cursor, bytes: number): object {
  read.skip(bytes)
  return {}
}

function readRelation<T>(
  read: Cursor,
  find: (table: TableName) => Wanted<T> | undefined,
): { oid: number; relation: Relation<T> | null } {
  const oid = read.integer()
  // the system's own schema is sent as nothing
  const table = { schema: nameIn(read) || 'pg_catalog', table: nameIn(read) }
  const wanted = find(table)
  if (wanted === undefined) return { oid, relation: null }
  read.skip(1) // the replica identity: a tuple says itself what it holds
  const columns = Array.from({ length: read.short() }, () => {
    read.skip(1)
    const name = nameIn(read)
    read.skip(8)
    return name
  })
  const places = wanted.key.map((column) => columns.indexOf(column))
  const relation = { of: wanted.of, places: places.includes(-1) ? undefined : places }
  return { oid, relation }
}

function nameIn(read: Cursor): string {
  const name = read.name()
  if (name === undefined) throw malformed('a name that is not UTF-8')
  return name
}

function readChange<T>(
  kind: 'insert' | 'update' | 'delete',
  read: Cursor,
  relation: Relation<T> | null,
  whole: boolean,
): LogMessage<T> {
  if (relation === null) return none
  const { of, places } = relation
  if (places === undefined) return { kind, of, keys: null }
  try {
    return { kind, of, keys: readKeys(kind, read, places) }
  } catch (error) {
    if (error !== outOfBytes || whole) throw error
    return { kind, of, keys: null } // the key lay behind the cut
  }
}

function readKeys(
  kind: 'insert' | 'update' | 'delete',
  read: Cursor,
  places: readonly number[],
): readonly KeyTexts[] | null {
  let next = read.byte()
  let old: KeyTexts | null = null
  const hasOld = next === tag.oldKey || next === tag.oldTuple
  if (hasOld) {
    old = readTuple(read, places, null, kind === 'delete')
    if (kind === 'delete') return old === null ? null : [old]
    next = read.byte()
  }
  if (next !== tag.newTuple || kind === 'delete') throw malformed('a tuple of an unknown kind')
  const now = readTuple(read, places, old, true)
  if (now === null || (hasOld && old === null)) return null
  return old === null ? [now] : [old, now]
}

/**
 * @param before where a value that is too long to be sent again is taken from
 * @param last nothing behind the tuple is wanted: it need not be read to its end
 * @returns null where the tuple does not show its key
 */
function readTuple(
  read: Cursor,
  places: readonly number[],
  before: KeyTexts | null,
  last: boolean,
): KeyTexts | null {
  const columns = read.short()
  const texts: (string | undefined)[] = []
  let found = 0
  for (let place = 0; place < columns; place += 1) {
    if (last && found === places.length) break
    const kind = read.byte()
    const at = places.indexOf(place)
    if (at >= 0) found += 1
    if (kind === tag.text) {
      const length = read.integer()
      if (at < 0) read.skip(length)
      else texts[at] = read.text(length)
    } else if (kind === tag.unchanged && at >= 0 && before?.[at] !== undefined) {
      texts[at] = before[at]
    } else if (kind !== tag.null && kind !== tag.unchanged) {
      throw malformed('a value of an unknown kind')
    }
  }
  const shown = places.map((_, at) => texts[at])
  return shown.every((text) => text !== undefined) ? shown : null
}

function readTruncate<T>(read: Cursor, known: (oid: number) => Relation<T> | null): LogMessage<T> {
  const count = read.integer()
  read.skip(1) // cascade, restart of sequences
  const of: T[] = []
  for (let each = 0; each < count; each += 1) {
    const relation = known(read.integer())
    if (relation !== null) of.push(relation.of)
  }
  return { kind: 'truncate', of }
}

function malformed(what: string): FerryError {
  return new FerryError({
    code: 'log_message_malformed',
    message: `The source's log could not be read: a message has ${what}.`,
    hint: 'Compare the rows with a sweep of scope hash, and report this with the release of the source.',
    context: { retry: 'never' },
  })
}
