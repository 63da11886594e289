/**
 * The rig of the fault tests: a real project whose functions reach both databases through fault
 * proxies, a filled source, and the verbs of an operator. Faults go in between; the end is always the
 * same: an exact copy with exact counters.
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import postgres, { type Sql } from 'postgres'
import {
  cloneDatabase,
  dropDatabase,
  ensureDatabase,
  type IsolateLimits,
  type NetFaults,
  openProject,
  type Project,
  type Server,
} from '../../scripts/local/index.ts'
import { assertExactCounters } from './counters.ts'
import { eventually } from './eventually.ts'
import { acknowledgeOnlyWhatIsKept, adoptJobs, makeImpatient } from './fault-settings.ts'
import { assertExactCopy } from './oracle.ts'
import { attachServers, startOwnServers } from './project.ts'
import { type FaultProxy, openProxy, through } from './proxy.ts'
import { fillSource, type SampleOptions } from './sample.ts'
import { TEMPLATE } from './servers.ts'
import { history, type State, sweepUntil } from './sweep.ts'

export interface FaultRigOptions {
  readonly sample: SampleOptions
  readonly faults?: NetFaults
  /** Function secrets besides the source's address, for instance FERRY_FAILPOINTS. */
  readonly secrets?: Readonly<Record<string, string>>
  /** Servers for this rig alone, which may be restarted; some seconds more. */
  readonly ownServers?: boolean
  /** What an isolate may use, where it is not the platform's. */
  readonly limits?: Partial<IsolateLimits>
  /** Functions reach the servers themselves: for bulk that a proxy would only slow down. */
  readonly direct?: boolean
  /** Tries again at once, sweeps without end, keeps the size of batches: only the order of things matters. */
  readonly impatient?: boolean
  /**
   * Sweeps only while nobody holds a batch. A sweep between the end of a failed function's connection
   * and its report takes the batch for a dead one's, and then the reason of the failure is lost.
   */
  readonly gentle?: boolean
}

export interface FaultRig {
  readonly project: Project
  /** What the functions see of the legacy database. */
  readonly source: FaultProxy
  /** What the functions see of the project's database; cron and net workers do not pass here. */
  readonly target: FaultProxy
  /** The project's database, not through the proxy. */
  readonly sql: Sql
  /** The legacy database as its owner, not through the proxy. */
  readonly legacy: Sql
  /** The source's address as the functions know it. */
  readonly reader: string
  readonly names: { readonly target: string; readonly legacy: string }
  /** Starts a migration of the sample; lease and retries are set, and `before` runs, before the first call leaves. */
  start(options?: StartOptions, before?: () => Promise<unknown>): Promise<string>
  control(action: 'pause' | 'resume' | 'cancel' | 'retry', id: string): Promise<void>
  /** Sweeps as cron does, but every half second, until the migration is in this status. */
  reaches(id: string, state: State, within?: number): Promise<Ended>
  /** Waits for the end; then both databases must be equal and the books exact. */
  endsExact(id: string, within?: number): Promise<Ended>
  /** Drops what the last migration filled, for the next one. */
  clear(): Promise<void>
  /** Process ids of the isolates that may work off batches now. */
  workers(): number[]
  close(): Promise<void>
}

export interface StartOptions {
  readonly lanes?: number
  readonly batchRows?: number
  readonly leaseSeconds?: number
  readonly maxRetries?: number
}

/** What the sweeps of this run did, and what the batches went through. */
export interface Ended {
  /** Server processes that a sweep had to end. */
  readonly terminated: number
  /** Batches that a sweep took from a dead or overdue holder. */
  readonly reclaimed: number
  readonly batches: number
  /** Claims of all batches together; as many as batches when nothing went wrong. */
  readonly attempts: number
  /** Codes in `migration.errors`, sorted, each once. */
  readonly errors: readonly string[]
}

const SECRET = 'LEGACY_DATABASE_URL'

