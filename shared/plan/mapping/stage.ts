/**
 * What a mapped entity reads: the columns that its expressions mention, each once, in a form that every
 * target can take. What a type of users means is for the target to decide, so it travels as text.
 */
import type { CompiledColumn } from '../../projection/entity.ts'
import { nameUuidBytesSql, nameUuidSql } from '../../projection/name-uuid.ts'
import { quoteIdent } from '../../projection/quote.ts'
import type { CatalogColumn, CatalogType } from '../../source/catalog-rows.ts'
import type { Value } from '../expression/value.ts'

/** Columns as SQL, for whoever makes expressions of them. */
export interface Columns {
  value(column: CatalogColumn): Value
  /** UUID of a name. @param key SQL of its text */
  nameUuid(namespace: string, key: string): string
}

/** Over `s`; asking for a column's value makes it travel. */
export interface Stage extends Columns {
  columns(): readonly CompiledColumn[]
  /** Those of the source that were asked for. */
  sources(): readonly CatalogColumn[]
}

/** @param unknown built-in types that the target does not have */
export function openStage(types: readonly CatalogType[], unknown: readonly string[]): Stage {
  const asked = new Map<string, { column: CatalogColumn; compiled: CompiledColumn }>()
  return {
    value(column) {
      const known = asked.get(column.name)
      const compiled = known?.compiled ?? travelling(column, asked.size, types, unknown)
      if (known === undefined) asked.set(column.name, { column, compiled })
      return { sql: `s.${compiled.target}`, type: compiled.type, fails: [] }
    },
    nameUuid: nameUuidSql,
    columns: () => [...asked.values()].map(({ compiled }) => compiled),
    sources: () => [...asked.values()].map(({ column }) => column),
  }
}

/**
 * Columns over a row of the source itself.
 * @param format of the COPY that they travel in: a binary one takes the bytes of a UUID for a UUID
 */
export function overSource(types: readonly CatalogType[], format: 'binary' | 'text'): Columns {
  return {
    value(column) {
      const { source, expression, type } = travelling(column, 0, types, [])
      return { sql: expression ?? quoteIdent(source), type, fails: [] }
    },
    nameUuid: format === 'binary' ? nameUuidBytesSql : nameUuidSql,
  }
}

function travelling(
  column: CatalogColumn,
  at: number,
  types: readonly CatalogType[],
  unknown: readonly string[],
): CompiledColumn {
  const [source, target] = [column.name, `s${at}`]
  const name = quoteIdent(source)
  const type = travelType(column.type, column.type_oid, types)
  if (type === undefined || unknown.includes(type)) {
    // Of a composite value with nulls alone, `is not null` would not hold.
    const expression = `case when ${name} is distinct from null then pg_catalog.format('%s', ${name}) end`
    return { source, target, type: 'text', expression }
  }
  if (type === column.type) return { source, target, type }
  return { source, target, type, expression: `${name}::${type}` }
}

/** Types whose values are numbers of objects: they mean nothing on another server. */
const objectType = /^reg[a-z]+(\[\])?$/

/** The type itself where the server brings it, of a domain what it is made of; else nothing. */
export function travelType(
  type: string,
  oid: string,
  types: readonly CatalogType[],
): string | undefined {
  const own = types.find((each) => each.oid === oid)
  if (own?.kind === 'domain' && !type.endsWith('[]')) {
    return travelType(own.base, own.base_oid, types)
  }
  // Only what lies outside pg_catalog is printed with its schema.
  return own === undefined && !type.includes('.') && !objectType.test(type) ? type : undefined
}
