/** Copies tables from one database into a schema of another, with plain COPY over two connections. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import postgres, { type Sql } from 'postgres'

/** The same text on both sides, whatever the defaults of servers and roles are. */
const PINNED = {
  search_path: '',
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: 3,
  row_security: 'off',
}

export function pinned(address: string): Sql {
  return postgres(address, { max: 1, onnotice: () => undefined, connection: PINNED })
}

interface Column {
  readonly name: string
  readonly type: string
  readonly isBuiltIn: boolean
}

/**
 * Creates each table of schema `schema` in schema `into`, without keys and constraints, and fills it.
 * A type that not every database has becomes `text`; a generated column becomes an ordinary one.
 */
export async function copyTables(
  from: string,
  schema: string,
  to: Sql,
  into: string,
): Promise<void> {
  await to`create schema if not exists ${to(into)}`
  for (const { name, columns } of await tablesOf(from, schema)) {
    const typed = columns.map(
      (each) => `${quoted(each.name)} ${each.isBuiltIn ? each.type : 'text'}`,
    )
    const read = columns.map(({ name: column, isBuiltIn }) =>
      isBuiltIn ? quoted(column) : `${quoted(column)}::text`,
    )
    const home = `${quoted(into)}.${quoted(name)}`
    await to.unsafe(`create table ${home} (${typed.join(', ')})`)
    await copyQuery(
      from,
      `select ${read.join(', ')} from ${quoted(schema)}.${quoted(name)}`,
      to,
      home,
    )
  }
}

interface Table {
  readonly name: string
  readonly columns: readonly Column[]
}

async function tablesOf(address: string, schema: string): Promise<readonly Table[]> {
  const sql = pinned(address)
  try {
    return await sql<Table[]>`
    select c.relname as name,
           (select jsonb_agg(jsonb_build_object('name', a.attname, 'isBuiltIn', t.oid < 16384,
                     'type', pg_catalog.format_type(a.atttypid, a.atttypmod)) order by a.attnum)
              from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = ${schema} and c.relkind in ('r', 'p') and not c.relispartition
     order by 1`
  } finally {
    await sql.end()
  }
}

/**
 * All rows first, then all of them again, and a connection for the reading alone: the driver leaves one
 * paused whose last rows came faster than they were taken.
 * @param home quoted name of a table that exists
 */
export async function copyQuery(from: string, query: string, to: Sql, home: string): Promise<void> {
  const rows: Buffer[] = []
  const source = pinned(from)
  try {
    const lines = await source.unsafe(`copy (${query}) to stdout`).readable()
    for await (const line of lines) rows.push(line)
  } finally {
    await source.end({ timeout: 0 })
  }
  const writable = await to.unsafe(`copy ${home} from stdin`).writable()
  await pipeline(Readable.from([Buffer.concat(rows)]), writable)
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
