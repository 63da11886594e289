/** A lane's connection that is lost between two statements: the next one fails, at once and for good. */
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { expect, it } from 'vitest'
import { openLaneTarget } from '../../shared/target/connect.ts'
import { testDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'

it('a statement on a lost connection neither waits for ever nor runs on another one', async () => {
  const { url, drop } = await testDatabase()
  const admin = postgres(url, { max: 1, onnotice: () => undefined })
  const { sql } = openLaneTarget(url)
  const [session] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
  let inside: unknown = 'not reached'
  const work = sql.begin(async (tx) => {
    await tx`select 1`
    await admin`select pg_terminate_backend(${session!.pid}, 2000)`
    await sleep(100)
    inside = await outcome(tx`select 2`)
  })
  expect(await outcome(work)).toMatch(/^CONNECTION_|^57P01/)
  await eventually(() => inside !== 'not reached', { what: 'the next statement' })
  expect(inside).toMatch(/^CONNECTION_/)
  expect(await outcome(sql`select 3`)).toMatch(/^CONNECTION_/)
  await admin.end()
  await drop()
})

/** The code of the failure, `done`, or `waits` after two seconds. */
async function outcome(work: Promise<unknown>): Promise<string> {
  return await Promise.race([
    work.then(
      () => 'done',
      (error: { code?: string }) => String(error.code),
    ),
    sleep(2000).then(() => 'waits'),
  ])
}

it('what a server still sends on a connection that was given up reaches nobody', async () => {
  const { url, drop } = await testDatabase()
  const admin = postgres(url, { max: 1, onnotice: () => undefined })
  const { sql } = openLaneTarget(url)
  const [session] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
  // Two statements under way, as a pinned session and its copy are: the driver forgets both.
  const copied = outcome(
    sql.begin(async (tx) => {
      const first = tx`select pg_sleep(0.3)`.execute()
      first.catch(() => undefined)
      await tx.unsafe('copy (select 1) to stdout').readable()
    }),
  )
  await sleep(100)
  await sql.end({ timeout: 0 })
  expect(await copied).toMatch(/^CONNECTION_/)
  // In the driver it would raise where nobody catches it, and end the function.
  const gone = async () => {
    const rows = await admin`select from pg_stat_activity where pid = ${session!.pid}`
    return rows.length === 0
  }
  await eventually(gone, { what: 'the session ends' })
  await admin.end()
  await drop()
})
