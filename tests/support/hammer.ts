/** Sessions that play all parts of the batch protocol at once, as fast as they can, without functions. */
import postgres, { type Sql } from 'postgres'
import { passCheckStatement } from './checks.ts'
import type { Dice } from './dice.ts'

/** One move of one session; repeated until the migration has ended. */
export type Player = (sql: Sql, chance: Dice, id: string) => Promise<void>

export interface Hammer {
  readonly id: string
  /** A function's part: accept, claim, carve, load, complete; sometimes it fails, sometimes it dies. */
  readonly work: Player
  /** Errors that nobody may meet: everything but refusals and ended sessions. */
  readonly surprises: string[]
  play(name: string, player: Player, chance: Dice): Promise<void>
  /** Deadlocks in this database since the beginning. */
  deadlocks(): Promise<number>
  close(): Promise<void>
}

export interface HammerOptions {
  readonly entities: number
  /** Rows of the first entity; the second has twice as many, and so on. */
  readonly rowsEach: number
  readonly stepsEach: number
  readonly lanes: number
}

/** Refusals of the control plane, and sessions that the watchdog has ended. */
const expected = new Set(['SF001', 'SF401', 'SF409', '57P01', 'CONNECTION_CLOSED', 'ECONNRESET'])

export async function openHammer(url: string, options: HammerOptions): Promise<Hammer> {
  const connect = () => postgres(url, { max: 1, prepare: false, onnotice: () => undefined })
  const admin = connect()
  const id = await prepare(admin, options)
  const surprises: string[] = []
  const ended = async () => {
    const [row] = await admin<{ status: string }[]>`
      select status from migration.orchestrations where id = ${id}`
    return row?.status !== 'running'
  }
  return {
    id,
    surprises,
    work: (sql, chance) => work(sql, connect, chance, id),
    async play(name, player, chance) {
      let sql = connect()
      while (!(await ended())) {
        try {
          await player(sql, chance, id)
        } catch (error) {
          const { code = '', message } = error as { code?: string; message: string }
          if (!expected.has(code)) surprises.push(`${name}: ${code} ${message}`)
          await sql.end({ timeout: 0 })
          sql = connect()
        }
        if (surprises.length > 20) break
      }
      await sql.end({ timeout: 1 })
    },
    async deadlocks() {
      const [row] = await admin<{ n: number }[]>`
        select deadlocks::int as n from pg_stat_database where datname = current_database()`
      return row!.n
    },
    close: () => admin.end({ timeout: 1 }),
  }
}

async function prepare(sql: Sql, options: HammerOptions): Promise<string> {
  // A back-off of seconds would be most of the test.
  await sql`create or replace function migration._backoff(p_failures integer) returns interval
    language sql immutable set search_path = '' as $$ select interval '20 milliseconds' $$`
  await sql`create table public.other (id integer primary key)`
  const numbers = Array.from({ length: options.entities }, (_, index) => index + 1)
  for (const n of numbers) {
    await sql.unsafe(`create table public.hammer_${n} (id integer primary key, note text)`)
  }
  const entities = numbers.map((n) => ({
    entity_name: `legacy.hammer_${n}`,
    target_entity: `public.hammer_${n}`,
    dependency_order: n,
    records_total: n * options.rowsEach,
    definition: { target: { schema: 'public', table: `hammer_${n}` }, rows: n * options.rowsEach },
    steps: steps(n, options),
  }))
  const configuration = {
    functions_url: 'http://127.0.0.1:9',
    dispatch_mode: 'pg_net',
    lanes: options.lanes,
    lease_seconds: 2,
    max_retries: 20,
    batch_rows: 5,
    source_secret: 'LEGACY_DATABASE_URL',
  }
  const [row] = await sql<{ id: string }[]>`
    select migration.start(p_plan => '{"name":"hammer"}', p_plan_fingerprint => 'p',
      p_source_fingerprint => 's', p_entities => ${JSON.stringify(entities)}::text::jsonb,
      p_configuration => ${JSON.stringify(configuration)}::text::jsonb, p_created_by => 'hammer') as id`
  return row!.id
}

