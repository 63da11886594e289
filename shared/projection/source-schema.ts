/** What the columns of a source table are, as one digest: it tells that a table was changed. */
import type { TableName } from './entity.ts'
import { quoteLiteral, quoteTable } from './quote.ts'

/** SQL of the digest: numbers, names and types of the columns that a table has now. @param oid SQL of its oid */
export function schemaDigest(oid: string): string {
  return `(select pg_catalog.md5(pg_catalog.string_agg(a.attnum || ' ' || pg_catalog.quote_ident(a.attname) || ' '
    || pg_catalog.format_type(a.atttypid, a.atttypmod), ',' order by a.attnum))
  from pg_catalog.pg_attribute a where a.attrelid = ${oid} and a.attnum > 0 and not a.attisdropped)`
}

/** One row `(schema text)` for each table, in their order; null for one that is not there. */
export function schemasStatement(tables: readonly TableName[]): string {
  const rows = tables.map(
    (table, at) => `(${at}, pg_catalog.to_regclass(${quoteLiteral(quoteTable(table))}))`,
  )
  return `select ${schemaDigest('t.id')} as schema from (values ${rows.join(', ')}) t (place, id) order by t.place`
}
