/**
 * How fast what a source's log tells is taken from it: the changes of many small transactions, and of one
 * large one, are read as a batch of kind log reads them, their keys are recorded, the slot is moved on.
 */
import postgres, { type Sql } from 'postgres'
import { parseLsn } from '../../../shared/sync/log/lsn.ts'
import { readLog } from '../../../shared/sync/log/read-log.ts'
import { recordStatement, sendKeys } from '../../../shared/sync/log/record-keys.ts'
import { openLogSession } from '../../../shared/sync/log/session.ts'
import { advanceSlot, dropSlot, slotName } from '../../../shared/sync/log/slot.ts'
import { copyInto } from '../../../shared/target/copy-in.ts'
import type { LogState } from '../../../shared/target/log-control.ts'
import { parseAddress } from '../../../shared/wire/address.ts'
import { openClient } from '../../../shared/wire/client.ts'
import { right, table } from '../markdown.ts'
import { type BenchOptions, isWanted } from '../options.ts'
import type { BenchServers } from '../servers.ts'
import { measureUse, type Use } from '../use.ts'

export interface LogCapture extends Use {
  /** CPU of what a function does: it runs in the bench's own process. */
  readonly reader_cpu_seconds: number
  readonly load: string
  readonly changes: number
  readonly keys: number
  /** Looks into the log that it took. */
  readonly looks: number
}

const DATABASE = 'bench_log'
const MIGRATION = '00000000-0000-0000-0000-00000000b0b0'
const ENTITY = '00000000-0000-0000-0000-00000000e0e0'
/** As a batch of kind log has it. */
const messages = 150_000

/** Each load changes as many rows as the dataset has. */
const loads = {
  'transactions of one row': 1,
  'transactions of ten rows': 10,
  'three transactions': Number.POSITIVE_INFINITY,
} as const

export async function measureLogCapture(
  { source, target, ...servers }: BenchServers,
  { dataset, rounds, ...options }: BenchOptions,
  say: (line: string) => void,
): Promise<LogCapture[]> {
  const measured: LogCapture[] = []
  for (let round = 1; round <= rounds; round += 1) {
    for (const [load, rows] of Object.entries(loads)) {
      if (!isWanted(options, load)) continue
      const scene = await prepare(source.url, target.url)
      try {
        await change(scene.source, dataset.rows, Math.min(rows, dataset.rows))
        const own = process.cpuUsage()
        const { use, result } = await measureUse({ source, target, ...servers }, () =>
          capture(scene),
        )
        const { user, system } = process.cpuUsage(own)
        if (result.changes !== dataset.rows) throw new Error(`${load}: ${result.changes} changes`)
        measured.push({ load, reader_cpu_seconds: (user + system) / 1e6, ...use, ...result })
        say(`${load}: ${Math.round(result.changes / (use.wall_ms / 1000))} changes a second`)
      } finally {
        await scene.end()
      }
    }
  }
  return measured
}

interface Scene {
  readonly source: Sql
  readonly sourceUrl: string
  readonly targetUrl: string
  state: LogState
  end(): Promise<void>
}

async function prepare(
  source: (database: string) => string,
  target: (database: string) => string,
): Promise<Scene> {
  for (const url of [source, target]) {
    const admin = postgres(url('postgres'), { max: 1, onnotice: () => undefined })
    await admin.unsafe(`drop database if exists ${DATABASE} with (force)`)
    await admin.unsafe(`create database ${DATABASE}`)
    await admin.end()
  }
  const there = postgres(target(DATABASE), { max: 1, onnotice: () => undefined })
  // the queue of the control plane, for itself
  await there
    .unsafe(`create schema migration; create table migration.changed_keys (
      id bigint generated always as identity primary key, migration_id uuid, entity_status_id uuid,
      source_key jsonb, batch_id uuid, noted_at timestamptz);
    create index on migration.changed_keys (entity_status_id);
    create index on migration.changed_keys (batch_id);
    create index on migration.changed_keys (migration_id)`)
    .simple()
  await there.end()
  const sql = postgres(source(DATABASE), { max: 1, onnotice: () => undefined })
  await sql
    .unsafe(`create table item (id bigint primary key, body text, amount numeric, at timestamptz);
    create publication bench for table item`)
    .simple()
  const scene: Scene = {
    source: sql,
    sourceUrl: source(DATABASE),
    targetUrl: target(DATABASE),
    state: {
      read_through: null,
      unsettled: null,
      fingerprint: null,
      publication: 'bench',
      entities: [
        {
          id: ENTITY,
          source: { schema: 'public', table: 'item' },
          key: ['id'],
          batch_keys: 20_000,
        },
      ],
    },
    async end() {
      const session = openLogSession(source(DATABASE), 60_000)
      await dropSlot(session, slotName(MIGRATION))
      await session.close()
      await sql.end()
    },
  }
  await look(scene)
  return scene
}

