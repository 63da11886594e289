/** What the oracle compares: the user tables of a database and their columns, from its catalog. */
import type { TransactionSql } from 'postgres'

export interface OracleColumn {
  readonly name: string
  /** `float4` or `float8` where bits are compared, else empty. */
  readonly float: string
}

export interface OracleTable {
  /** `schema.table` as written in the catalog, without quotes. */
  readonly name: string
  readonly schema: string
  readonly table: string
  readonly partitioned: boolean
  /** In table order, generated ones included. */
  readonly columns: readonly OracleColumn[]
  /** Columns of the primary key, in key order; empty where there is none. */
  readonly key: readonly string[]
}

/** Ordinary and partitioned tables (a partition counts as part of its parent) of the user. */
export async function userTables(
  sql: TransactionSql,
  ignored: readonly string[],
): Promise<Map<string, OracleTable>> {
  const rows = await sql<
    {
      schema: string
      table: string
      partitioned: boolean
      columns: string[]
      floats: string[]
      key: string[]
    }[]
  >`
    select n.nspname as schema, c.relname as table, c.relkind = 'p' as partitioned,
           coalesce(a.columns, '{}') as columns, coalesce(a.floats, '{}') as floats,
           coalesce(k.key, '{}') as key
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      cross join lateral (
        select array_agg(a.attname::text order by a.attnum) as columns,
               array_agg(case when t.typname in ('float4', 'float8')
                               and t.typnamespace = 'pg_catalog'::regnamespace
                              then t.typname::text else '' end order by a.attnum) as floats
          from pg_catalog.pg_attribute a
          join pg_catalog.pg_type t on t.oid = a.atttypid
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) a
      left join lateral (
        select array_agg(a.attname::text order by i.ord) as key
          from pg_catalog.pg_index x
          cross join lateral unnest(x.indkey) with ordinality i (attnum, ord)
          join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = i.attnum
         where x.indrelid = c.oid and x.indisprimary) k on true
     where c.relkind in ('r', 'p') and not c.relispartition
       and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and n.nspname <> all (${[...ignored]}::text[])
       and not exists (
         select from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
     order by 1, 2`
  return new Map(rows.map((row) => [`${row.schema}.${row.table}`, toTable(row)]))
}

function toTable(row: {
  schema: string
  table: string
  partitioned: boolean
  columns: string[]
  floats: string[]
  key: string[]
}): OracleTable {
  return {
    name: `${row.schema}.${row.table}`,
    schema: row.schema,
    table: row.table,
    partitioned: row.partitioned,
    columns: row.columns.map((name, index) => ({ name, float: row.floats[index] ?? '' })),
    key: row.key,
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/**
 * SQL for one 32-byte hash per row (`h`) and one of its key (`k`): NULL-tagged, length-prefixed text
 * of every column as its type's output function prints it; floats by their bits.
 */
export function rowHashes(table: OracleTable, columns: readonly OracleColumn[]): string {
  const texts = columns.map(
    ({ name, float }, index) =>
      `case when ${quoted(name)} is distinct from null then ${
        float
          ? `encode(${float}send(${quoted(name)}), 'hex')`
          : // concat() prints by the output function; a cast would strip the blanks of a bpchar.
            `concat(${quoted(name)})`
      } end as t${index}`,
  )
  const pieces = columns.map(
    (_, index) => `coalesce('v' || length(t${index}) || ':' || t${index}, 'n')`,
  )
  const keys = table.key
    .map((name) => columns.findIndex((column) => column.name === name))
    .filter((index) => index >= 0)
    .map((index) => pieces[index])
  const hash = (parts: readonly (string | undefined)[]) =>
    `sha256(convert_to(${joined(parts)}, 'UTF8'))`
  const from = `${table.partitioned ? '' : 'only '}${quoted(table.schema)}.${quoted(table.table)}`
  // The offsets keep the planner from printing every column and hashing every row twice.
  return `select ${hash(pieces)} as h, ${hash(keys.length > 0 ? keys : pieces)} as k
    from (select ${texts.length > 0 ? texts.join(', ') : 'null'} from ${from} offset 0) cells offset 0`
}

/** One text of many, by calls of at most 90 arguments: a chain of || copies its left side each time. */
function joined(parts: readonly (string | undefined)[]): string {
  const groups = Array.from({ length: Math.ceil(parts.length / 90) }, (_, index) =>
    parts.slice(index * 90, (index + 1) * 90),
  )
  return groups.length === 0
    ? "''"
    : groups.map((group) => `concat(${group.join(', ')})`).join(' || ')
}
