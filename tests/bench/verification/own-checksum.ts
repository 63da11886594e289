/** What the servers need by themselves for a digest of every row: the measure of a verification. */
import type { Server } from '../../../scripts/local/index.ts'
import { connect, type Dataset } from '../dataset.ts'
import type { BenchServers } from '../servers.ts'
import { measureUse, type Use } from '../use.ts'

/** Milliseconds of each side for all tables, one after the other, and what that took of the machine. */
export interface OwnTimes extends Use {
  readonly source_ms: number
  readonly target_ms: number
}

export interface OwnChecksum {
  /** One side after the other, with the parallel workers that the server takes by itself. */
  readonly planned: OwnTimes
  /** One side after the other, one process a side. */
  readonly single: OwnTimes
  /** Planned likewise, but both sides at the same time, as a verification has them. */
  readonly together: OwnTimes
}

/** The databases that are compared. */
export interface Pair {
  readonly servers: BenchServers
  readonly dataset: Dataset
  readonly source: string
  readonly target: string
}

export async function ownChecksum(pair: Pair): Promise<OwnChecksum> {
  return {
    planned: await apart(pair, true),
    single: await apart(pair, false),
    together: await together(pair),
  }
}

export function slower({
  source_ms,
  target_ms,
}: Pick<OwnTimes, 'source_ms' | 'target_ms'>): number {
  return Math.max(source_ms, target_ms)
}

/** @param parallel whether the server may take workers */
async function apart(pair: Pair, parallel: boolean): Promise<OwnTimes> {
  const { servers, dataset, source, target } = pair
  const { use, result } = await measureUse(servers, async () => {
    const source_ms = await checksum(servers.source, source, dataset, parallel)
    return { source_ms, target_ms: await checksum(servers.target, target, dataset, parallel) }
  })
  return { ...use, ...result }
}

async function together({ servers, dataset, source, target }: Pair): Promise<OwnTimes> {
  const { use, result } = await measureUse(servers, () =>
    Promise.all([
      checksum(servers.source, source, dataset, true),
      checksum(servers.target, target, dataset, true),
    ]),
  )
  const [source_ms, target_ms] = result
  return { ...use, source_ms, target_ms }
}

async function checksum(
  server: Server,
  database: string,
  { tables }: Dataset,
  parallel: boolean,
): Promise<number> {
  const sql = connect(server, database)
  try {
    await sql`select`
    if (!parallel) await sql`set max_parallel_workers_per_gather = 0`
    const began = performance.now()
    for (let number = 0; number < tables; number += 1) {
      await sql.unsafe(`
        select count(*), sum(('x'||substr(md5(t::text),1,16))::bit(64)::bigint)
          from item_${number} t`)
    }
    return performance.now() - began
  } finally {
    await sql.end()
  }
}