/** Quick steps of several stages; every third refers to the entity before. */
function steps(n: number, options: HammerOptions) {
  return Array.from({ length: options.stepsEach }, (_, index) => ({
    kind: 'setting',
    stage: 1 + Math.floor(index / 3),
    object_name: `step ${n}.${index}`,
    statement: `do 'begin perform pg_sleep(0.0${1 + (index % 4)}); end'`,
    ...(index % 3 === 2 && n > 1 ? { references: `public.hammer_${n - 1}` } : {}),
  }))
}

interface Claimed {
  readonly batch_id: string
  readonly attempt: number
  readonly kind: 'copy' | 'verify' | 'repair'
  readonly range_after: string[]
  readonly range_through: string[] | null
  readonly definition: { target: { table: string }; rows: number }
}

async function work(sql: Sql, connect: () => Sql, chance: Dice, id: string): Promise<void> {
  const nonce = await takeNonce(sql, id)
  if (nonce === undefined) return
  const [accepted] = await sql<{ dispatch: string | null }[]>`
    select migration.accept_dispatch(${id}, ${nonce}) as dispatch`
  const dispatch = accepted?.dispatch
  if (!dispatch) return
  for (;;) {
    const [batch] = await sql<Claimed[]>`select * from migration.claim_batch(${id}, ${dispatch})`
    if (!batch) break
    if (chance.oneIn(40)) throw died()
    const last = chance.oneIn(5)
    const wentOn = chance.oneIn(12)
      ? await fail(sql, connect, id, dispatch, batch)
      : batch.kind === 'copy'
        ? await complete(sql, chance, id, batch, last)
        : await sql.unsafe(passCheckStatement(id, batch, last)).then(() => !last)
    if (!wentOn) return
  }
  await sql`select migration.finish_dispatch(${dispatch}, 'idle')`
}

async function takeNonce(sql: Sql, id: string): Promise<string | undefined> {
  const [row] = await sql<{ nonce: string }[]>`
    delete from net.http_request_queue q where q.id = (
      select n.id from net.http_request_queue n
       where convert_from(n.body, 'UTF8')::jsonb ->> 'migration_id' = ${id}
       order by n.id limit 1 for update skip locked)
    returning convert_from(q.body, 'UTF8')::jsonb ->> 'nonce' as nonce`
  return row?.nonce
}

/** As the engine does: the failed connection is thrown away, the report comes over another. */
async function fail(sql: Sql, connect: () => Sql, id: string, dispatch: string, batch: Claimed) {
  await sql.end({ timeout: 0 })
  const other = connect()
  try {
    await other`select migration.fail_batch(${id}, ${batch.batch_id}, ${batch.attempt},
      'connection_error', 'hammered', null, 'A test asked for it.', true)`
    await other`select migration.finish_dispatch(${dispatch}, 'hammered')`
  } finally {
    await other.end({ timeout: 1 })
  }
  throw died()
}

async function complete(sql: Sql, chance: Dice, id: string, batch: Claimed, last: boolean) {
  const first = Number(batch.range_after[0] ?? 0) + 1
  const end = Number(batch.range_through?.[0] ?? batch.definition.rows)
  const through = Math.min(end, first + chance.between(2, 9))
  const held = `'${id}', '${batch.batch_id}', ${batch.attempt}`
  await sql.unsafe(`select migration.carve_batch(${held}, '["${through}"]', ${through < end})`)
  const rows = through - first + 1
  const dies = chance.oneIn(60) ? 'select pg_terminate_backend(pg_backend_pid());' : ''
  // One message: a session that is ended in its middle cannot go on outside of the transaction.
  await sql
    .unsafe(
      `begin;
       select migration.begin_load(${held});
       insert into public.${batch.definition.target.table}
         select g, 'x' from generate_series(${first}, ${through}) g;
       ${dies}
       select migration.complete_batch(${held}, ${rows}, ${rows}, 0, 0, 1000000, 0, ${last});
       commit`,
    )
    .simple()
  return !last
}

/** The session ends without a word, as with a killed function. */
function died(): Error {
  return Object.assign(new Error('died'), { code: 'CONNECTION_CLOSED' })
}
