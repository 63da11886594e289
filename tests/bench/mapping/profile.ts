/** Which statements of a mapped run take how much, as pg_stat_statements of the target counts them. */
import { existsSync } from 'node:fs'
import type { Server } from '../../../scripts/local/index.ts'
import { connect } from '../dataset.ts'
import type { Release } from '../servers.ts'
import type { MappedRun } from './ferry.ts'

const debianLibrary = '/usr/lib/postgresql/15/lib/pg_stat_statements.so'

/** Why there is no profile here; undefined where there is one. */
export function profileAbsent(release: Release): string | undefined {
  return release === 17 || existsSync(debianLibrary)
    ? undefined
    : 'pg_stat_statements is not installed (Debian package postgresql-15)'
}

/** Settings of servers that can be profiled: loaded, and counting nothing until it is asked to. */
export function profileSettings(release: Release): Readonly<Record<string, string>> {
  if (profileAbsent(release) !== undefined) return {}
  return {
    shared_preload_libraries: 'pg_stat_statements',
    'pg_stat_statements.track': 'none',
    // A temporary table of a batch is another one each time, and so are the statements on it.
    'pg_stat_statements.max': '20000',
  }
}

/** What functions send by themselves; the others run inside of control functions. */
const COPIES = 3

/** Parts of a load, in the order in which they are told; the first that fits takes a statement. */
const PARTS = [
  ['COPY into the stage, waiting for the source included', /^copy "pg_temp"/i],
  ['COPY into the map, waiting for the source included', /^copy "migration"/i],
  ['COPY into the target, waiting for the source included', /^copy /i],
  ['transform: the stage into computed rows', /^insert into pg_temp\.ferry_rows/i],
  ['rows into the target', /^insert into (?!pg_temp|migration)[^;]* from pg_temp\.ferry/is],
  ['map', /^(with [^;]*)?insert into migration\.id_map/is],
  ['dead letters', /insert into migration\.errors|migration\._refused_rows/i],
  ['unique values', /num_nulls|first_value|^update pg_temp\.ferry_rows/i],
  ['the rest on temporary tables', /pg_temp\.ferry|temp table|ferry_(rows|stage|refused|there)/i],
] as const

const CONTROL =
  /migration\.(claim_batch|carve_batch|begin_load|complete_batch|accept_dispatch|finish_dispatch|dispatch_lanes)/i
const VERIFICATION = /check_stage|ferry_compared|complete_check/i
const STEPS = /^\s*(create|alter|analyze)\b/i

export interface Statement {
  readonly query: string
  readonly ms: number
  readonly is_top: boolean
}

/** Seconds of the lanes while copying, by part. */
export interface Profile {
  readonly parts: Readonly<Record<string, number>>
  /** Lanes × time of the copy. */
  readonly lane_seconds: number
  readonly wal_megabytes: number
}

export async function profiled(
  target: Server,
  database: string,
  run: () => Promise<MappedRun>,
): Promise<Profile> {
  const admin = connect(target, 'postgres')
  const role = new URL(target.url('postgres')).username
  try {
    await admin.unsafe('create extension if not exists pg_stat_statements')
    await admin.unsafe(`alter role ${role} set pg_stat_statements.track = 'all'`)
    await admin.unsafe('select pg_stat_statements_reset()')
    const [before] = await admin<{ lsn: string }[]>`select pg_current_wal_lsn()::text as lsn`
    const measured = await run()
    const [wal] = await admin<{ megabytes: number }[]>`
      select (pg_wal_lsn_diff(pg_current_wal_lsn(), ${before!.lsn}::pg_lsn) / 1e6)::float as megabytes`
    const statements = await admin<Statement[]>`
      select s.query, s.total_exec_time + s.total_plan_time as ms, s.toplevel as is_top
        from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = ${database}`
    return { ...byPart(statements, measured), wal_megabytes: wal!.megabytes }
  } finally {
    await admin.unsafe(`alter role ${role} reset pg_stat_statements.track`)
    await admin.end()
  }
}

/** What the lanes did beside statements is what is left: commits, looking for work, waiting for it. */
export function byPart(
  statements: readonly Statement[],
  { copy_ms, engine }: Pick<MappedRun, 'copy_ms' | 'engine'>,
): Omit<Profile, 'wal_megabytes'> {
  const parts: Record<string, number> = {}
  const add = (name: string, ms: number) => {
    parts[name] = (parts[name] ?? 0) + ms / 1000
  }
  let load = 0
  for (const { query, ms, is_top } of statements) {
    if (VERIFICATION.test(query)) continue
    if (is_top && /migration\.load_stage\(/i.test(query)) load += ms
    const part = partOf(query, is_top)
    if (part !== undefined) add(part, ms)
  }
  const inside = PARTS.slice(COPIES).reduce((sum, [name]) => sum + (parts[name] ?? 0), 0)
  add('the rest of migration.load_stage', Math.max(0, load - inside * 1000))
  const lane_seconds = ((engine.lanes ?? 0) * copy_ms) / 1000
  const idle = (engine.idle_lane_share ?? 0) * lane_seconds
  add('lanes without a batch: commits, claims, nothing to do', idle * 1000)
  const told = Object.values(parts).reduce((sum, each) => sum + each, 0)
  add(
    'batches beside statements: reading keys, the way there and back',
    Math.max(0, lane_seconds - told) * 1000,
  )
  return { parts, lane_seconds }
}

function partOf(query: string, isTop: boolean): string | undefined {
  if (isTop && CONTROL.test(query)) return undefined
  if (STEPS.test(query) && !/temp table/i.test(query)) return undefined
  const nested = isTop ? PARTS.slice(0, COPIES) : PARTS.slice(COPIES)
  return nested.find(([, pattern]) => pattern.test(query.trim()))?.[0]
}
