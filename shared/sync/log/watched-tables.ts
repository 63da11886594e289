/**
 * The tables that a publication has to tell of, as the source's catalog has them now: an entity's own, or
 * the partitions that its rows lie in.
 */
import type { TableName } from '../../projection/entity.ts'
import { quoteLiteral } from '../../projection/quote.ts'
import type { Wanted } from './pgoutput.ts'
import type { LogSession } from './session.ts'

/** An entity of strategy log. */
export interface LogEntity {
  readonly id: string
  readonly source: TableName
  /** Columns of the key that the target knows its rows by. */
  readonly key: readonly string[]
}

/** A table of an entity, or a part of it. */
export interface Member {
  /** Place of the entity in the list that was asked for. */
  readonly entity: number
  readonly schema: string
  readonly table: string
  /** Holds no rows of its own. */
  readonly partitioned: boolean
  /** Whether its changes are published, under its own name or that of a table above it. */
  readonly published: boolean
  readonly filtered: boolean
  /** Columns that the publication leaves out are not in here; null: all of them are published. */
  readonly columns: readonly string[] | null
}

export interface Publication {
  /** Null where there is none of that name. */
  readonly operations: readonly string[] | null
  /** Changes when somebody has made it anew or changed what it tells of. */
  readonly fingerprint: string
  readonly members: readonly Member[]
}

export interface WatchedTables {
  find(table: TableName): Wanted<string> | undefined
}

/** @param release `server_version_num` */
export async function readPublication(
  session: LogSession,
  release: number,
  name: string,
  entities: readonly LogEntity[],
): Promise<Publication> {
  const [row] = await session.rows<{ publication: string }>(statement(release, name, entities))
  // The shape is that of the statement below, which nothing else writes.
  return JSON.parse(row?.publication ?? '{}') as Publication
}

/** Every table under whose name a change of an entity's rows may be told. */
export function watchedTables(
  entities: readonly LogEntity[],
  members: readonly Member[],
): WatchedTables {
  const name = ({ schema, table }: TableName) => JSON.stringify([schema, table])
  const wanted = new Map(
    members.map((member) => {
      const { id, key } = entities[member.entity]!
      return [name(member), { key, of: id }] as const
    }),
  )
  return { find: (table) => wanted.get(name(table)) }
}

function statement(release: number, name: string, entities: readonly LogEntity[]): string {
  const publication = quoteLiteral(name)
  // Releases 11 and 15 gave a publication more to say.
  const truncate = release < 110_000 ? 'true' : 'p.pubtruncate'
  const [columns, filter] =
    release < 150_000 ? ['null', 'false'] : ['t.attnames', 't.rowfilter is not null']
  const asked = entities.map(
    ({ source }, at) => `(${at}, ${quoteLiteral(source.schema)}, ${quoteLiteral(source.table)})`,
  )
  return `with recursive asked (entity, schema, name) as (values ${asked.join(', ')}),
part (entity, oid, line) as (
  select a.entity, c.oid, array[c.oid] from asked a
    join pg_catalog.pg_namespace n on n.nspname = a.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = a.name
  union all
  select p.entity, i.inhrelid, p.line || i.inhrelid from part p
    join pg_catalog.pg_class c on c.oid = p.oid and c.relkind = 'p'
    join pg_catalog.pg_inherits i on i.inhparent = p.oid),
told as (
  select c.oid, ${columns} as columns, ${filter} as filtered from pg_catalog.pg_publication_tables t
    join pg_catalog.pg_namespace n on n.nspname = t.schemaname
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
   where t.pubname = ${publication}),
publication as (
  select p.oid, p.xmin, array_remove(array[case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
    case when p.pubdelete then 'delete' end, case when ${truncate} then 'truncate' end], null) as operations
    from pg_catalog.pg_publication p where p.pubname = ${publication}),
member as (
  select p.entity, n.nspname as schema, c.relname as "table", c.relkind = 'p' as partitioned,
    told.oid is not null as published, coalesce(told.filtered, false) as filtered,
    to_json(told.columns) as columns
    from part p
    join pg_catalog.pg_class c on c.oid = p.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join lateral (select * from told where told.oid = any (p.line) limit 1) told on true)
select json_build_object(
  'operations', (select to_json(operations) from publication),
  'fingerprint', md5(concat_ws(' ', (select concat(oid, ':', xmin) from publication),
    (select string_agg(concat(r.oid, ':', r.prrelid, ':', r.xmin), ' ' order by r.oid)
       from pg_catalog.pg_publication_rel r where r.prpubid in (select oid from publication)))),
  'members', coalesce((select json_agg(member) from member), '[]'))::text as publication`
}
