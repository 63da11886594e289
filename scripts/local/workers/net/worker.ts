/**
 * The worker of the pg_net stand-in, one per database, as the real one was measured: in one transaction it
 * deletes up to 200 requests from the queue, runs them at the same time, waits for the slowest, stores the
 * responses and commits; then it rests up to a second. No retries. It comes back a second after its server.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type postgres from 'postgres'
import type { Server } from '../../postgres/server.ts'
import { openSession } from '../../postgres/session.ts'
import { createLatch } from '../latch.ts'
import { createFates, type Fate, type NetFaults } from './faults.ts'
import { type Agents, createAgents, type NetOutcome, type NetRequest, perform } from './request.ts'

export interface NetStats {
  /** Requests that left, second copies included. */
  readonly sent: number
  readonly dropped: number
  readonly duplicated: number
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

export class NetWorker {
  readonly #options: NetWorkerOptions
  readonly #log: (line: string) => void
  readonly #latch = createLatch()
  readonly #stats = { sent: 0, dropped: 0, duplicated: 0 }
  readonly #life: Promise<void>
  #draw: () => Fate = createFates({}, 0)
  #session: postgres.Sql | undefined
  /** As in the real worker: only the first wake-up since it began to work sets the latch. */
  #shouldWake = true
  #isPaused = false
  #isStopped = false
  #isRestarting = false

  constructor(options: NetWorkerOptions) {
    this.#options = options
    this.#log = options.log ?? (() => {})
    this.faults(options.faults ?? {})
    this.#life = this.#live()
  }

  /** Replaces all faults; `{}` for none. */
  faults(faults: NetFaults): void {
    const seed = faults.seed ?? Math.floor(Math.random() * 2 ** 32)
    this.#draw = createFates(faults, seed)
    if (faults.drop || faults.duplicate || faults.delay) this.#log(`pg_net faults, seed ${seed}`)
  }

  /** No new batch is taken; the one in flight goes on. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#shouldWake = true
    this.#latch.set()
  }

  stats(): NetStats {
    return { ...this.#stats }
  }

  /** What is in flight is lost, as when the real worker dies. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#latch.set()
    await this.#session?.end({ timeout: 0 })
    await this.#life
  }

  async #live(): Promise<void> {
    while (!this.#isStopped) {
      await this.#serve().catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : error
        if (!this.#isStopped) this.#log(`pg_net worker: ${reason}`)
      })
      if (!this.#isStopped) await this.#latch.wait(REST_MILLISECONDS)
    }
  }

  async #serve(): Promise<void> {
    const { server, database } = this.#options
    const agents = createAgents()
    const sql = openSession(server, database, { applicationName: APPLICATION_NAME })
    this.#session = sql
    this.#shouldWake = true
    this.#isRestarting = false
    try {
      await sql.listen(
        CHANNEL,
        (payload) => this.#wake(payload),
        () => this.#wake(),
      )
      while (!this.#isStopped && !this.#isRestarting) {
        if (this.#shouldWake && !this.#isPaused) {
          this.#shouldWake = false
          await this.#drain(sql, agents)
        } else {
          // Not for ever: a connection that was lost while nothing was to do shows itself here.
          await this.#latch.wait(REST_MILLISECONDS)
          await sql`select 1`
        }
      }
    } finally {
      agents.http.destroy()
      agents.https.destroy()
      await sql.end({ timeout: 0 })
    }
  }

  #wake(payload = ''): void {
    if (payload === 'restart') this.#isRestarting = true
    if (!this.#shouldWake || this.#isRestarting) this.#latch.set()
    this.#shouldWake = true
  }

  /** Until nothing is left to send or to expire. */
  async #drain(sql: postgres.Sql, agents: Agents): Promise<void> {
    let hasWork = true
    while (hasWork && !this.#isStopped && !this.#isPaused && !this.#isRestarting) {
      hasWork = await runBatch(sql, (request) => this.#send(request, agents))
      await this.#latch.wait(REST_MILLISECONDS)
    }
  }

  async #send(request: NetRequest, agents: Agents): Promise<NetOutcome | undefined> {
    const fate = this.#draw()
    if (fate.isDropped) {
      this.#stats.dropped += 1
      return undefined
    }
    if (fate.duplicateAfter !== undefined) {
      this.#stats.duplicated += 1
      setTimeout(() => {
        this.#stats.sent += 1
        if (!this.#isStopped) void perform(request, agents)
      }, fate.duplicateAfter)
    }
    await sleep(fate.delayMilliseconds)
    this.#stats.sent += 1
    return perform(request, agents)
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
