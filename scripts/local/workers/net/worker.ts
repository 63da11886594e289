/**
 * The worker of the pg_net stand-in, one per database, as the real one was measured: in one transaction it
 * deletes up to 200 requests from the queue, runs them at the same time, waits for the slowest, stores the
 * responses and commits; then it rests up to a second. No retries. It comes back a second after its server.
 */
import type postgres from 'postgres'
import type { Server } from '../../postgres/server.ts'
import { openSession } from '../../postgres/session.ts'
import { createLatch } from '../latch.ts'
import { createFates, type NetFaults } from './faults.ts'
import { type Agents, createAgents, type NetOutcome, type NetRequest, perform } from './request.ts'

export interface NetStats {
  /** Requests that left, second copies included. */
  readonly sent: number
  readonly dropped: number
  readonly duplicated: number
}

export interface NetWorker {
  /** No new batch is taken; the one in flight goes on. */
  pause(): void
  resume(): void
  /** Replaces all faults; `{}` for none. */
  faults(faults: NetFaults): void
  stats(): NetStats
  stop(): Promise<void>
}

export interface NetWorkerOptions {
  readonly server: Server
  readonly database: string
  readonly faults?: NetFaults
  readonly log?: (line: string) => void
}

const APPLICATION_NAME = 'pg_net 0.20.4'
const CHANNEL = 'pg_net_wake'
const BATCH_SIZE = 200
const RESPONSES_LIVE = '6 hours'
const REST_MILLISECONDS = 1000

export function startNetWorker(options: NetWorkerOptions): NetWorker {
  const { server, database, log = () => {} } = options
  const latch = createLatch()
  const stats = { sent: 0, dropped: 0, duplicated: 0 }
  let draw = createFates({}, 0)
  let shouldWake = true
  let isPaused = false
  let isStopped = false
  let isRestarting = false
  let session: postgres.Sql | undefined

  const setFaults = (faults: NetFaults) => {
    const seed = faults.seed ?? Math.floor(Math.random() * 2 ** 32)
    draw = createFates(faults, seed)
    if (faults.drop || faults.duplicate || faults.delay) log(`pg_net faults, seed ${seed}`)
  }
  setFaults(options.faults ?? {})
  const wake = () => {
    if (!shouldWake) latch.set()
    shouldWake = true
  }
  const send = async (request: NetRequest, agents: Agents): Promise<NetOutcome | undefined> => {
    const fate = draw()
    if (fate.isDropped) {
      stats.dropped += 1
      return undefined
    }
    if (fate.duplicateAfter !== undefined) {
      setTimeout(() => {
        stats.sent += 1
        stats.duplicated += 1
        void perform(request, agents)
      }, fate.duplicateAfter)
    }
    await sleep(fate.delayMilliseconds)
    stats.sent += 1
    return perform(request, agents)
  }
  /** Until nothing is left to send or to expire. */
  const drain = async (sql: postgres.Sql, agents: Agents) => {
    for (let hasWork = true; hasWork && !isStopped && !isPaused && !isRestarting; ) {
      hasWork = await runBatch(sql, (request) => send(request, agents))
      await latch.wait(REST_MILLISECONDS)
    }
  }
  const serve = async () => {
    const agents = createAgents()
    const sql = openSession(server, database, { applicationName: APPLICATION_NAME })
    session = sql
    shouldWake = true
    isRestarting = false
    try {
      await sql.listen(
        CHANNEL,
        (payload) => {
          if (payload === 'restart') isRestarting = true
          if (payload === 'restart') latch.set()
          wake()
        },
        wake,
      )
      while (!isStopped && !isRestarting) {
        if (shouldWake && !isPaused) {
          shouldWake = false
          await drain(sql, agents)
        } else {
          // Not for ever: a connection that was lost while nothing was to do shows itself here.
          await latch.wait(REST_MILLISECONDS)
          await sql`select 1`
        }
      }
    } finally {
      agents.http.destroy()
      agents.https.destroy()
      await sql.end({ timeout: 0 })
    }
  }
  const loop = (async () => {
    while (!isStopped) {
      await serve().catch((error: unknown) => {
        if (!isStopped) log(`pg_net worker: ${error instanceof Error ? error.message : error}`)
      })
      if (!isStopped) await latch.wait(REST_MILLISECONDS)
    }
  })()
  return {
    pause: () => {
      isPaused = true
    },
    resume: () => {
      isPaused = false
      shouldWake = true
      latch.set()
    },
    faults: setFaults,
    stats: () => ({ ...stats }),
    stop: async () => {
      isStopped = true
      latch.set()
      // What is in flight is lost, as when the real worker dies.
      await session?.end({ timeout: 0 })
      await loop
    },
  }
}

/** @returns whether anything was sent or expired, which means that there may be more */
async function runBatch(
  sql: postgres.Sql,
  send: (request: NetRequest) => Promise<NetOutcome | undefined>,
): Promise<boolean> {
  return await sql.begin(async (tx) => {
    const [tables] = await tx<{ exist: boolean }[]>`
      select to_regclass('net.http_request_queue') is not null
         and to_regclass('net._http_response') is not null as exist`
    if (!tables?.exist) return false
    const expired = await tx`
      delete from net._http_response
       where ctid = any (array(
         select ctid from net._http_response
          where created < now() - ${RESPONSES_LIVE}::interval
          order by created limit ${BATCH_SIZE}))`
    const requests = await tx<NetRequest[]>`
      with taken as (
        delete from net.http_request_queue
         where id = any (array(
           select id from net.http_request_queue order by id limit ${BATCH_SIZE}))
        returning id::text, upper(method) as method, url, headers, body, timeout_milliseconds)
      select * from taken order by id::bigint`
    const outcomes = await Promise.all(
      requests.map(async (request) => ({ id: request.id, outcome: await send(request) })),
    )
    for (const { id, outcome } of outcomes) {
      if (outcome) await storeResponse(tx, id, outcome)
    }
    return requests.length > 0 || expired.count > 0
  })
}

async function storeResponse(
  tx: postgres.TransactionSql,
  id: string,
  outcome: NetOutcome,
): Promise<void> {
  await tx`
    insert into net._http_response
      (id, status_code, content_type, headers, content, timed_out, error_msg)
    values (
      ${id}, ${outcome.status_code}, ${outcome.content_type},
      ${outcome.headers === null ? null : tx.json(outcome.headers)},
      ${outcome.content}, ${outcome.timed_out}, ${outcome.error_msg})`
}

function sleep(milliseconds: number): Promise<void> {
  return milliseconds > 0
    ? new Promise((resolve) => setTimeout(resolve, milliseconds))
    : Promise.resolve()
}
