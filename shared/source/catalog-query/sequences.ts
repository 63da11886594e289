/** Sequences that columns of the tables use or own, with where they stand. */
import { quoteIdent } from '../../projection/quote.ts'

/** Tables and partitions come from `listed`. */
export function sequencesQuery(version: number): string {
  const modern = version >= 100000
  const settings = modern
    ? `'type', format_type(q.seqtypid, null), 'start', q.seqstart::text, 'increment', q.seqincrement::text,
      'minimum', q.seqmin::text, 'maximum', q.seqmax::text, 'cache', q.seqcache::text, 'cycle', q.seqcycle,`
    : ''
  return `
  select coalesce(json_agg(json_build_object(
    'oid', s.oid::text, 'schema', n.nspname, 'name', s.relname, ${settings}
    'readable', has_schema_privilege(n.oid, 'USAGE') and has_sequence_privilege(s.oid, 'SELECT'),
    'owner', (
      select json_build_object('schema', o.nspname, 'table', oc.relname, 'column', a.attname,
        'identity', d.deptype = 'i')
      from pg_depend d join pg_class oc on oc.oid = d.refobjid
      join pg_namespace o on o.oid = oc.relnamespace
      join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where d.refobjid in (select listed.oid from listed) and d.classid = 'pg_class'::regclass and d.objid = s.oid and d.deptype in ('a', 'i')
        and d.refclassid = 'pg_class'::regclass limit 1)
  ) order by n.nspname, s.relname), '[]')
  from pg_class s join pg_namespace n on n.oid = s.relnamespace
  ${modern ? 'join pg_sequence q on q.seqrelid = s.oid' : ''}
  where s.relkind = 'S' and (
    s.oid in (select d.objid from pg_depend d where d.classid = 'pg_class'::regclass
      and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0
      and d.refobjid in (select listed.oid from listed))
    or s.oid in (select d.refobjid from pg_depend d join pg_attrdef def on def.oid = d.objid
      where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass
        and def.adrelid in (select listed.oid from listed)))`
}

/**
 * Where sequences stand, as JSON in their order: `{ last_value, is_called, … }`. Only the relation
 * itself tells it in every release, and the rest of the settings too before release 10.
 */
export function sequencePositionsQuery(
  version: number,
  sequences: readonly { readonly schema: string; readonly name: string }[],
): string {
  const settings =
    version >= 100000
      ? ''
      : `, 'type', 'bigint', 'start', start_value::text, 'increment', increment_by::text,
          'minimum', min_value::text, 'maximum', max_value::text, 'cache', cache_value::text,
          'cycle', is_cycled`
  const parts = sequences.map(
    ({ schema, name }, at) => `select ${at} as position, json_build_object(
        'last_value', last_value::text, 'is_called', is_called${settings}) as state
      from ${quoteIdent(schema)}.${quoteIdent(name)}`,
  )
  return `select json_agg(state order by position)::text as positions from (
    ${parts.join('\n    union all ')}) as each`
}
