/** Constraints in their parts. What is not null stands with the columns. */
import { dependencies, extensionOf } from './fragments.ts'

/** @returns a subquery over `l`, a row of `listed` */
export function constraintsQuery(version: number): string {
  const enforced = version >= 180000 ? 'con.conenforced' : 'true'
  const period = version >= 180000 ? 'con.conperiod' : 'false'
  const isInherited =
    version >= 110000
      ? '(con.coninhcount > 0 and not con.conislocal) or con.conparentid <> 0'
      : 'con.coninhcount > 0 and not con.conislocal'
  return `
    select coalesce(json_agg(json_build_object(
      'name', con.conname, 'type', con.contype, 'validated', con.convalidated,
      'enforced', ${enforced}, 'period', ${period},
      'deferrable', con.condeferrable, 'deferred', con.condeferred,
      'inherited', ${isInherited}, 'no_inherit', con.connoinherit,
      'columns', ${namesOf('con.conrelid', 'con.conkey')},
      'operators', (
        select coalesce(json_agg(json_build_object('schema', opn.nspname, 'name', op.oprname,
          'extension', ${extensionOf('pg_operator', 'op.oid')}, 'user', op.oid >= 16384
        ) order by u.position), '[]')
        from unnest(con.conexclop) with ordinality as u (oid, position)
        join pg_operator op on op.oid = u.oid join pg_namespace opn on opn.oid = op.oprnamespace),
      'expression', case when con.contype = 'c' then json_build_object(
        'text', pg_get_expr(con.conbin, con.conrelid),
        ${dependencies('pg_constraint', 'con.oid', 'con.conrelid')}) end,
      'reference', (
        select json_build_object('schema', rn.nspname, 'table', rc.relname,
          'columns', ${namesOf('con.confrelid', 'con.confkey')},
          'match_full', con.confmatchtype = 'f',
          'on_update', con.confupdtype, 'on_delete', con.confdeltype,
          'set_columns', ${version >= 150000 ? namesOf('con.conrelid', 'con.confdelsetcols') : `'[]'::json`})
        from pg_class rc join pg_namespace rn on rn.oid = rc.relnamespace
        where con.contype = 'f' and rc.oid = con.confrelid)
    ) order by con.conname), '[]')
    from pg_constraint con where con.conrelid = l.oid and con.contype in ('p', 'u', 'x', 'c', 'f')`
}

const namesOf = (table: string, numbers: string) => `(
        select coalesce(json_agg(na.attname order by nu.position), '[]')
        from unnest(${numbers}) with ordinality as nu (attnum, position)
        join pg_attribute na on na.attrelid = ${table} and na.attnum = nu.attnum)`

/** Edges between the listed tables, for the order. */
export const foreignKeysQuery = `
  select coalesce(json_agg(json_build_object(
    'name', con.conname, 'schema', l.nspname, 'table', l.relname,
    'referenced_schema', r.nspname, 'referenced_table', r.relname,
    'nullable', not exists (
      select from pg_attribute a where a.attrelid = con.conrelid and a.attnum = any (con.conkey)
        and a.attnotnull)
  ) order by l.nspname, l.relname, con.conname), '[]')
  from pg_constraint con join listed l on l.oid = con.conrelid join listed r on r.oid = con.confrelid
  where con.contype = 'f'`
