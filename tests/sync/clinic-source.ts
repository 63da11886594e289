/** The generated clinic as a source that changes, round by round, and what each round did by its own rows. */
import postgres, { type Sql } from 'postgres'
import { changeLegacyClinic, loadLegacyClinic } from '../support/dump.ts'

export type Strategy = 'timestamp' | 'xmin' | 'id' | 'hash' | 'log'

/** `inserted updated deleted` rows by table, of those that changed. */
export type Changes = Readonly<Record<string, string>>

export interface ClinicSource {
  /** As a plan lists them: each table with a strategy that it can have. */
  entities(strategy: Strategy): object[]
  /** The same for the entities of a plan that says more. */
  followed<E extends Written>(written: readonly E[], strategy: Strategy): E[]
  /** A round of changes. @returns what it did, by comparing the tables before and after */
  change(): Promise<Changes>
  close(): Promise<void>
}

export interface ClinicSourceOptions {
  /** Address as its owner. */
  readonly url: string
  readonly scale: number
  readonly dirt: number
}

interface Written {
  readonly source: string
  readonly id?: { readonly strategy: string }
}

interface Table {
  readonly name: string
  readonly key: readonly string[]
  /** Whether the key is one whole number. */
  readonly numbered: boolean
  /** Type of `updated_at`; null where there is none. */
  readonly time: string | null
}

/** Fills an empty database. */
export async function openClinicSource(options: ClinicSourceOptions): Promise<ClinicSource> {
  const { url, scale, dirt } = options
  await loadLegacyClinic(url, { scale, dirt })
  const sql = postgres(url, { max: 1, onnotice: () => undefined })
  // Nobody who reads the source from now on can know the answers.
  await sql`drop schema _dirt cascade`
  await sql`create publication clinic for tables in schema public`
  const tables = await tablesOf(sql)
  let round = 0
  const strategyOf = (name: string, strategy: Strategy) => {
    const table = tables.find((each) => `public.${each.name}` === name)!
    if (table.key.length === 0) return { strategy: 'hash' }
    if (strategy === 'id')
      return table.numbered ? { strategy, column: table.key[0] } : { strategy: 'xmin' }
    if (strategy !== 'timestamp') return { strategy }
    if (table.time === null) return { strategy: 'xmin' }
    const zone = table.time.includes('without') ? { zone: 'UTC' } : {}
    return { strategy, column: 'updated_at', ...zone }
  }
  return {
    entities: (strategy) =>
      tables.map(({ name }) => ({
        source: `public.${name}`,
        sync: strategyOf(`public.${name}`, strategy),
      })),
    followed: (written, strategy) =>
      written.map((entity) => ({
        ...entity,
        sync:
          entity.id?.strategy === 'lookup'
            ? { strategy: 'hash' }
            : strategyOf(entity.source, strategy),
      })),
    async change() {
      round += 1
      await remember(sql, tables)
      // The generator's dates lie years before this clock; a writer of today writes today's.
      await changeLegacyClinic(url, { round, pct: 1 })
      await redate(sql, tables, round)
      const changes: Record<string, string> = {}
      for (const table of tables) {
        const did = await difference(sql, table)
        if (did !== '0 0 0') changes[table.name] = did
      }
      return changes
    },
    close: () => sql.end(),
  }
}

function tablesOf(sql: Sql): Promise<readonly Table[]> {
  return sql<Table[]>`
    select c.relname as name,
           (select format_type(a.atttypid, null) from pg_attribute a where a.attrelid = c.oid and a.attname = 'updated_at') as time,
           coalesce((select jsonb_agg(a.attname order by a.attnum) from pg_index i
             join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
            where i.indrelid = c.oid and i.indisprimary), '[]') as key,
           exists (select from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
            where i.indrelid = c.oid and i.indisprimary and i.indnkeyatts = 1 and a.atttypid in ('int4'::regtype, 'int8'::regtype)) as numbered
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     order by 1`
}

async function remember(sql: Sql, tables: readonly Table[]): Promise<void> {
  await sql`drop schema if exists before cascade`
  await sql`create schema before`
  for (const { name } of tables) {
    await sql`create table ${sql(`before.${name}`)} as table ${sql(`public.${name}`)}`
  }
}

/** Rows whose time a round has moved get a time of now; those that it left behind keep theirs. */
async function redate(sql: Sql, tables: readonly Table[], round: number): Promise<void> {
  await sql`set session_replication_role = replica`
  for (const { name, time } of tables) {
    if (time === null) continue
    await sql`update ${sql(`public.${name}`)} set updated_at = now()
      where updated_at >= timestamptz '2025-11-18 00:00:00+00' + (${round} - 1) * interval '1 day'
        and updated_at < timestamptz '2025-11-18 00:00:00+00' + ${round} * interval '1 day'`
  }
  await sql`reset session_replication_role`
}

async function difference(sql: Sql, { name, key }: Table): Promise<string> {
  const [was, is] = [sql(`before.${name}`), sql(`public.${name}`)]
  if (key.length === 0) {
    const [row] = await sql<{ did: string }[]>`
      select concat_ws(' ', (select count(*) from (select i::text from ${is} i except all select w::text from ${was} w) x), 0,
                            (select count(*) from (select w::text from ${was} w except all select i::text from ${is} i) x)) as did`
    return row!.did
  }
  const same = key.map((column) => sql`w.${sql(column)} = i.${sql(column)}`)
  const on = same.reduce((all, each) => sql`${all} and ${each}`)
  const [row] = await sql<{ did: string }[]>`
    select concat_ws(' ', count(*) filter (where w is null), count(*) filter (where w::text <> i::text),
                          count(*) filter (where i is null)) as did
      from ${was} w full join ${is} i on ${on}`
  return row!.did
}
