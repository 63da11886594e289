/** What a slot holds, read without taking it away: the keys that were touched, up to a position. */
import { quoteIdent, quoteLiteral } from '../../projection/quote.ts'
import { openFieldSink } from './copied-fields.ts'
import { lsnText } from './lsn.ts'
import { openMessageReader } from './pgoutput.ts'
import type { LogSession } from './session.ts'
import { collectTouched, type KeyLimits, type Touched } from './touched.ts'
import type { WatchedTables } from './watched-tables.ts'

export interface Peek {
  readonly slot: string
  readonly publication: string
  /** Entities by the tables that their changes are told of. */
  readonly tables: WatchedTables
  /** Transactions before it have been recorded. */
  readonly after: bigint
  /** Transactions that commit behind it are left for the next look. */
  readonly through: bigint
  /** Messages after which no other transaction is begun. */
  readonly messages: number
  readonly limits?: KeyLimits
}

export interface Peeked extends Touched {
  /** Whether the log holds more before `through`. */
  readonly more: boolean
  /** Everything that commits before it is in here, or was recorded earlier. */
  readonly read_through: bigint
}

/** Of a message, the key lies in its beginning: no more is held. */
const longestMessage = 1 << 20

/** @throws FerryError `source_*`; `log_message_malformed` */
export async function peekChanges(session: LogSession, peek: Peek): Promise<Peeked> {
  const read = openMessageReader(peek.tables.find)
  const touched = collectTouched(peek.after, peek.limits)
  let messages = 0
  const fields = openFieldSink(longestMessage, (field, whole) => {
    messages += 1
    touched.take(read(field, whole))
  })
  await session.stream(peekStatement(peek), fields.sink)
  fields.end()
  const found = touched.result()
  const end = found.end ?? peek.after
  const more = messages >= peek.messages && end < peek.through
  return { ...found, more, read_through: more ? end : later(end, later(peek.through, peek.after)) }
}

function later(one: bigint, other: bigint): bigint {
  return one < other ? other : one
}

function peekStatement({ slot, publication, through, messages }: Peek): string {
  const options = {
    proto_version: '1',
    publication_names: quoteIdent(publication),
  }
  const listed = Object.entries(options).flat().map(quoteLiteral).join(', ')
  return `copy (select data from pg_catalog.pg_logical_slot_peek_binary_changes(
  ${quoteLiteral(slot)}, ${quoteLiteral(lsnText(through))}::pg_catalog.pg_lsn, ${messages}, ${listed})) to stdout (format binary)`
}
