/** Types that a plan can name. */
import { parseType } from './type-text.ts'

const plain = new Set([
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'real',
  'double precision',
  'boolean',
  'text',
  'varchar',
  'character varying',
  'uuid',
  'date',
  'interval',
  'json',
  'jsonb',
  'bytea',
  'inet',
  'cidr',
])
const timed =
  /^(time|timestamp)(tz)?(\([0-6]\))?$|^(time|timestamp)(\([0-6]\))? with(out)? time zone$/
const lettered = /^(?:char|character|varchar|character varying)\(([1-9]\d{0,7})\)$/
const exact = /^numeric\(([1-9]\d{0,3})(?:, ?(\d{1,4}))?\)$/
const longestText = 10_485_760

export function isBuiltInType(text: string): boolean {
  if (plain.has(text) || timed.test(text)) return true
  const letters = lettered.exec(text)
  if (letters !== null) return Number(letters[1]) <= longestText
  const digits = exact.exec(text)
  if (digits === null) return false
  const [precision, scale] = [Number(digits[1]), Number(digits[2] ?? 0)]
  return precision <= 1000 && scale <= precision
}

/** As `format_type` prints it. */
export function builtInType(text: string): string {
  const { base, modifier } = parseType(text)
  if (modifier === null) return base
  if (base === 'bpchar') return `character(${modifier})`
  if (base === 'numeric') {
    const [precision, scale = '0'] = modifier.split(/, ?/)
    return `numeric(${precision},${scale})`
  }
  const [word, ...rest] = base.split(' ')
  return base.startsWith('time')
    ? [`${word}(${modifier})`, ...rest].join(' ')
    : `${base}(${modifier})`
}
