/**
 * Values of a filter as SQL literals. What runs at the source must never raise: so a literal is checked
 * here, by the class of its column's type, and compared in a type that takes every text of its class.
 */
import { quoteLiteral } from '../projection/quote.ts'
import type { CatalogColumn, CatalogType } from '../source/catalog-rows.ts'
import type { FilterValue } from './filter.ts'

/** Columns of one family can be compared with each other; an enum is a family of its own. */
export type Family = 'integer' | 'numeric' | 'float' | 'boolean' | 'text' | 'uuid' | 'time' | string

export interface ValueClass {
  readonly family: Family
  /** What a value looks like, for a hint. */
  readonly expected: string
  /** The literal; undefined where the value does not fit. */
  readonly literal: (value: FilterValue) => string | undefined
  readonly isText: boolean
  /** Schema of the type's operators, for the types of an extension. */
  readonly operators: string | null
}

/** Undefined for a type that a filter can only ask for null. Literals name types as the source does. */
export function valueClass(
  column: CatalogColumn,
  types: readonly CatalogType[],
): ValueClass | undefined {
  const own = types.find(({ oid }) => oid === column.type_oid)
  if (column.type.endsWith('[]')) return undefined
  if (own?.kind === 'domain') {
    return valueClass({ ...column, type: own.base, type_oid: own.base_oid }, types)
  }
  if (own?.kind === 'enum') return enumClass(own)
  if (own?.extension === 'citext' && own.name === 'citext') {
    return { ...textClass(own.qualified), family: 'citext', operators: own.schema }
  }
  return own === undefined ? builtInClass(column.type.replace(/\(.*?\)/, '')) : undefined
}

function builtInClass(type: string): ValueClass | undefined {
  switch (type) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return plain('integer', 'a whole number', (value) => integer(value))
    case 'numeric':
      return plain('numeric', 'a number', (value) =>
        matching(value, /^-?\d{1,1000}(\.\d{1,1000})?$/, 'numeric'),
      )
    case 'real':
      return plain('float', 'a number', (value) => float(value, 'real', 1e38, 1e-37))
    case 'double precision':
      return plain('float', 'a number', (value) => float(value, 'double precision', 1e308, 1e-300))
    case 'boolean':
      return plain('boolean', 'true or false', (value) =>
        typeof value === 'boolean' ? String(value) : undefined,
      )
    case 'text':
    case 'character varying':
    case 'name':
      return textClass('text')
    case 'character':
      return textClass('pg_catalog.bpchar')
    case 'uuid':
      return plain('uuid', 'a UUID', (value) =>
        matching(value, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'uuid'),
      )
    case 'date':
      return plain('time', 'a date as 2024-12-31', (value) => instant(value, 'date'))
    case 'timestamp without time zone':
      return plain('time', 'a time as 2024-12-31T23:59:59', (value) => instant(value, 'timestamp'))
    case 'timestamp with time zone':
      return plain('time', 'a time as 2024-12-31T23:59:59Z', (value) =>
        instant(value, 'timestamptz'),
      )
    default:
      return undefined
  }
}

function plain(family: Family, expected: string, literal: ValueClass['literal']): ValueClass {
  return { family, expected, literal, isText: false, operators: null }
}

function textClass(type: string): ValueClass {
  const literal = (value: FilterValue) =>
    typeof value === 'string' && !value.includes('\0') && value.isWellFormed()
      ? `${quoteLiteral(value)}::${type}`
      : undefined
  return { family: 'text', expected: 'a text', literal, isText: true, operators: null }
}

function enumClass(type: CatalogType & { readonly kind: 'enum' }): ValueClass {
  const expected = `one of ${type.labels.slice(0, 20).join(', ')}`
  return plain(`enum ${type.qualified}`, expected, (value) =>
    typeof value === 'string' && type.labels.includes(value)
      ? `${quoteLiteral(value)}::${type.qualified}`
      : undefined,
  )
}

const bigint = { least: -(2n ** 63n), most: 2n ** 63n - 1n }

function integer(value: FilterValue): string | undefined {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return undefined
  const text = typeof value === 'boolean' ? '' : String(value)
  if (!/^-?\d{1,19}$/.test(text)) return undefined
  const number = BigInt(text)
  return number >= bigint.least && number <= bigint.most ? `'${text}'::bigint` : undefined
}

/** A literal that rounds to nothing or to infinity is one that the server refuses. */
function float(value: FilterValue, type: string, most: number, least: number): string | undefined {
  const text = typeof value === 'boolean' ? '' : String(value)
  if (!/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text)) return undefined
  const size = Math.abs(Number(text))
  return size === 0 || (size >= least && size <= most) ? `'${Number(text)}'::${type}` : undefined
}

function matching(value: FilterValue, form: RegExp, type: string): string | undefined {
  const text = typeof value === 'boolean' ? '' : String(value)
  return form.test(text) ? `'${text}'::${type}` : undefined
}

const dateForm = /^(\d{4})-(\d\d)-(\d\d)$/
const timeForm =
  /^(\d{4}-\d\d-\d\d)[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):?[0-5]\d)?$/

/** A moment with a zone only where the type has one: elsewhere the server would drop it in silence. */
function instant(
  value: FilterValue,
  type: 'date' | 'timestamp' | 'timestamptz',
): string | undefined {
  if (typeof value !== 'string') return undefined
  if (value === 'infinity' || value === '-infinity') return `'${value}'::${type}`
  if (isDate(value)) return `'${value}'::${type}`
  const parts = type === 'date' ? null : timeForm.exec(value)
  if (parts === null || !isDate(parts[1]!)) return undefined
  return (parts[5] === undefined) === (type === 'timestamp') ? `'${value}'::${type}` : undefined
}

function isDate(text: string): boolean {
  const parts = dateForm.exec(text)
  if (parts === null || parts[1] === '0000') return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}