export async function openFaultRig(options: FaultRigOptions): Promise<FaultRig> {
  const servers = options.ownServers ? await startOwnServers() : attachServers()
  const name = `fault_${randomBytes(5).toString('hex')}`
  const legacy = `${name}_legacy`
  await Promise.all([
    cloneDatabase(servers.target, TEMPLATE, name),
    ensureDatabase(servers.source, legacy).then(() =>
      fillSource(servers.source.url(legacy), options.sample),
    ),
  ])
  await adoptJobs(servers.target, name)
  // The servers of a test run acknowledge commits before they are written. A crash test needs what a
  // hosted project has: what was acknowledged survives.
  if (options.ownServers) await acknowledgeOnlyWhatIsKept(servers.target, name)
  if (options.impatient) await makeImpatient(servers.target.url(name))
  const [source, target] = await Promise.all([openProxy(servers.source), openProxy(servers.target)])
  const direct = servers.source.url(legacy, 'legacy_reader')
  const reader = options.direct ? direct : through(source, direct)
  const project = await openProject({
    servers: options.direct ? servers : { ...servers, target: behind(servers.target, target) },
    database: name,
    ...(options.limits ? { limits: options.limits } : {}),
    secrets: {
      [SECRET]: reader,
      ...options.secrets,
    },
    faults: options.faults ?? {},
  })
  const sql = postgres(servers.target.url(name), { max: 2, onnotice: () => undefined })
  const owner = postgres(servers.source.url(legacy), { max: 1, onnotice: () => undefined })
  const urls = { source: servers.source.url(legacy), target: servers.target.url(name) }
  const swept = { terminated: 0, reclaimed: 0 }

  if (options.gentle) project.cron.pause() // its sweeps are not

  const rig: FaultRig = {
    project,
    source,
    target,
    sql,
    legacy: owner,
    names: { target: name, legacy },
    reader,
    start: (start, before) => startPaused(rig, start, before),
    async control(action, id) {
      await call(project, 'control', { action, migration_id: id })
    },
    async reaches(id, state, within = 30_000) {
      await eventually(() => sweepUntil(sql, id, state, swept, options.gentle === true), {
        what: `migration ${state}`,
        within,
        every: options.impatient ? 100 : 500,
      })
      return { ...swept, ...(await history(sql, id)) }
    },
    async endsExact(id, within) {
      const ended = await rig.reaches(id, 'completed', within)
      await assertExactCopy({ ...urls })
      await assertExactCounters(urls.target, id)
      return ended
    },
    async clear() {
      const filled = await sql<{ name: string }[]>`
        select distinct target_entity as name from migration.entity_statuses`
      for (const { name: table } of filled) await sql`drop table if exists ${sql(table)}`
    },
    workers: () =>
      project
        .isolates()
        .filter((isolate) => isolate.function === 'process-batch')
        .map((isolate) => isolate.pid),
    async close() {
      await project.stop()
      await Promise.all([
        source.close(),
        target.close(),
        sql.end({ timeout: 1 }),
        owner.end({ timeout: 1 }),
      ])
      await Promise.all([dropDatabase(servers.target, name), dropDatabase(servers.source, legacy)])
      await servers.stop()
      rmSync(project.directory, { recursive: true, force: true })
    },
  }
  return rig
}

/** The same server, but whoever asks for its address gets the proxy's. */
function behind(server: Server, proxy: FaultProxy): Server {
  const url: Server['url'] = (database, role) => through(proxy, server.url(database, role))
  return Object.create(server, { url: { value: url } }) as Server
}

async function startPaused(
  rig: FaultRig,
  options: StartOptions = {},
  before: () => Promise<unknown> = () => Promise.resolve(),
): Promise<string> {
  const { lanes = 2, batchRows = 20_000, leaseSeconds = 3, maxRetries = 6 } = options
  rig.project.net.pause()
  const { migration_id: id } = await call<{ migration_id: string }>(rig.project, 'start', {
    plan: {
      version: 1,
      name: 'faults',
      source: { secret: SECRET },
      entities: '*',
      settings: { lanes, batch_rows: batchRows },
    },
  })
  const configuration = JSON.stringify({ lease_seconds: leaseSeconds, max_retries: maxRetries })
  await rig.sql.begin(async (t) => {
    await t`update migration.orchestrations
               set configuration = configuration || ${configuration}::text::jsonb where id = ${id}`
    await t`update migration.batches set max_retries = ${maxRetries} where migration_id = ${id}`
  })
  await before()
  rig.project.net.resume()
  return id
}

async function call<T>(project: Project, name: string, body: object): Promise<T> {
  const response = await fetch(`${project.url}/functions/v1/${name}`, {
    method: 'POST',
    headers: { apikey: project.keys.secret, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${name} answered ${response.status}: ${text}`)
  return JSON.parse(text) as T
}
