/** Indexes in their parts, so that they can be written down anew under other names. */
import { collationOf, dependencies, extensionOf, optionsOf } from './fragments.ts'
import { keyColumnCount } from './keys.ts'

/** @returns a subquery over `l`, a row of `listed` */
export function indexesQuery(version: number): string {
  const count = keyColumnCount(version)
  return `
    select coalesce(json_agg(json_build_object(
      'name', ic.relname, 'method', am.amname, 'method_extension', ${extensionOf('pg_am', 'am.oid')},
      'unique', i.indisunique,
      'nulls_not_distinct', ${version >= 150000 ? 'i.indnullsnotdistinct' : 'false'},
      'valid', i.indisvalid, 'clustered', i.indisclustered, 'replica_identity', i.indisreplident,
      'inherited', ${version >= 110000 ? 'ic.relispartition' : 'false'},
      'constraint', (select con.conname from pg_constraint con
        where con.conindid = i.indexrelid and con.conrelid = i.indrelid and con.contype in ('p', 'u', 'x')),
      'options', ${optionsOf('ic.reloptions')},
      'keys', (${indexKeysQuery(version)}),
      'include', (
        select coalesce(json_agg(a.attname order by u.position), '[]')
        from unnest(i.indkey::int2[]) with ordinality as u (attnum, position)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
        where u.position > ${count}),
      'predicate', pg_get_expr(i.indpred, i.indrelid),
      ${dependencies('pg_class', 'i.indexrelid', 'i.indrelid')}
    ) order by ic.relname), '[]')
    from pg_index i join pg_class ic on ic.oid = i.indexrelid join pg_am am on am.oid = ic.relam
    where i.indrelid = l.oid and i.indislive`
}

function indexKeysQuery(version: number): string {
  const options = version >= 130000 ? 'ia.attoptions' : 'null::text[]'
  return `
        select json_agg(json_build_object(
          'column', a.attname,
          'text', case when u.attnum = 0 then pg_get_indexdef(i.indexrelid, u.position::int, false) end,
          'collation', ${collationOf(
            'i.indcollation[u.position::int - 1]',
            'coalesce(a.attcollation, kt.typcollation, 0)',
          )},
          'operator_class', case when not oc.opcdefault or oc.oid >= 16384
            or ${options} is not null then json_build_object(
            'schema', ocn.nspname, 'name', oc.opcname,
            'extension', ${extensionOf('pg_opclass', 'oc.oid')},
            'user', oc.oid >= 16384, 'options', ${optionsOf(options)}) end,
          'descending', i.indoption[u.position::int - 1] & 1 = 1,
          'nulls_first', i.indoption[u.position::int - 1] & 2 = 2
        ) order by u.position)
        from unnest(i.indkey::int2[]) with ordinality as u (attnum, position)
        join pg_attribute ia on ia.attrelid = i.indexrelid and ia.attnum = u.position
        left join pg_attribute a on u.attnum <> 0 and a.attrelid = i.indrelid and a.attnum = u.attnum
        left join pg_type kt on u.attnum = 0 and kt.oid = ia.atttypid
        join pg_opclass oc on oc.oid = i.indclass[u.position::int - 1]
        join pg_namespace ocn on ocn.oid = oc.opcnamespace
        where u.position <= ${keyColumnCount(version)}`
}
