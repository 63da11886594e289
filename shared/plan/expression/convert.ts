/**
 * What happens to a value by itself on its way into a column of the target: nothing that could lose a
 * part of it in silence. Everything else is a cast that the plan asks for.
 */
import { castName, fromText, isReadable, toText } from './from-text.ts'
import { narrow, narrowByText, narrowText, type TargetType } from './narrow.ts'
import { isNumber, isSameType, isText, parseType, plainType } from './type-text.ts'
import { checked, derived, isNull, type Value, withValue } from './value.ts'

export type { TargetType }

/** A built-in type as a target of its own. */
export function builtinType(type: string): TargetType {
  return { type, sql: castName(type), isBuiltin: true }
}

export interface Refused {
  /** Why, in words for whoever writes the plan. */
  readonly refused: string
}

export function convert(value: Value, to: TargetType): Value | Refused {
  if (isNull(value)) return { ...value, sql: `null::${to.sql}`, type: to.type }
  if (!to.isBuiltin) return convertForeign(value, to)
  if (isSameType(value.type, to.type)) return { ...value, type: to.type }
  if (isText(to.type)) return narrowText(value, to)
  const base = plainType(to.type)
  if (isText(value.type)) {
    return narrow(fromText(value, castName(base), base), to)
  }
  const { array } = parseType(to.type)
  if (array || parseType(value.type).array) return convertArray(value, to)
  const widened = widen(value, base)
  if (widened !== undefined) return narrow(widened, to)
  // A number that the plan writes out is of the type that is asked for, where it fits.
  return value.literal === true && isNumber(value.type) && isNumber(base)
    ? narrow(fromText(value, base), to)
    : { refused: `${value.type} does not become ${to.type} by itself.` }
}

/** Of types of users only the text is known; the server knows the rest. */
function convertForeign(value: Value, to: TargetType): Value | Refused {
  const through = to.base === undefined ? value : convert(value, builtinType(to.base))
  if ('refused' in through) return through
  return fromText(printed(through), to.sql, to.type)
}

/** A cast to text cuts blanks off that a type without a length of its own keeps. */
function printed(value: Value): Value {
  if (plainType(value.type) !== 'bpchar') return toText(value)
  const text = withValue(
    value,
    (p) => `case when ${p} is not null then pg_catalog.format('%s', ${p}) end`,
  )
  return derived(value, 'text', `(${text})`)
}

function convertArray(value: Value, to: TargetType): Value | Refused {
  if (plainType(value.type) !== plainType(to.type)) {
    return { refused: `${value.type} does not become ${to.type} by itself.` }
  }
  if (parseType(to.type).modifier === null) {
    return derived(value, to.type, `${value.sql}::${to.sql}`)
  }
  return narrowByText(value, to)
}

type Widening = (value: Value) => Value

const castTo =
  (type: string): Widening =>
  (value) =>
    derived(value, type, `${value.sql}::${type}`)

const widenings: Readonly<Record<string, Readonly<Record<string, Widening>>>> = {
  smallint: {
    integer: castTo('integer'),
    bigint: castTo('bigint'),
    numeric: castTo('numeric'),
    real: castTo('real'),
    'double precision': castTo('double precision'),
  },
  integer: {
    bigint: castTo('bigint'),
    numeric: castTo('numeric'),
    'double precision': castTo('double precision'),
  },
  bigint: { numeric: castTo('numeric'), 'double precision': exactDouble },
  real: { 'double precision': castTo('double precision') },
  'double precision': { real: exactReal },
  date: { 'timestamp without time zone': midnight },
  json: { jsonb: binaryJson },
  jsonb: { json: castTo('json') },
  cidr: { inet: castTo('inet') },
  bit: { 'bit varying': castTo('bit varying') },
}

function widen(value: Value, to: string): Value | undefined {
  const base = plainType(value.type)
  return base === to ? value : widenings[base]?.[to]?.(value)
}

/** A double holds every whole number up to 2^53, and some beyond. */
function exactDouble(value: Value): Value {
  return checked(
    value,
    'double precision',
    (p) =>
      `case when ${p} between -9223372036854774784 and 9223372036854774784 and ${p}::double precision::bigint = ${p} then ${p}::double precision end`,
  )
}

function exactReal(value: Value): Value {
  const [least, most] = ['1.401298464324817e-45', '3.4028234663852886e+38']
  return checked(value, 'real', (p) => {
    const size = `pg_catalog.abs(${p})`
    const special = `${p} in (0, 'NaN', 'Infinity', '-Infinity')`
    const inRange = `${size} between ${least}::double precision and ${most}::double precision`
    return `case when not (${special} or ${inRange}) then null when ${p}::real::double precision <> ${p} then null else ${p}::real end`
  })
}

/** Dates reach further than timestamps. */
function midnight(value: Value): Value {
  return checked(
    value,
    'timestamp without time zone',
    (p) =>
      `case when ${p} in ('infinity', '-infinity') or ${p} <= '294276-12-31'::date then ${p}::timestamp end`,
  )
}

function binaryJson(value: Value): Value {
  const made = checked(
    value,
    'jsonb',
    (p) => `case when ${isReadable(`${p}::text`, 'jsonb')} then ${p}::text::jsonb end`,
  )
  const note =
    'As jsonb, a value loses its blanks, the order of its keys and all but the last of equal ones.'
  return { ...made, note }
}
