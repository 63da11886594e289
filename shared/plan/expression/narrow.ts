/** Lengths, precisions and scales: what does not fit into them is refused, never cut or rounded. */
import { isReadable, toText } from './from-text.ts'
import { parseType } from './type-text.ts'
import { checked, derived, isNull, refusedWhere, type Value } from './value.ts'

/** A type of the target, and how a cast names it there. */
export interface TargetType {
  /** As `format_type` prints it, with length or precision. */
  readonly type: string
  readonly sql: string
  readonly isBuiltin: boolean
  /** Of a domain: the built-in type it is made of, so that nothing is lost on the way into it. */
  readonly base?: string
}

/** A value of the family of texts in a text type of the target. */
export function narrowText(value: Value, to: TargetType): Value {
  const { base, modifier } = parseType(to.type)
  const from = parseType(value.type)
  const text = toText(value)
  const cast = derived(text, to.type, to.type === 'text' ? text.sql : `${text.sql}::${to.sql}`)
  const fits =
    from.base === base && from.modifier !== null && Number(from.modifier) <= Number(modifier)
  if (isNull(value) || fits) return cast
  const tooLong = longer(base, modifier)
  if (tooLong === undefined) return cast
  const refused = refusedWhere(text, 'length_violated', tooLong)
  return { ...cast, fails: refused.fails }
}

/** Names and single bytes are cut by the server without a word. */
function longer(base: string, modifier: string | null): ((text: string) => string) | undefined {
  if (base === 'name') return (text) => `pg_catalog.octet_length(${text}) > 63`
  if (base === '"char"') return (text) => `pg_catalog.octet_length(${text}) > 1`
  if (modifier === null) return undefined
  // Blanks at the end are padding there.
  if (base === 'bpchar') {
    return (text) => `pg_catalog.char_length(${text}::pg_catalog.bpchar) > ${modifier}`
  }
  return (text) => `pg_catalog.char_length(${text}) > ${modifier}`
}

/** A value of the plain type of the target in that type with its modifier. */
export function narrow(value: Value, to: TargetType): Value {
  const { base, modifier, array } = parseType(to.type)
  if (modifier === null || isWiderOrSame(value.type, to.type)) {
    return derived(value, to.type, value.sql)
  }
  if (isNull(value)) return derived(value, to.type, `${value.sql}::${to.sql}`)
  if (array) return narrowByText(value, to)
  if (base === 'bit' || base === 'bit varying') return narrowBits(value, to, modifier)
  if (base !== 'numeric') return narrowByText(value, to)
  return checked(
    value,
    to.type,
    (p) => `case when ${fitsNumeric(p, modifier)} then ${p}::${to.sql} end`,
  )
}

/** A value that the type can read, and that stays what it is there. */
export function narrowByText(value: Value, to: TargetType): Value {
  return checked(value, to.type, (p) => {
    const [text, cast] = [`${p}::text`, `${p}::${to.sql}`]
    return `case when not (${isReadable(text, to.type)}) then null when ${cast} <> ${p} then null else ${cast} end`
  })
}

function narrowBits(value: Value, to: TargetType, modifier: string): Value {
  const sign = parseType(to.type).base === 'bit' ? '<>' : '>'
  const length = (p: string) => `pg_catalog.length(${p}) ${sign} ${modifier}`
  const { fails } = refusedWhere(value, 'length_violated', length)
  return { sql: `${value.sql}::${to.sql}`, type: to.type, fails }
}

/** By its digits: the cast itself may round up to one that is too many. */
function fitsNumeric(number: string, modifier: string): string {
  const [precision = 0, scale = 0] = modifier.split(',').map(Number)
  const inRange = `pg_catalog.abs(${number}) < '1e${precision - scale}'::numeric`
  return `${number} = 'NaN' or (${inRange} and pg_catalog.round(${number}, ${scale}) = ${number})`
}

/** Whether every value of the one type is one of the other as it is; both have the same base. */
function isWiderOrSame(from: string, to: string): boolean {
  const [one, other] = [parseType(from), parseType(to)]
  if (one.modifier === other.modifier) return true
  if (one.modifier === null || other.modifier === null) return other.modifier === null
  if (one.base === 'numeric') {
    const [p1 = 0, s1 = 0] = one.modifier.split(',').map(Number)
    const [p2 = 0, s2 = 0] = other.modifier.split(',').map(Number)
    return s1 <= s2 && p1 - s1 <= p2 - s2
  }
  return one.base.startsWith('time') && Number(one.modifier) <= Number(other.modifier)
}
