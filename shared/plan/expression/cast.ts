/** Casts that a plan asks for: they may lose what the words themselves say, and nothing else. */
import { builtinType, convert, type Refused } from './convert.ts'
import { isReadable } from './from-text.ts'
import { narrow } from './narrow.ts'
import { isFloat, isInteger, isNumber, isText, plainType } from './type-text.ts'
import { checked, derived, type Value } from './value.ts'

/** @param type built-in, as `format_type` prints it */
export function cast(value: Value, type: string): Value | Refused {
  const target = builtinType(type)
  const converted = convert(value, target)
  const base = plainType(type)
  const made = 'refused' in converted ? lossy(value, base) : converted
  if (made === undefined) return { refused: `Nothing makes ${type} of ${value.type}.` }
  if ('refused' in made || made === converted) return shortened(made, type)
  // What has no digits of its own behind the point is rounded to those that are asked for.
  if (isFloat(value.type) && base === 'numeric') return rounded(made, type)
  return narrow(made, target)
}

/** Lengths are for the column that the text goes into; the text itself has none. */
function shortened(made: Value | Refused, type: string): Value | Refused {
  return 'refused' in made || !isText(type)
    ? made
    : { ...made, sql: `${made.sql}::text`, type: 'text' }
}

function lossy(value: Value, to: string): Value | undefined {
  const from = plainType(value.type)
  if (isNumber(from) && isNumber(to)) return castNumber(value, from, to)
  if (from === 'boolean' && isNumber(to)) {
    return derived(value, to, `${value.sql}::integer::${to}`)
  }
  if (isInteger(from) && to === 'boolean') {
    return checked(value, to, (p) => `case ${p} when 1 then true when 0 then false end`)
  }
  const time = casts[from]?.[to]
  // A moment without end has no time of day.
  return time === undefined ? undefined : checked(value, to, time)
}

/** Moments are read on the clock of UTC; another zone is another question. */
const casts: Readonly<Record<string, Readonly<Record<string, (sql: string) => string>>>> = {
  'timestamp without time zone': {
    date: (sql) => `${sql}::date`,
    'time without time zone': (sql) => `${sql}::time`,
  },
  'timestamp with time zone': {
    date: (sql) => `(${sql} at time zone 'UTC')::date`,
    'time without time zone': (sql) => `(${sql} at time zone 'UTC')::time`,
    'timestamp without time zone': (sql) => `(${sql} at time zone 'UTC')`,
  },
  'time without time zone': { interval: (sql) => `${sql}::interval` },
}

/** What each holds at most, as numbers that a double holds exactly. */
const integerBounds: Readonly<Record<string, readonly [least: string, above: string]>> = {
  smallint: ['-32768', '32768'],
  integer: ['-2147483648', '2147483648'],
  bigint: ['-9223372036854775808', '9223372036854775808'],
}

function castNumber(value: Value, from: string, to: string): Value {
  const bounds = integerBounds[to]
  if (bounds !== undefined) return wholeNumber(value, from, to, bounds)
  // By the digits that it prints: the cast of the server keeps 6 or 15 of them.
  if (to === 'numeric') return derived(value, to, `${value.sql}::text::numeric`)
  return checked(
    value,
    to,
    (p) => `case when ${isReadable(`${p}::text`, to)} then ${p}::text::${to} end`,
  )
}

function wholeNumber(
  value: Value,
  from: string,
  to: string,
  [least, above]: readonly [string, string],
): Value {
  const wide = isFloat(from) ? 'double precision' : 'numeric'
  return checked(value, to, (p) => {
    const number = `${p}::${wide}`
    const inRange = `${number} >= '${least}'::${wide} and ${number} < '${above}'::${wide}`
    return `case when not (${inRange}) then null when pg_catalog.trunc(${number}) <> ${number} then null else ${p}::${to} end`
  })
}

function rounded(made: Value, type: string): Value {
  if (type === 'numeric') return made
  const scale = /,(-?\d+)\)$/.exec(type)?.[1] ?? '0'
  const whole = { ...made, sql: `pg_catalog.round(${made.sql}, ${scale})` }
  return narrow(whole, builtinType(type))
}
