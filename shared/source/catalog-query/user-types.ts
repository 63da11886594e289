/** Types and collations that users made. */
import { collationOf, dependencies, elementOf, expressionObject, extensionOf } from './fragments.ts'

/** User-defined types, whatever schema they are in. */
export function typesQuery(version: number): string {
  const multirange =
    version >= 140000
      ? `when t.typtype = 'm' then json_build_object('kind', 'multirange', 'range_oid',
          (select r.rngtypid::text from pg_range r where r.rngmultitypid = t.oid))`
      : ''
  return `
    select coalesce(json_agg(json_build_object(
      'oid', t.oid::text, 'schema', n.nspname, 'name', t.typname,
      'qualified', format_type(t.oid, null),
      'extension', ${extensionOf('pg_type', 't.oid')},
      'detail', case
        when t.typtype = 'e' then json_build_object('kind', 'enum', 'labels', (
          select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
          where e.enumtypid = t.oid))
        when t.typtype = 'd' then ${domainObject}
        when t.typtype = 'r' then ${rangeObject(version)}
        ${multirange}
        when tc.relkind = 'c' then json_build_object('kind', 'composite', 'attributes', (
          select coalesce(json_agg(json_build_object(
            'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
            'type_oid', (${elementOf('at')})::text,
            'collation', ${collationOf('a.attcollation', 'at.typcollation')}
          ) order by a.attnum), '[]')
          from pg_attribute a join pg_type at on at.oid = a.atttypid
          where a.attrelid = tc.oid and a.attnum > 0 and not a.attisdropped))
        else json_build_object('kind', 'base')
      end
    ) order by n.nspname, t.typname), '[]')
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    left join pg_class tc on tc.oid = t.typrelid
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and t.typtype in ('e', 'd', 'r', 'c', 'b', 'm')
      and not exists (select from pg_type e where e.typarray = t.oid)
      and (tc.oid is null or tc.relkind = 'c')`
}

const domainObject = `(
  select json_build_object('kind', 'domain',
    'base', format_type(t.typbasetype, t.typtypmod), 'base_oid', (${elementOf('bt')})::text,
    'not_null', t.typnotnull, 'default', case when t.typdefaultbin is not null then ${expressionObject(
      'pg_get_expr(t.typdefaultbin, 0)',
      'pg_type',
      't.oid',
      't.oid',
    )} end,
    'collation', ${collationOf('t.typcollation', 'bt.typcollation')},
    'checks', (
      select coalesce(json_agg(json_build_object('name', c.conname, 'validated', c.convalidated,
        'text', pg_get_expr(c.conbin, 0), ${dependencies('pg_constraint', 'c.oid', 't.oid')}
      ) order by c.conname), '[]')
      from pg_constraint c where c.contypid = t.oid and c.contype = 'c'))
  from pg_type bt where bt.oid = t.typbasetype)`

const rangeObject = (version: number) => `(
  select json_build_object('kind', 'range',
    'subtype', format_type(r.rngsubtype, null), 'subtype_oid', (${elementOf('st')})::text,
    'collation', ${collationOf('r.rngcollation', 'st.typcollation')},
    'multirange', ${
      version >= 140000
        ? '(select mt.typname from pg_type mt where mt.oid = r.rngmultitypid)'
        : 'null'
    })
  from pg_range r join pg_type st on st.oid = r.rngsubtype where r.rngtypid = t.oid)`

export function collationsQuery(version: number): string {
  const provider = version >= 100000 ? 'co.collprovider' : `'c'`
  const icu =
    version >= 170000 ? 'co.colllocale' : version >= 150000 ? 'co.colliculocale' : 'co.collcollate'
  return `
  select coalesce(json_agg(json_build_object(
    'schema', n.nspname, 'name', co.collname, 'provider', ${provider},
    'locale', case when ${provider} = 'c' then co.collcollate::text else ${icu}::text end,
    'deterministic', ${version >= 120000 ? 'co.collisdeterministic' : 'true'}
  ) order by n.nspname, co.collname), '[]')
  from pg_collation co join pg_namespace n on n.oid = co.collnamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`
}
