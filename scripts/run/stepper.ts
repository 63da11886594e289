/** Runs the steps that follow the copy (keys, indexes, constraints, sequences), several at a time. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import { isRetryable } from '../../shared/platform/sqlstate.ts'
import { targetAddress } from '../../shared/target/connect.ts'
import { failureAt } from './failure.ts'
import { type News, until } from './news.ts'

export interface Stepper {
  /** Rejects where steps cannot be run at all; never resolves. */
  readonly failure: Promise<never>
  /** Cancels the steps at work, which are run again another time, and closes the connections. */
  stop(): Promise<void>
}

/** Milliseconds between two looks for a step where none was ready and no word came. */
const IDLE_PAUSE = 1000
/** Milliseconds after a failure of the connection. */
const FAILURE_PAUSE = 500

/** The database knows which step is due and writes down how it went; this only keeps it busy. */
export function startStepper(target: string, jobs: number, news: News): Stepper {
  // Steps are told by the name of their sessions: a connection may be another one by now.
  const name = `supaferry steps ${randomUUID()}`
  const address = targetAddress(target)
  const connect = (max: number, application_name: string): Sql =>
    postgres({
      ...address,
      max,
      prepare: false,
      fetch_types: false,
      max_lifetime: null,
      connect_timeout: 10,
      connection: { application_name },
      onnotice: () => undefined,
    })
  const stopping = new AbortController()
  const sessions = connect(jobs, name)
  const loops = Array.from({ length: jobs }, () => runSteps(sessions, news, stopping.signal))
  const failure = new Promise<never>((_, reject) => {
    for (const loop of loops) loop.catch(reject)
  })
  failure.catch(() => undefined) // whoever drives races it
  return {
    failure,
    async stop() {
      if (stopping.signal.aborted) return
      stopping.abort()
      const canceller = connect(1, 'supaferry run')
      await cancelUntil(canceller, name, Promise.allSettled(loops))
      await Promise.all([canceller.end({ timeout: 1 }), sessions.end({ timeout: 1 })])
    },
  }
}

async function runSteps(sql: Sql, news: News, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const word = news.next
    const pause = await tryOnce(sql)
    if (pause > 0) await until(word, pause, signal)
  }
}

/** Milliseconds to wait before the next look. */
async function tryOnce(sql: Sql): Promise<number> {
  try {
    const answers = await sql.unsafe(
      'set statement_timeout = 0; select migration.run_steps() as done',
    )
    const [row] = answers.at(-1) as unknown as { done: { ran: number } }[]
    return (row?.done.ran ?? 0) > 0 ? 0 : IDLE_PAUSE
  } catch (error) {
    // Cancelled, or the server went away: the step's transaction is gone, the step is still due.
    if (!isRetryable(error)) throw failureAt('target', error)
    return FAILURE_PAUSE
  }
}

/** A step that begins between two cancellations is met by the next. */
async function cancelUntil(sql: Sql, name: string, ended: Promise<unknown>): Promise<void> {
  let isOver = false
  const over = ended.then(() => {
    isOver = true
  })
  for (let tries = 0; !isOver && tries < 50; tries++) {
    await sql`
      select pg_catalog.pg_cancel_backend(pid) from pg_catalog.pg_stat_activity
       where application_name = ${name} and state = 'active'`.catch(() => undefined)
    await Promise.race([over, sleep(100)])
  }
}
