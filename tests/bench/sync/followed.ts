/** The dataset moved and in sync mode, in an embedded project whose servers are set as the bench's are. */
import { join } from 'node:path'
import postgres, { type Sql } from 'postgres'
import {
  bootstrapTarget,
  dropDatabase,
  migrateUp,
  openProject,
  type Server,
  type Servers,
  startServers,
} from '../../../scripts/local/index.ts'
import { eventually } from '../../support/eventually.ts'
import { type Dataset, ensureDataset } from '../dataset.ts'
import { SETTINGS } from '../servers.ts'

export interface Followed {
  readonly id: string
  readonly servers: Servers
  /** As owners of either side. */
  readonly source: Sql
  readonly target: Sql
  readonly sourceUrl: string
  stop(): Promise<void>
}

const TARGET = 'bench_sync'
/** A million rows and more are copied, indexed and compared before. */
const PATIENCE_MS = 900_000

/** Of `sync`, and anything else of a plan; nothing is scheduled. */
interface FollowedPlan {
  readonly sync?: object
  readonly entities?: unknown
}

export function follow(
  directory: string,
  dataset: Dataset,
  plan: FollowedPlan = {},
): Promise<Followed> {
  const make = (source: Server) => ensureDataset(source, dataset)
  return followSource(directory, make, () => plan)
}

/**
 * The same for any source.
 * @param make makes its database, and answers the name
 * @param planOf asked when it is made
 */
export async function followSource(
  directory: string,
  make: (source: Server) => Promise<string>,
  planOf: () => FollowedPlan,
): Promise<Followed> {
  const { wal_level: _embedded, ...settings } = SETTINGS
  const servers = await startServers({ directory: join(directory, 'project'), settings })
  const legacy = await make(servers.source)
  const plan = planOf()
  await dropDatabase(servers.target, TARGET)
  await bootstrapTarget(servers.target, TARGET)
  await migrateUp(servers.target.url(TARGET))
  const secrets = { LEGACY_DATABASE_URL: servers.source.url(legacy) }
  const project = await openProject({ servers, database: TARGET, secrets })
  const [source, target] = [servers.source.url(legacy), project.databaseUrl].map((url) =>
    postgres(url, { max: 1, onnotice: () => undefined }),
  ) as [Sql, Sql]
  const stop = async () => {
    await Promise.allSettled([source.end(), target.end()])
    await project.stop()
    await servers.stop()
  }
  try {
    const schedule = { changes: null, deletes: null, hash: null }
    const response = await fetch(`${project.url}/functions/v1/start`, {
      method: 'POST',
      headers: { apikey: project.keys.secret, 'content-type': 'application/json' },
      body: JSON.stringify({
        plan: {
          version: 1,
          name: 'followed',
          source: { secret: 'LEGACY_DATABASE_URL', schemas: ['public'] },
          entities: '*',
          ...plan,
          sync: { schedule, ...plan.sync },
        },
      }),
    })
    const answer = await response.text()
    if (response.status !== 202) throw new Error(`start answered ${response.status}: ${answer}`)
    const { migration_id: id } = JSON.parse(answer) as { migration_id: string }
    await eventually(() => isCaughtUp(target, id), {
      what: 'the end of the first sweep',
      within: PATIENCE_MS,
      every: 500,
    })
    return { id, servers, source, target, sourceUrl: servers.source.url(legacy), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A sweep of scope changes. @returns milliseconds from the claim of its look to its end */
export async function sweepTime({ target, id }: Followed): Promise<number> {
  const [begun] = await target<{ sweep: string }[]>`
    select migration.sweep(${id}, 'bench') ->> 'sweep_id' as sweep`
  return eventually(
    async () => {
      const [row] = await target<{ status: string; ms: number }[]>`
        select o.status, extract(epoch from o.completed_at - min(b.started_at))::float * 1000 as ms
          from migration.orchestrations o left join migration.batches b on b.pass_id = o.id
         where o.id = ${begun!.sweep} group by o.id`
      if (row?.status !== 'completed') throw new Error(JSON.stringify(row))
      return row.ms
    },
    { what: 'the end of a sweep', within: 120_000, every: 20 },
  )
}

async function isCaughtUp(target: Sql, id: string): Promise<void> {
  const [row] = await target<{ is_idle: boolean; status: string; reason: string | null }[]>`
    select s.caught_up_at is not null and o.verification_id is null as is_idle, o.status, o.failure_reason as reason
      from migration.orchestrations o left join migration.sync_states s on s.migration_id = o.id where o.id = ${id}`
  if (row?.is_idle !== true) throw new Error(JSON.stringify(row))
}
