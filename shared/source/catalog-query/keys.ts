/** Which indexes can carry a scan. */

/**
 * An index can carry a scan only if its equality and order are the column's own: default operator
 * class, the column's collation, and a collation of the column that a plain literal cannot contest.
 * @returns a subquery over `l`, a row of `listed`
 */
export function keysQuery(version: number): string {
  return `
    select coalesce(json_agg(json_build_object(
      'name', ic.relname, 'primary', i.indisprimary, 'columns', k.columns
    ) order by ic.relname), '[]')
    from pg_index i join pg_class ic on ic.oid = i.indexrelid
    cross join lateral (
      select json_agg(json_build_object(
        'column', a.attname,
        'type', format_type(coalesce(b.base_oid, a.atttypid),
          case when b.base_oid is null then a.atttypmod else b.typmod end),
        'operators', onn.nspname,
        'length', a.attlen
      ) order by u.position) as columns, count(*) as usable
      from unnest(i.indkey::int2[]) with ordinality as u (attnum, position)
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum and a.attnum > 0
        and a.attnotnull and a.attcollation = i.indcollation[u.position::int - 1]
      left join base_type b on b.oid = a.atttypid
      join pg_type bt on bt.oid = coalesce(b.base_oid, a.atttypid)
        and bt.typcollation in (0, 100, a.attcollation)
      join pg_opclass oc on oc.oid = i.indclass[u.position::int - 1] and oc.opcdefault
      join pg_amop ao on ao.amopfamily = oc.opcfamily and ao.amopstrategy = 5
        and ao.amoplefttype = oc.opcintype and ao.amoprighttype = oc.opcintype
      join pg_operator op on op.oid = ao.amopopr and op.oprname = '>'
      join pg_namespace onn on onn.oid = op.oprnamespace
      where u.position <= ${keyColumnCount(version)}
    ) as k
    where i.indrelid = l.oid and i.indisunique and i.indisvalid and i.indpred is null
      and i.indexprs is null and k.usable = ${keyColumnCount(version)}`
}

/** Columns behind these are carried along by the index, not part of its key. */
export const keyColumnCount = (version: number) =>
  version >= 110000 ? 'i.indnkeyatts' : 'i.indnatts'