/** Inserts, updates and deletes in turn, in transactions of so many rows. */
async function change(sql: Sql, rows: number, each: number): Promise<void> {
  const third = Math.floor(rows / 3)
  const inserted = rows - 2 * third
  await sql`set synchronous_commit = off`
  const run = (count: number, statement: string) =>
    sql
      .unsafe(
        `do $$ begin for low in 1..${count} by ${each} loop ${statement} commit; end loop; end $$`,
      )
      .simple()
  const range = (count: number) => `between low and least(low + ${each} - 1, ${count})`
  await run(
    inserted,
    `insert into item select g, repeat(md5(g::text), 6), g / 7.0, now()
      from generate_series(low, least(low + ${each} - 1, ${inserted})) g;`,
  )
  await run(third, `update item set amount = amount + 1 where id ${range(third)};`)
  await run(third, `delete from item where id ${range(third)};`)
}

/** Reads until nothing is left. */
async function capture(scene: Scene) {
  const total = { changes: 0, keys: 0, looks: 0 }
  let through: string | undefined
  for (;;) {
    const { changes, keys, more, through: upTo } = await look(scene, through)
    total.changes += changes
    total.keys += keys
    total.looks += 1
    if (!more) return total
    through = upTo
  }
}

/** One look as a batch of kind log takes it. */
async function look(scene: Scene, through?: string) {
  const slot = slotName(MIGRATION)
  const session = openLogSession(scene.sourceUrl, 600_000)
  const client = openClient(parseAddress(scene.targetUrl))
  try {
    const books = {
      want: () => Promise.resolve(),
      async made({
        begins,
        ...made
      }: {
        begins: string
        unsettled: string | null
        fingerprint: string
      }) {
        scene.state = { ...scene.state, ...made, read_through: begins }
      },
    }
    const ask = {
      slot,
      state: scene.state,
      messages,
      ...(through === undefined ? {} : { through }),
    }
    const seen = await readLog(session, books, ask)
    if (seen.halt !== undefined) throw new Error(seen.halt.reason)
    const { reading, touched, release } = seen
    await client.sql.begin(async (tx) => {
      const [now] = await tx<{ now: string }[]>`select now()::text`
      await copyInto(tx, client.tap(), recordStatement, (sink) =>
        sendKeys(sink, touched, { migrationId: MIGRATION, at: now!.now, batchKeys: () => 20_000 }),
      )
    })
    scene.state = { ...scene.state, read_through: reading.read_through }
    await advanceSlot(session, { release, slot, through: parseLsn(reading.read_through) })
    return reading
  } finally {
    await Promise.all([session.close(), client.sql.end()])
  }
}

/** Lines of a table: medians of the rounds. */
export function logCaptureTables(measured: readonly LogCapture[]): string[] {
  const titles = [
    'changes',
    'keys',
    'changes a second',
    'CPU: source (s)',
    'reader (s)',
    'target (s)',
  ]
  const names = [...new Set(measured.map(({ load }) => load))]
  return table(
    [{ title: 'the log, read and recorded' }, ...titles.map((title) => right(title))],
    names.map((name) => {
      const runs = measured.filter(({ load }) => load === name)
      const middle = runs.toSorted((a, b) => a.wall_ms - b.wall_ms)[Math.floor(runs.length / 2)]!
      const { changes, keys, wall_ms, source_cpu_seconds, reader_cpu_seconds, target_cpu_seconds } =
        middle
      const counts = [changes, keys, Math.round(changes / (wall_ms / 1000))]
      const times = [source_cpu_seconds, reader_cpu_seconds, target_cpu_seconds]
      return [
        name,
        ...counts.map((count) => count.toLocaleString('en-US')),
        ...times.map((seconds) => seconds.toFixed(1)),
      ]
    }),
  )
}
