/** Texts as moments, and moments on the clock of a zone. */
import { quoteLiteral } from '../../projection/quote.ts'
import { textIn } from './compile-text.ts'
import { type Context, type Path, taken } from './context.ts'
import { builtinType } from './convert.ts'
import type { ExpressionOf } from './expression.ts'
import { isReadable } from './from-text.ts'
import { parseTimeFormat, type TimeFormat } from './time-format.ts'
import { checked, type Value, withValue } from './value.ts'

const typeOf = {
  date: 'date',
  time: 'time without time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
} as const

export function compileAtZone(
  expression: ExpressionOf<'at_zone'>,
  path: Path,
  context: Context,
): Value | undefined {
  const at = [...path, 'of']
  const part = context.part(expression.of, at)
  const of = part && taken(part, builtinType(typeOf.timestamp), at, context)
  const zone = zoneLiteral(expression.zone, [...path, 'zone'], context)
  if (of === undefined || zone === undefined) return undefined
  // Near the ends of what a timestamp holds, another zone is out of range.
  const inRange = (p: string) =>
    `${p} in ('infinity', '-infinity') or ${p} between '4712-01-01 BC' and '294276-01-01'`
  return checked(
    of,
    typeOf.timestamptz,
    (p) => `case when ${inRange(p)} then (${p} at time zone ${zone}) end`,
  )
}

/**
 * A text of exactly this form. It is written anew as ISO 8601 and then read by the server, which knows
 * the lengths of months: to_date would take what is none, and make something of it.
 */
export function compileParseTime(
  expression: ExpressionOf<'parse_time'>,
  path: Path,
  context: Context,
): Value | undefined {
  const of = textIn(expression.of, [...path, 'of'], context)
  const format = parseTimeFormat(expression.format, expression.to)
  if ('refused' in format) {
    context.refuse('time_format_invalid', format.refused, format.hint, [...path, 'format'])
  }
  const zone = zoneOf(expression, format, path, context)
  if (of === undefined || zone === undefined || 'refused' in format) return undefined
  // Of a zone by name, the server reads the clock first.
  const read = zone === '' ? typeOf[expression.to] : typeOf.timestamp
  const moment = (p: string) =>
    zone === '' ? `${p}::${read}` : `(${p}::${read} at time zone ${zone})`
  const made = (p: string) => `case when ${isReadable(p, read)} then ${moment(p)} end`
  return checked(of, typeOf[expression.to], (p) => withValue(isoText(p, format), made))
}

/** Null for a text of another form. */
function isoText(text: string, { pattern, iso }: TimeFormat): Value {
  const [letters, form] = [`${text} collate "C"`, quoteLiteral(pattern)]
  const replaced = `pg_catalog.regexp_replace(${letters}, ${form}, ${quoteLiteral(iso)})`
  return { sql: `case when ${letters} ~ ${form} then ${replaced} end`, type: 'text', fails: [] }
}

/** The zone as a literal, empty where the text or the type has its own or none; undefined for a problem. */
function zoneOf(
  { to, zone }: ExpressionOf<'parse_time'>,
  format: ReturnType<typeof parseTimeFormat>,
  path: Path,
  context: Context,
): string | undefined {
  const refuse = (message: string, hint: string) =>
    context.refuse(
      'time_zone_invalid',
      message,
      hint,
      zone === undefined ? path : [...path, 'zone'],
    )
  if (to !== 'timestamptz') {
    return zone === undefined
      ? ''
      : refuse(`A ${to} has no zone.`, 'Leave the zone out, or parse to timestamptz.')
  }
  const hasOffset = 'pattern' in format && format.hasOffset
  if (zone === 'offset') {
    return hasOffset || 'refused' in format
      ? ''
      : refuse('The format has no offset.', 'Name the zone, or add TZH:TZM to the format.')
  }
  if (hasOffset) {
    return refuse('The format has an offset of its own.', 'Give "offset" as the zone.')
  }
  return zone === undefined
    ? refuse('Without a zone, a time of day is no moment.', 'Name its zone, such as Europe/Berlin.')
    : zoneLiteral(zone, [...path, 'zone'], context)
}

/** An abbreviation means another thing to the server than to the IANA: only full names are taken. */
const zoneForm = /^(UTC|[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){1,2})$/

function zoneLiteral(zone: string, path: Path, context: Context): string | undefined {
  if (zoneForm.test(zone) && isKnownZone(zone)) return quoteLiteral(zone)
  return context.refuse(
    'time_zone_invalid',
    `There is no time zone ${JSON.stringify(zone)}.`,
    'Give its full IANA name, such as Europe/Berlin, or UTC.',
    path,
  )
}

function isKnownZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}
