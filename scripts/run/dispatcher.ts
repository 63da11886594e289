/**
 * Hears what the database asks for and calls the gateway: what pg_net does in a hosted project. A request
 * that is lost here costs time only, the sweep asks again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import type { FerryError } from '../../shared/platform/errors.ts'
import { targetAddress } from '../../shared/target/connect.ts'
import { at, refusal } from './failure.ts'
import { runActive, WORKER } from './functions.ts'
import { News } from './news.ts'

export interface Dispatcher {
  /** Told whenever steps have become due and with every event of a migration. */
  readonly news: News
  /** Listens, again where the connection was lost since; cheap where it was not. */
  listen(): Promise<void>
  close(): Promise<void>
}

const DISPATCH = 'supaferry_dispatch'
const NEWS = 'supaferry_news'
/** How long the server may take to notice that a killed run has gone, in milliseconds. */
const PATIENCE = 3000

/**
 * Opens the connection, which also holds the lock that keeps a second run out of this database.
 * @param gatewayUrl where the functions are served
 * @throws FerryError `run_active`; `target_unreachable` and its like
 */
export async function openDispatcher(target: string, gatewayUrl: string): Promise<Dispatcher> {
  const endpoint = `${gatewayUrl}/functions/v1/${WORKER}`
  const news = new News()
  const onnotify = (channel: string, body: string) => {
    if (channel === NEWS) news.tell()
    else void call(endpoint, body)
  }
  const connect = () =>
    postgres({
      ...targetAddress(target),
      // The driver knows this option; its types do not.
      ...{ onnotify },
      max: 1,
      prepare: false,
      fetch_types: false,
      max_lifetime: null,
      connect_timeout: 10,
      connection: { application_name: 'supaferry run' },
      onnotice: () => undefined,
    })
  const sql = connect()
  const takeLock = async () => {
    const [row] = await sql<{ taken: boolean }[]>`
      select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('migration.run', 0)) as taken`
    return row?.taken === true
  }
  const listen = () => sql.unsafe(`listen ${DISPATCH}; listen ${NEWS}`)
  const open = async () => {
    await requireOwnSession(sql, connect())
    for (const end = performance.now() + PATIENCE; !(await takeLock()); await sleep(100)) {
      if (performance.now() > end) throw runActive()
    }
    await listen()
  }
  try {
    await at('target', open())
  } catch (error) {
    await sql.end({ timeout: 0 })
    throw error
  }
  return {
    news,
    async listen() {
      await listen()
    },
    async close() {
      await sql.end({ timeout: 1 })
    },
  }
}

/** Looks at a server process that two connections share before it is taken for chance; it never is. */
const LOOKS = 5

/**
 * Behind a pooler of transactions every statement may meet another session: what one of them listens for
 * or locks is another's. Two connections of their own never have the same server process.
 * @throws FerryError `target_pooled`
 */
async function requireOwnSession(sql: Sql, other: Sql): Promise<void> {
  const processOf = async (asked: Sql) => {
    const [row] = await asked<{ pid: number }[]>`select pg_catalog.pg_backend_pid() as pid`
    return row?.pid
  }
  try {
    const own = await processOf(sql)
    for (let look = 0; look < LOOKS; look++) {
      const others = await processOf(other)
      if (others === own || (await processOf(sql)) !== own) throw pooled()
    }
  } finally {
    await other.end({ timeout: 1 })
  }
}

function pooled(): FerryError {
  return refusal(
    'target_pooled',
    'The address of the target is that of a pooler that gives out a session per transaction.',
    'Give the direct address of the database, or the pooler’s port for whole sessions (5432 on a hosted project, not 6543).',
  )
}

async function call(endpoint: string, body: string): Promise<void> {
  try {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(endpoint, { method: 'POST', headers, body })
    await answer.arrayBuffer()
  } catch {
    // The gateway closes, or the function died: the sweep finds out.
  }
}
