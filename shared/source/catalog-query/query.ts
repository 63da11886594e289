/**
 * The catalog as one JSON text built in SQL, so that no value becomes a JavaScript date or a rounded
 * number on the way. Runs on every release from 9.6 on: what a release does not know yet is left out
 * of the text by its version.
 */
import { quoteLiteral } from '../../projection/quote.ts'
import { schemaDigest } from '../../projection/source-schema.ts'
import { columnsQuery } from './columns.ts'
import { constraintsQuery, foreignKeysQuery } from './constraints.ts'
import { dependencies, extensionOf, optionsOf } from './fragments.ts'
import { indexesQuery } from './indexes.ts'
import { keysQuery } from './keys.ts'
import { sequencesQuery } from './sequences.ts'
import { collationsQuery, typesQuery } from './user-types.ts'

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
root as (
  select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and ${schemaCondition(schemas)}
    ${version >= 100000 ? 'and not c.relispartition' : ''}
),
member (root, parent, oid, depth) as (
  select oid, null::oid, oid, 0 from root
  union all
  select member.root, member.oid, i.inhrelid, member.depth + 1
  from member join pg_inherits i on i.inhparent = member.oid
  where exists (select from pg_class p where p.oid = member.oid and p.relkind = 'p')
),
listed as (
  select c.oid, c.relname, n.nspname, n.oid as namespace_oid, c.relkind, c.reltype, c.reltuples,
    c.relpages, c.reloptions, c.relreplident, c.relpersistence, c.relam, m.root, m.parent, m.depth
  from member m join pg_class c on c.oid = m.oid join pg_namespace n on n.oid = c.relnamespace
)
select json_build_object(
  'server_version', ${version},
  'encoding', (
    select pg_encoding_to_char(d.encoding) from pg_database d where d.datname = current_database()
  ),
  'tables', (select coalesce(json_agg(${tableObject(version)} order by l.nspname, l.relname), '[]')
    from listed l where l.depth = 0),
  'partitions', (select coalesce(json_agg(${tableObject(version)} order by l.depth, l.nspname, l.relname), '[]')
    from listed l where l.depth > 0),
  'types', (${typesQuery(version)}),
  'foreign_keys', (${foreignKeysQuery}),
  'collations', (${collationsQuery(version)}),
  'sequences', (${sequencesQuery(version)})
)::text as catalog`
}

function schemaCondition(schemas: readonly string[] | null): string {
  const user = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`
  if (schemas === null) return user
  const names = schemas.map((schema) => quoteLiteral(schema)).join(', ')
  return names === '' ? 'false' : `${user} and n.nspname in (${names})`
}

function tableObject(version: number): string {
  return `json_build_object(
    'schema', l.nspname,
    'name', l.relname,
    'partitioned', l.relkind = 'p',
    'partition_key', ${version >= 100000 ? partitionKey : 'null'},
    'partition', ${version >= 100000 ? partitionOf : 'null'},
    'inherits', (${inheritsQuery}),
    'kind', l.relkind,
    'heap', ${version >= 120000 ? `l.relkind = 'r' and l.relam = (select am.oid from pg_am am where am.amname = 'heap')` : `l.relkind = 'r'`},
    'unlogged', l.relpersistence = 'u',
    'options', ${optionsOf('l.reloptions')},
    'replica_identity', l.relreplident,
    'digest', ${schemaDigest('l.oid')},
    'update_triggers', (${updateTriggersQuery}),
    'extension', ${extensionOf('pg_class', 'l.oid')},
    'row_type', l.reltype::text,
    'statistics', case when l.relkind = 'p' then (
      select json_build_object(
        'rows', case when min(m.reltuples) < 0 or sum(m.relpages) = 0 then -1
          else sum(m.reltuples)::bigint end,
        'pages', sum(m.relpages), 'bytes', coalesce(sum(pg_relation_size(m.oid)), 0)
      )
      from listed m where m.relkind = 'r' and m.root = l.root
    ) else json_build_object(
      'rows', case when l.reltuples < 0 or l.relpages = 0 then -1 else l.reltuples::bigint end,
      'pages', l.relpages, 'bytes', pg_relation_size(l.oid)
    ) end,
    'row_security', row_security_active(l.oid),
    'usable_schema', has_schema_privilege(l.namespace_oid, 'USAGE'),
    'columns', (${columnsQuery(version)}),
    'constraints', (${constraintsQuery(version)}),
    'indexes', (${indexesQuery(version)}),
    'keys', (${keysQuery(version)})
  )`
}

const partitionKey = `case when l.relkind = 'p' then json_build_object(
      'text', pg_get_partkeydef(l.oid), ${dependencies('pg_class', 'l.oid', 'l.oid')}) end`

const partitionOf = `case when l.depth > 0 then (
      select json_build_object('schema', pn.nspname, 'table', pc.relname, 'depth', l.depth,
        'root_schema', rn.nspname, 'root_table', rc.relname,
        'bound', pg_get_expr(c.relpartbound, c.oid))
      from pg_class c, pg_class pc join pg_namespace pn on pn.oid = pc.relnamespace,
        pg_class rc join pg_namespace rn on rn.oid = rc.relnamespace
      where c.oid = l.oid and pc.oid = l.parent and rc.oid = l.root) end`

/** tgtype: 1 for each row, 16 on update. */
const updateTriggersQuery = `
      select coalesce(json_agg(t.tgname order by t.tgname), '[]') from pg_trigger t
      where t.tgrelid = l.oid and not t.tgisinternal and t.tgenabled in ('O', 'A')
        and t.tgtype::integer & 17 = 17`

/** Parents of a table that is no partition, in the order of inheritance. */
const inheritsQuery = `
      select coalesce(json_agg(json_build_object('schema', pn.nspname, 'table', pc.relname)
        order by i.inhseqno), '[]')
      from pg_inherits i join pg_class pc on pc.oid = i.inhparent
      join pg_namespace pn on pn.oid = pc.relnamespace
      where i.inhrelid = l.oid and l.depth = 0`
