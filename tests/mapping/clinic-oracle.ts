/** Looks at a migrated clinic with the hand-written SQL of clinic-oracle.sql, in a scratch database. */
import { readFile } from 'node:fs/promises'
import type { Sql } from 'postgres'
import { scratchDatabase } from '../support/scratch.ts'
import { copyQuery, copyTables, pinned } from './copy-tables.ts'

/** Rows by which something expected and something found differ, as multisets. */
export interface Difference {
  readonly name: string
  readonly expected: number
  readonly missing: number
  readonly surplus: number
}

export interface Findings {
  /** One for each table of the target. */
  readonly tables: readonly Difference[]
  /** Keys of dead letters against the answer sheet, by entity. */
  readonly refusals: readonly Difference[]
  /** The map against every row that was not refused, by entity. */
  readonly map: readonly Difference[]
  /** Dead letters whose code does not belong to what is wrong with the row. */
  readonly codes: readonly { entity: string; reason: string; code: string; rows: number }[]
  /** Dirt that had to arrive as it is: looked at, and changed on the way. */
  readonly preserved: readonly { kind: string; tbl: string; looked_at: number; changed: number }[]
}

export interface ClinicOracle {
  /** Rows of each source table, by its name. */
  readonly sources: ReadonlyMap<string, number>
  /** Rows of each source table that a strict target refuses, by the answer sheet. */
  readonly refused: ReadonlyMap<string, number>
  /** @param system name of the source system in the plan */
  look(targetUrl: string, migrationId: string, system: string): Promise<Findings>
  close(): Promise<void>
}

/**
 * Copies the generated clinic and its answer sheet away, and takes the answer sheet out of the source:
 * nobody who reads the source from now on can know it.
 *
 * @param server address on the server that gets the scratch database; that of the target, so that both
 *   have the same letters and cases
 * @param source the generated clinic, as its owner
 */
export async function openClinicOracle(server: string, source: string): Promise<ClinicOracle> {
  const scratch = await scratchDatabase(server)
  const sql = pinned(scratch.url)
  const legacy = pinned(source)
  try {
    await copyTables(source, 'public', sql, 'legacy')
    await copyTables(source, '_dirt', sql, 'answers')
    await legacy`drop schema _dirt cascade`
  } finally {
    await legacy.end()
  }
  const refused = await sql<{ tbl: string; rows: number }[]>`
    select tbl, count(*)::int as rows from answers.refused group by 1`
  return {
    sources: await countRows(sql),
    refused: new Map(refused.map(({ tbl, rows }) => [tbl, rows])),
    look: async (targetUrl, migrationId, system) => {
      await takeBooks(sql, targetUrl, migrationId, system)
      for (const file of ['clinic-oracle.sql', 'clinic-oracle-checks.sql']) {
        await sql.unsafe(await readFile(new URL(file, import.meta.url), 'utf8')).simple()
      }
      return findings(sql)
    },
    close: async () => {
      await sql.end()
      await scratch.drop()
    },
  }
}

async function countRows(sql: Sql): Promise<ReadonlyMap<string, number>> {
  const tables = await sql<{ name: string }[]>`
    select tablename as name from pg_catalog.pg_tables where schemaname = 'legacy' order by 1`
  const counts = new Map<string, number>()
  for (const { name } of tables) {
    const [row] = await sql<{ rows: number }[]>`
      select count(*)::int as rows from ${sql(`legacy.${name}`)}`
    counts.set(name, row!.rows)
  }
  return counts
}

/** What the migration left behind: the target's tables, the map and the dead letters. */
async function takeBooks(sql: Sql, targetUrl: string, migrationId: string, system: string) {
  await sql`drop schema if exists target, books, ids, oracle cascade`
  await sql`create schema books`
  await sql`create table books.source (system text)`
  await sql`insert into books.source values (${system})`
  await sql`create table books.map (source_table text, source_id text, destination_id uuid)`
  await sql`create table books.dead (entity_name text, source_record_id text, error_code text)`
  const target = pinned(targetUrl)
  const literal = async (value: string) =>
    (await target<{ text: string }[]>`select pg_catalog.quote_literal(${value}) as text`)[0]!.text
  try {
    await copyTables(targetUrl, 'public', sql, 'target')
    await copyTables(targetUrl, 'legacy_archive', sql, 'target')
    const ofSystem = `mapping_metadata ->> 'source_system' = ${await literal(system)}`
    await copyQuery(
      targetUrl,
      `select source_table, source_id, destination_id from migration.mappings where ${ofSystem}`,
      sql,
      'books.map',
    )
    const ofMigration = `migration_id = ${await literal(migrationId)}`
    await copyQuery(
      targetUrl,
      `select entity_name, source_key, error_code from migration.dead_letters where ${ofMigration}`,
      sql,
      'books.dead',
    )
  } finally {
    await target.end()
  }
  await sql`create index on books.map (source_table, source_id)`
  await sql`analyze`
}

async function findings(sql: Sql): Promise<Findings> {
  const differences = (name: string, call: string) =>
    sql.unsafe<Difference[]>(`select ${name} as name, expected::int, missing::int, surplus::int
                                from oracle.${call}() order by 1`)
  return {
    tables: await differences('relation', 'row_differences'),
    refusals: await differences('entity', 'refusal_differences'),
    map: await differences('entity', 'map_differences'),
    codes: [
      ...(await sql<Findings['codes'][number][]>`
        select entity, reason, code, rows::int from oracle.code_differences()`),
    ],
    preserved: await sql`
      select kind, tbl, looked_at::int, changed::int from oracle.preserved() order by 1, 2`,
  }
}
