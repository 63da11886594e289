/** The type of a column in the target: the one that it has there, or the one that it will be made with. */

import { quoteQualified } from '../../projection/quote.ts'
import type { TargetColumn } from '../../schema/target-state.ts'
import type { TypeNames } from '../../schema/type-names.ts'
import type { CatalogColumn, CatalogType } from '../../source/catalog-rows.ts'
import type { TargetType } from '../expression/convert.ts'
import { parseType } from '../expression/type-text.ts'
import { travelType } from './stage.ts'

export interface ColumnType extends TargetType {
  /** What rules can say about it: oid of a type of the source, or '0'. */
  readonly oid: string
  /** How `ferry_rows` keeps it: without length, precision, and what a domain demands. */
  readonly rows: string
  readonly not_null: boolean
}

/** @param source the column whose value arrives here unchanged */
export function existingType(
  column: TargetColumn,
  source: CatalogColumn | undefined,
  types: TypeNames,
): ColumnType {
  const { type, element, base, not_null } = column
  const isBuiltin = element.schema === 'pg_catalog'
  const printed = `${quoteQualified(element.schema, element.name)}${type.slice(element.text.length)}`
  const isSame =
    source !== undefined &&
    (isBuiltin ? source.type === type : types.text(source.type, source.type_oid) === printed)
  return {
    type,
    sql: type,
    isBuiltin,
    ...(base?.is_builtin === true ? { base: base.type } : {}),
    oid: isSame ? source.type_oid : '0',
    rows: base === null ? rowsType(type, isBuiltin) : rowsType(base.type, base.is_builtin),
    not_null,
  }
}

/** Of a column that is made as the source has it. */
export function copiedType(
  { type, type_oid, not_null }: CatalogColumn,
  types: TypeNames,
  all: readonly CatalogType[],
): ColumnType {
  const sql = types.text(type, type_oid)
  const isBuiltin = types.named(type, type_oid) === null
  const base = isBuiltin ? undefined : travelType(type, type_oid, all)
  return {
    type,
    sql,
    isBuiltin,
    ...(base === undefined ? {} : { base }),
    oid: type_oid,
    rows: base === undefined ? domainRows(type, type_oid, types, all) : rowsType(base, true),
    not_null,
  }
}

/** Of a column that holds what an expression makes. */
export function computedType(type: string): ColumnType {
  return { type, sql: type, isBuiltin: true, oid: '0', rows: rowsType(type, true), not_null: false }
}

/** A domain over a type of users is kept as that type: null is no value of every domain. */
function domainRows(
  type: string,
  oid: string,
  types: TypeNames,
  all: readonly CatalogType[],
): string {
  const own = all.find((each) => each.oid === oid)
  if (own?.kind === 'domain' && !type.endsWith('[]')) {
    return domainRows(own.base, own.base_oid, types, all)
  }
  return rowsType(types.text(type, oid), types.named(type, oid) === null)
}

/** These names mean one character or bit where no length follows. */
const anyLength: Readonly<Record<string, string>> = {
  bpchar: 'pg_catalog.bpchar',
  bit: 'pg_catalog."bit"',
}

function rowsType(type: string, isBuiltin: boolean): string {
  if (!isBuiltin) return type
  const { base, array } = parseType(type)
  return `${anyLength[base] ?? base}${array ? '[]' : ''}`
}
