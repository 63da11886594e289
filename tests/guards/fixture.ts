/** A migration in a fresh control plane, driven by hand: what the guards are tested on. */
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, expect } from 'vitest'
import { testDatabase } from '../support/database.ts'

export interface Driven {
  readonly sql: Sql
  readonly id: string
  /** Nonces that were sent and not yet used, oldest first. */
  nonces(): Promise<string[]>
  /** A connection of its own, as a function would have. */
  connect(): Sql
}

export const configuration = {
  functions_url: 'http://127.0.0.1:9',
  dispatch_mode: 'pg_net',
  lanes: 2,
  lease_seconds: 15,
  max_retries: 6,
  batch_rows: 5,
  source_secret: 'LEGACY_DATABASE_URL',
}

/** Starts a migration into one new table `public.<table>` with no worker to disturb it. */
export async function driveMigration(url: string, table: string, settings = {}): Promise<Driven> {
  const connect = () => postgres(url, { max: 1, prepare: false, onnotice: () => undefined })
  const sql = connect()
  await sql.unsafe(`create table if not exists public.${table} (id integer primary key, note text)`)
  const id = await startMigration(sql, table, settings)
  return {
    sql,
    id,
    connect,
    async nonces() {
      const rows = await sql<{ nonce: string }[]>`
        select convert_from(q.body, 'UTF8')::jsonb ->> 'nonce' as nonce from net.http_request_queue q
         where convert_from(q.body, 'UTF8')::jsonb ->> 'migration_id' = ${id} order by q.id`
      return rows.map((row) => row.nonce)
    },
  }
}

export async function startMigration(sql: Sql, table: string, settings = {}): Promise<string> {
  const entities = [
    {
      entity_name: `legacy.${table}`,
      target_entity: `public.${table}`,
      dependency_order: 1,
      records_total: 1_000_000,
      definition: { target: { schema: 'public', table } },
    },
  ]
  const [row] = await sql<{ id: string }[]>`
    select migration.start(p_plan => '{"name":"guarded"}', p_plan_fingerprint => 'p', p_source_fingerprint => 's',
      p_entities => ${JSON.stringify(entities)}::text::jsonb,
      p_configuration => ${JSON.stringify({ ...configuration, ...settings })}::text::jsonb,
      p_created_by => 'test') as id`
  return row!.id
}

export interface Claim {
  readonly batch_id: string
  readonly attempt: number
  readonly range_after: string[]
}

export async function accept(sql: Sql, id: string, nonce: string): Promise<string | null> {
  const [row] = await sql<{ id: string | null }[]>`
    select migration.accept_dispatch(p_migration_id => ${id}, p_nonce => ${nonce}) as id`
  return row!.id
}

/** Claims with a made-up dispatch: what a call is worth is tested apart from what it may claim. */
export async function claim(sql: Sql, id: string): Promise<Claim | undefined> {
  const [row] = await sql<Claim[]>`
    select * from migration.claim_batch(p_migration_id => ${id}, p_dispatch_id => gen_random_uuid())`
  return row
}

export async function carve(sql: Sql, id: string, held: Claim, through: string, more: boolean) {
  await sql`select migration.carve_batch(${id}, ${held.batch_id}, ${held.attempt},
    ${JSON.stringify([through])}::text::jsonb, ${more})`
}

/** Loads `rows` rows from `first` on and completes the batch, in one transaction. */
export async function load(
  sql: Sql,
  id: string,
  held: Claim,
  table: string,
  first: number,
  rows: number,
  value = `'x'`,
) {
  await sql.begin(async (tx) => {
    await tx`select migration.begin_load(${id}, ${held.batch_id}, ${held.attempt})`
    await tx.unsafe(
      `insert into public.${table} select g, ${value} from generate_series(${first}, ${first + rows - 1}) g`,
    )
    await tx`select migration.complete_batch(${id}, ${held.batch_id}, ${held.attempt},
      ${rows}, ${rows}, 0, 0, 100, 0, false)`
  })
}

export async function count(sql: Sql, table: string): Promise<number> {
  const [row] = await sql.unsafe<{ n: string }[]>(`select count(*) as n from public.${table}`)
  return Number(row!.n)
}

/** The control plane's own SQLSTATE of a failed statement. */
export function sqlstate(code: string) {
  return expect.objectContaining({ code })
}

/** A database for the calling test file, made before its first test and dropped after its last. */
export function guardedDatabase() {
  let made: Awaited<ReturnType<typeof testDatabase>> | undefined
  let serial = 0
  beforeAll(async () => {
    made = await testDatabase()
  })
  afterAll(() => made?.drop())
  return {
    url: () => made!.url,
    /** A name that no other test of the file has. */
    table: () => `guarded_${++serial}`,
  }
}
