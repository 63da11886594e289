/** What the target already has of all that the entities need. */
import type { Sql, TransactionSql } from 'postgres'
import type { TableName } from '../projection/entity.ts'
import { quoteLiteral, quoteTable } from '../projection/quote.ts'
import { pinStatement } from '../projection/settings.ts'
import { textFormatSettings } from '../projection/text-format.ts'

export interface TargetTable {
  readonly schema: string
  readonly table: string
  /** `relkind`: r, p, v, m, f, S, i … */
  readonly kind: string
  readonly insertable: boolean
  readonly columns: readonly TargetColumn[]
}

export interface TargetColumn {
  readonly name: string
  readonly type: string
  /** The type, of an array its element type, without modifiers. */
  readonly element: { readonly schema: string; readonly name: string; readonly text: string }
  readonly generated: boolean
  /** Takes no row without a value. */
  readonly required: boolean
  /** Takes no null, as a value or of a domain. */
  readonly not_null: boolean
  /** Of a domain: what it is made of in the end. */
  readonly base: { readonly type: string; readonly is_builtin: boolean } | null
}

export interface TargetType {
  readonly schema: string
  readonly name: string
  /** `typtype` */
  readonly kind: string
  readonly labels: readonly string[] | null
}

export interface TargetState {
  /** Those of `anon` and `authenticated` that exist. */
  readonly api_roles: readonly string[]
  readonly may_create_schemas: boolean
  readonly schemas: readonly { readonly name: string; readonly writable: boolean }[]
  /** Relations that bear the name of an entity's target. */
  readonly tables: readonly TargetTable[]
  /** Names taken in the schemas of the entities, as `[schema, name]`. */
  readonly relations: readonly (readonly [string, string])[]
  readonly types: readonly TargetType[]
  readonly extensions: readonly { readonly name: string; readonly schema: string }[]
  /** Extensions that could be created; `schema` where the extension insists on one. */
  readonly available: readonly { readonly name: string; readonly schema: string | null }[]
  readonly collations: readonly { readonly schema: string; readonly name: string }[]
  /** Of the built-in types asked for, those that this release does not know. */
  readonly unknown_types: readonly string[]
  /** Existing tables that hold a row, as `[schema, name]`. */
  readonly filled: readonly (readonly [string, string])[]
}

/**
 * Reads, in one transaction under pinned settings, what stands in the way or is there already.
 * @param builtinTypes type texts whose existence on the target is not certain
 */
export async function readTargetState(
  sql: Sql,
  targets: readonly TableName[],
  builtinTypes: readonly string[],
): Promise<TargetState> {
  return await sql.begin('read only', async (tx) => {
    await tx.unsafe(pinStatement(textFormatSettings))
    const [row] = await tx.unsafe<{ state: string }[]>(stateQuery(targets, builtinTypes))
    // The shape is that of the query below, which nothing else writes.
    const state = JSON.parse(row?.state ?? 'null') as Omit<TargetState, 'filled'>
    return { ...state, filled: await filledTables(tx, state.tables) }
  })
}

async function filledTables(tx: TransactionSql, tables: readonly TargetTable[]) {
  const readable = tables.filter(({ kind }) => kind === 'r' || kind === 'p')
  const filled: [string, string][] = []
  for (const { schema, table } of readable) {
    const [row] = await tx.unsafe<{ filled: boolean }[]>(
      `select exists (select from ${quoteTable({ schema, table })}) as filled`,
    )
    if (row?.filled === true) filled.push([schema, table])
  }
  return filled
}

function stateQuery(targets: readonly TableName[], builtinTypes: readonly string[]): string {
  const wanted = quoteLiteral(JSON.stringify(targets))
  return `
with wanted as (
  select w.schema, w."table" from json_to_recordset(${wanted}) as w (schema text, "table" text)
),
spaces as (
  select n.oid, n.nspname from pg_namespace n where n.nspname !~ '^pg_(toast|temp)'
)
select json_build_object(
  'api_roles', (select coalesce(json_agg(r.rolname order by r.rolname), '[]') from pg_roles r
    where r.rolname in ('anon', 'authenticated')),
  'may_create_schemas', has_database_privilege(current_database(), 'CREATE'),
  'schemas', (select coalesce(json_agg(json_build_object(
      'name', s.nspname, 'writable', has_schema_privilege(s.oid, 'CREATE'))), '[]') from spaces s),
  'tables', (${tablesQuery}),
  'relations', (
    select coalesce(json_agg(json_build_array(s.nspname, c.relname)), '[]')
    from pg_class c join spaces s on s.oid = c.relnamespace
    where s.nspname in (select w.schema from wanted w)),
  'types', (
    select coalesce(json_agg(json_build_object(
      'schema', s.nspname, 'name', t.typname, 'kind', t.typtype,
      'labels', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
        where e.enumtypid = t.oid))), '[]')
    from pg_type t join spaces s on s.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
    where s.nspname not in ('pg_catalog', 'information_schema') and t.typtype in ('e', 'd', 'r', 'c', 'b', 'm')
      and (c.oid is null or c.relkind = 'c')
      and not exists (select from pg_type e where e.typarray = t.oid)),
  'extensions', (
    select coalesce(json_agg(json_build_object('name', e.extname, 'schema', n.nspname)), '[]')
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace),
  'available', (
    select coalesce(json_agg(json_build_object('name', a.name, 'schema', v.schema)), '[]')
    from pg_available_extensions a join pg_available_extension_versions v
      on v.name = a.name and v.version = a.default_version
    where a.installed_version is null),
  'collations', (
    select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', c.collname)), '[]')
    from pg_collation c join pg_namespace n on n.oid = c.collnamespace
    where c.collencoding in (-1, (select d.encoding from pg_database d
      where d.datname = current_database()))),
  'unknown_types', (
    select coalesce(json_agg(u.type), '[]')
    from json_array_elements_text(${quoteLiteral(JSON.stringify(builtinTypes))}) as u (type)
    where to_regtype(u.type) is null)
)::text as state`
}

const tablesQuery = `
    select coalesce(json_agg(json_build_object(
      'schema', w.schema, 'table', w."table", 'kind', c.relkind,
      'insertable', has_table_privilege(c.oid, 'INSERT'),
      'columns', (
        select coalesce(json_agg(json_build_object(
          'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
          'element', (
            select json_build_object('schema', en.nspname, 'name', e.typname,
              'text', format_type(e.oid, null))
            from pg_type e join pg_namespace en on en.oid = e.typnamespace
            where e.oid = case when t.typelem <> 0 and t.typlen = -1 and t.typcategory = 'A'
              then t.typelem else t.oid end),
          'generated', a.attgenerated <> '',
          'required', a.attnotnull and not a.atthasdef and a.attidentity = '',
          'not_null', a.attnotnull or t.typnotnull,
          'base', (
            with recursive made (oid, typmod, depth) as (
              select t.typbasetype, t.typtypmod, 1 where t.typtype = 'd'
              union all
              select d.typbasetype, d.typtypmod, m.depth + 1
              from made m join pg_type d on d.oid = m.oid where d.typtype = 'd')
            select json_build_object('type', format_type(m.oid, m.typmod),
              'is_builtin', bn.nspname = 'pg_catalog')
            from made m join pg_type b on b.oid = m.oid join pg_namespace bn on bn.oid = b.typnamespace
            order by m.depth desc limit 1)
        ) order by a.attnum), '[]')
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
    )), '[]')
    from wanted w join spaces s on s.nspname = w.schema
    join pg_class c on c.relnamespace = s.oid and c.relname = w."table"`
