/** Columns of the tables, one JSON array a table. */
import { collationOf, elementOf, expressionObject } from './fragments.ts'

/** @returns a subquery over `l`, a row of `listed` */
export function columnsQuery(version: number): string {
  return `
    select coalesce(json_agg(json_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'type_oid', (${elementOf('t')})::text,
      'length', a.attlen,
      'collation', ${collationOf('a.attcollation', 't.typcollation')},
      'not_null', a.attnotnull,
      'identity', ${version >= 100000 ? 'a.attidentity' : `''`},
      'generated', ${version >= 120000 ? 'a.attgenerated' : `''`},
      'storage', case when a.attstorage <> t.typstorage then a.attstorage end,
      'expression', (
        select ${columnExpression(version)}
        from pg_attrdef def where a.atthasdef and def.adrelid = a.attrelid and def.adnum = a.attnum
      ),
      'readable', has_table_privilege(l.oid, 'SELECT')
        or has_column_privilege(l.oid, a.attnum, 'SELECT')
    ) order by a.attnum), '[]')
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = l.oid and a.attnum > 0 and not a.attisdropped`
}

/** Before release 15 it is the column, not its expression, that depends on what a generated one uses. */
function columnExpression(version: number): string {
  const text = 'pg_get_expr(def.adbin, def.adrelid)'
  const plain = expressionObject(text, 'pg_attrdef', 'def.oid', 'def.adrelid')
  if (version < 120000 || version >= 150000) return plain
  const generated = expressionObject(text, 'pg_class', 'a.attrelid', 'a.attrelid', 'a.attnum')
  return `case when a.attgenerated = '' then ${plain} else ${generated} end`
}
