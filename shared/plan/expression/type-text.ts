/** Texts of built-in types, as `format_type` prints them, taken apart. */

export interface TypeText {
  /** Without modifier and `[]`; `bpchar` for blank-padded text of any length. */
  readonly base: string
  /** What stands in parentheses; of an interval its fields, too. */
  readonly modifier: string | null
  readonly array: boolean
}

const synonyms: Readonly<Record<string, string>> = {
  varchar: 'character varying',
  character: 'bpchar',
  char: 'bpchar',
  time: 'time without time zone',
  timetz: 'time with time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
}

/** `numeric(10,2)[]` → `numeric`, `10,2`, array. */
export function parseType(text: string): TypeText {
  const array = text.endsWith('[]')
  const one = array ? text.slice(0, -2) : text
  const parenthesis = /\(([^)]*)\)/.exec(one)
  const name = one.replace(/\s*\([^)]*\)/, '').trim()
  if (name.startsWith('interval')) {
    const modifier = one.slice('interval'.length).trim()
    return { base: 'interval', modifier: modifier === '' ? null : modifier, array }
  }
  return { base: synonyms[name] ?? name, modifier: parenthesis?.[1] ?? null, array }
}

/** The same type without a length or precision. */
export function plainType(text: string): string {
  const { base, array } = parseType(text)
  return `${base}${array ? '[]' : ''}`
}

export function isSameType(left: string, right: string): boolean {
  const [one, other] = [parseType(left), parseType(right)]
  return one.base === other.base && one.modifier === other.modifier && one.array === other.array
}

const textBases = new Set(['text', 'character varying', 'bpchar', 'name', '"char"'])

export function isText(type: string): boolean {
  const { base, array } = parseType(type)
  return !array && textBases.has(base)
}

const integerBases = new Set(['smallint', 'integer', 'bigint'])
const floatBases = new Set(['real', 'double precision'])

export function isInteger(type: string): boolean {
  return integerBases.has(type)
}

export function isFloat(type: string): boolean {
  return floatBases.has(type)
}

export function isNumber(type: string): boolean {
  const { base, array } = parseType(type)
  return !array && (base === 'numeric' || isInteger(base) || isFloat(base))
}
