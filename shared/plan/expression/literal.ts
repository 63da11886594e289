/** Values that a plan writes out, as SQL. */
import { quoteLiteral } from '../../projection/quote.ts'
import type { CatalogColumn } from '../../source/catalog-rows.ts'
import { valueClass } from '../filter-value.ts'
import type { Scalar } from './expression.ts'
import { isText, plainType } from './type-text.ts'
import { nullText, type Value } from './value.ts'

export function literal(value: Scalar | null): Value {
  const { sql, type } = literalText(value)
  return { sql, type, fails: [], literal: true }
}

function literalText(value: Scalar | null): { readonly sql: string; readonly type: string } {
  if (value === null) return { sql: nullText, type: 'text' }
  if (typeof value === 'boolean') return { sql: `${value}`, type: 'boolean' }
  if (typeof value === 'string') return { sql: `${quoteLiteral(value)}::text`, type: 'text' }
  const type = numberType(value)
  return { sql: `'${value === 0 ? 0 : value}'::${type}`, type }
}

function numberType(value: number): string {
  if (!Number.isSafeInteger(value)) return 'numeric'
  return Math.abs(value) < 2 ** 31 ? 'integer' : 'bigint'
}

/** What a literal for a type looks like, or what would. */
export type Fitting = { readonly sql: string } | { readonly expected: string }

/** A value beside one of a type; undefined for a type whose values nobody writes out. */
export function fittingLiteral(value: Scalar, type: string): Fitting | undefined {
  if (isText(type)) {
    return typeof value === 'string'
      ? { sql: `${quoteLiteral(value)}::text` }
      : { expected: 'a text' }
  }
  const values = valueClass({ ...anyColumn, type: plainType(type) }, [])
  if (values === undefined) return undefined
  const sql = values.literal(value)
  return sql === undefined ? { expected: values.expected } : { sql }
}

/** Of a column, only its type decides how its values are written. */
const anyColumn: CatalogColumn = {
  name: '',
  type: '',
  type_oid: '',
  length: -1,
  collation: null,
  not_null: false,
  identity: '',
  generated: '',
  storage: null,
  expression: null,
  readable: true,
}
