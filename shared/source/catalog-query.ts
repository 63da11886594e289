/**
 * The catalog as one JSON text built in SQL, so that no value becomes a JavaScript date or a rounded
 * number on the way. Runs on every release from 9.6 on: what a release does not know yet is left out
 * of the text by its version.
 */
import { quoteLiteral } from '../projection/quote.ts'

/** Objects with a lower oid belong to the server itself. */
const firstUserOid = 16384

/** @param schemas the schemas whose tables are listed; null lists those of all but system schemas */
export function catalogQuery(version: number, schemas: readonly string[] | null): string {
  return `
with recursive base (oid, base_oid, typmod) as (
  select t.oid, t.typbasetype, t.typtypmod from pg_type t where t.typtype = 'd'
  union all
  select base.oid, t.typbasetype, case when base.typmod < 0 then t.typtypmod else base.typmod end
  from base join pg_type t on t.oid = base.base_oid where t.typtype = 'd'
),
base_type as (
  select base.oid, base.base_oid, base.typmod from base join pg_type t on t.oid = base.base_oid
  where t.typtype <> 'd'
),
listed as (
  select c.oid, c.relname, n.nspname, n.oid as namespace_oid, c.relkind, c.reltype, c.reltuples,
    c.relpages
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and ${schemaCondition(schemas)}
    ${version >= 100000 ? 'and not c.relispartition' : ''}
),
member (root, oid) as (
  select oid, oid from listed
  union all
  select member.root, i.inhrelid from member join pg_inherits i on i.inhparent = member.oid
  where exists (select from pg_class p where p.oid = member.oid and p.relkind = 'p')
)
select json_build_object(
  'server_version', ${version},
  'encoding', (
    select pg_encoding_to_char(d.encoding) from pg_database d where d.datname = current_database()
  ),
  'tables', (select coalesce(json_agg(${tableObject(version)} order by l.nspname, l.relname), '[]')
    from listed l),
  'types', (${typesQuery(version)}),
  'foreign_keys', (${foreignKeysQuery}),
  'collations', (${collationsQuery(version)})
)::text as catalog`
}

function schemaCondition(schemas: readonly string[] | null): string {
  const user = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`
  if (schemas === null) return user
  const names = schemas.map((schema) => quoteLiteral(schema)).join(', ')
  return names === '' ? 'false' : `${user} and n.nspname in (${names})`
}

const extensionOf = (catalog: string, oid: string) => `(
  select e.extname from pg_depend d join pg_extension e on e.oid = d.refobjid
  where d.classid = '${catalog}'::regclass and d.objid = ${oid} and d.deptype = 'e'
    and d.refclassid = 'pg_extension'::regclass limit 1
)`

/** Element type of an array column, else the type itself. */
const elementOf = (type: string) =>
  `case when ${type}.typelem <> 0 and ${type}.typlen = -1 and ${type}.typcategory = 'A'
    then ${type}.typelem else ${type}.oid end`

const collationOf = (collation: string, plain: string) => `(
  select json_build_object('schema', cn.nspname, 'name', co.collname)
  from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
  where co.oid = ${collation} and ${collation} <> ${plain}
)`

/** Text of an expression and what it depends on; `own` is the table it belongs to. */
function expressionObject(text: string, catalog: string, oid: string, own: string): string {
  const depends = `from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = ${oid}
    and d.refobjid >= ${firstUserOid}`
  return `'text', ${text},
    'uses_objects', exists (select ${depends} and d.refobjid <> ${own}
      and d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_class'::regclass)),
    'uses_types', (select coalesce(json_agg((
      select ${elementOf('e')} from pg_type e where e.oid = d.refobjid)::text), '[]') ${depends}
      and d.refclassid = 'pg_type'::regclass and d.refobjid <> ${own})`
}

function tableObject(version: number): string {
  return `json_build_object(
    'schema', l.nspname,
    'name', l.relname,
    'partitioned', l.relkind = 'p',
    'extension', ${extensionOf('pg_class', 'l.oid')},
    'row_type', l.reltype::text,
    'statistics', (
      select json_build_object(
        'rows', case when min(m.reltuples) < 0 or sum(m.relpages) = 0 then -1
          else sum(m.reltuples)::bigint end,
        'pages', sum(m.relpages),
        'bytes', coalesce(sum(pg_relation_size(m.oid)), 0)
      )
      from member join pg_class m on m.oid = member.oid and m.relkind = 'r'
      where member.root = l.oid
    ),
    'row_security', row_security_active(l.oid),
    'usable_schema', has_schema_privilege(l.namespace_oid, 'USAGE'),
    'columns', (${columnsQuery(version)}),
    'primary_key', (
      select json_build_object('name', con.conname, 'definition', pg_get_constraintdef(con.oid),
        'columns', (select json_agg(a.attname) from pg_attribute a
          where a.attrelid = con.conrelid and a.attnum = any (con.conkey)))
      from pg_constraint con where con.conrelid = l.oid and con.contype = 'p'
    ),
    'keys', (${keysQuery(version)})
  )`
}

function columnsQuery(version: number): string {
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
      'expression', (
        select json_build_object(${expressionObject(
          'pg_get_expr(def.adbin, def.adrelid)',
          'pg_attrdef',
          'def.oid',
          'def.adrelid',
        )})
        from pg_attrdef def where def.adrelid = a.attrelid and def.adnum = a.attnum
      ),
      'readable', has_table_privilege(l.oid, 'SELECT')
        or has_column_privilege(l.oid, a.attnum, 'SELECT')
    ) order by a.attnum), '[]')
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = l.oid and a.attnum > 0 and not a.attisdropped`
}

/**
 * An index can carry a scan only if its equality and order are the column's own: default operator
 * class, the column's collation, and a collation of the column that a plain literal cannot contest.
 */
function keysQuery(version: number): string {
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
const keyColumnCount = (version: number) => (version >= 110000 ? 'i.indnkeyatts' : 'i.indnatts')

function typesQuery(version: number): string {
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
    'not_null', t.typnotnull, 'default', case when t.typdefaultbin is not null then json_build_object(${expressionObject(
      'pg_get_expr(t.typdefaultbin, 0)',
      'pg_type',
      't.oid',
      't.oid',
    )}) end,
    'collation', ${collationOf('t.typcollation', 'bt.typcollation')},
    'checks', (
      select coalesce(json_agg(json_build_object('name', c.conname,
        ${expressionObject('pg_get_constraintdef(c.oid)', 'pg_constraint', 'c.oid', 't.oid')}
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

const foreignKeysQuery = `
  select coalesce(json_agg(json_build_object(
    'name', con.conname, 'schema', l.nspname, 'table', l.relname,
    'referenced_schema', r.nspname, 'referenced_table', r.relname,
    'nullable', not exists (
      select from pg_attribute a where a.attrelid = con.conrelid and a.attnum = any (con.conkey)
        and a.attnotnull)
  ) order by l.nspname, l.relname, con.conname), '[]')
  from pg_constraint con join listed l on l.oid = con.conrelid join listed r on r.oid = con.confrelid
  where con.contype = 'f'`

function collationsQuery(version: number): string {
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
