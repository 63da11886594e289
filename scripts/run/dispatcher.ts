/**
 * Hears what the database asks for and calls the gateway: what pg_net does in a hosted project. A request
 * that is lost here costs time only, the sweep asks again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { targetAddress } from '../../shared/target/connect.ts'
import { at } from './failure.ts'
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
  const sql = postgres({
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
  const takeLock = async () => {
    const [row] = await sql<{ taken: boolean }[]>`
      select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('migration.run', 0)) as taken`
    return row?.taken === true
  }
  const listen = () => sql.unsafe(`listen ${DISPATCH}; listen ${NEWS}`)
  const open = async () => {
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

async function call(endpoint: string, body: string): Promise<void> {
  try {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(endpoint, { method: 'POST', headers, body })
    await answer.arrayBuffer()
  } catch {
    // The gateway closes, or the function died: the sweep finds out.
  }
}
