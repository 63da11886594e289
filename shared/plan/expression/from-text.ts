/** Between texts and other types: the server's own input and output, with what they lose refused. */
import { quoteLiteral } from '../../projection/quote.ts'
import { parseType } from './type-text.ts'
import { checked, derived, isNull, type Value } from './value.ts'

/** How a cast names a built-in type. */
export function castName(type: string): string {
  if (type === 'bpchar') return 'pg_catalog.bpchar'
  // Without the quotes, it is a single bit.
  return type === 'bit' ? 'pg_catalog."bit"' : type
}

/** Any built-in value as a text. A null stays null. */
export function toText(value: Value): Value {
  if (value.type === 'text') return value
  // A cast of an address would print a mask that the type itself leaves out.
  if (value.type === 'inet') return derived(value, 'text', `pg_catalog.abbrev(${value.sql})`)
  return derived(value, 'text', `${value.sql}::text`)
}

/**
 * A text as a value of a type: refused where the type cannot read it, or would drop a part of it.
 * @param type as a cast names it in the target
 */
export function fromText(value: Value, type: string, result = type): Value {
  if (isNull(value)) return { ...value, sql: `null::${type}`, type: result }
  const { form = [], loss } = readings[parseType(type).base] ?? {}
  return checked(toText(value), result, (p) => {
    const refused = [
      ...form.map((holds) => holds(p)),
      isReadable(p, type),
      ...(loss === undefined ? [] : [loss(p)]),
    ]
    // One after the other: what is not readable must not reach the cast.
    return `case ${refused.map((each) => `when not (${each}) then null`).join(' ')} else ${p}::${type} end`
  })
}

export function isReadable(text: string, type: string): string {
  return `migration.input_is_valid(${text}, ${quoteLiteral(type)})`
}

const day = '[0-9]{4}-[0-9]{2}-[0-9]{2}'
const plainTime = `^${day}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?$`

const matches = (text: string, pattern: string) => `${text} collate "C" ~ ${quoteLiteral(pattern)}`
/** What a clock says now is in no legacy row, and another thing at every reading. */
const isNoClock = (text: string) => `${text} collate "C" !~* 'now|today|tomorrow|yesterday'`
const isNoFinerThanMicroseconds = (text: string) => `${text} collate "C" !~ '[.][0-9]{6}0*[1-9]'`

/** A zone is dropped in silence by types without one: the moment it means is another then. */
const hasNoOtherZone = (text: string) =>
  `case when ${matches(text, plainTime)} then true when ${isReadable(text, 'timestamptz')} then (${text}::timestamptz at time zone 'UTC') = ${text}::timestamp else false end`

/** A time of day is dropped in silence by a date. */
const hasNoTime = (text: string) =>
  `case when ${matches(text, `^${day}$`)} then true when ${isReadable(text, 'timestamp')} then ${text}::timestamp = ${text}::date::timestamp else true end`

interface Reading {
  /** What a text must look like, besides being readable. */
  readonly form?: readonly ((text: string) => string)[]
  /** What must hold of a text that is readable. */
  readonly loss?: (text: string) => string
}

const readings: Readonly<Record<string, Reading>> = {
  date: { form: [isNoClock], loss: hasNoTime },
  'timestamp without time zone': {
    form: [isNoClock, isNoFinerThanMicroseconds],
    loss: hasNoOtherZone,
  },
  'timestamp with time zone': { form: [isNoClock, isNoFinerThanMicroseconds] },
  // No date and no zone beside the time of day.
  'time without time zone': {
    form: [(text) => matches(text, '^\\s*[0-9]+(:[0-9]+)*([.][0-9]{0,6})?\\s*([AaPp][Mm])?\\s*$')],
  },
  'time with time zone': { form: [isNoClock, isNoFinerThanMicroseconds] },
  interval: { form: [isNoFinerThanMicroseconds] },
}
