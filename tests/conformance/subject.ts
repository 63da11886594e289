/**
 * What the conformance suite is run against.
 *
 * By default the stand-ins of the embedded project. With `CONFORMANCE_DATABASE_URL` (the role `postgres` of
 * a project that may be changed) the real extensions, so that the stand-ins can be checked against them:
 *
 *     CONFORMANCE_DATABASE_URL='postgresql://postgres:…@…/postgres' npx vitest run tests/conformance
 *
 * The real pg_net must be able to reach this machine: `CONFORMANCE_LISTEN_HOST` (default 127.0.0.1) is the
 * address that the tests listen on and send requests to. Tests that restart the server, or that look at the
 * embedded project itself, are skipped there and say so.
 */
import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { afterAll } from 'vitest'
import { testProject } from '../support/project.ts'

export const REAL_DATABASE_URL = process.env.CONFORMANCE_DATABASE_URL
export const isReal = REAL_DATABASE_URL !== undefined
export const SKIPPED = 'skipped on a real project: needs the embedded one'

export interface Subject {
  readonly sql: postgres.Sql
  readonly url: string
  /** A session of its own; ended with the file. */
  connect(): postgres.Sql
}

/** Call at the top level of a test file. No faults: the suite describes what the real extensions do. */
export async function openSubject(): Promise<Subject> {
  const url = REAL_DATABASE_URL ?? (await testProject({ faults: {} })).targetUrl
  const sessions: postgres.Sql[] = []
  const connect = () => {
    const session = postgres(url, { max: 1, prepare: false, onnotice: () => undefined })
    sessions.push(session)
    return session
  }
  // Registered after the project's own clean-up, so it runs before it.
  afterAll(async () => {
    await Promise.all(sessions.map((session) => session.end({ timeout: 1 })))
  })
  const sql = connect()
  await sql`create extension if not exists pg_cron with schema pg_catalog`
  await sql`create extension if not exists pg_net with schema extensions`
  return { sql, url, connect }
}

/** A name that no other run uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(4).toString('hex')}`
}

/** Arguments and result of functions, as the catalog prints them. */
export async function signatures(sql: postgres.Sql, names: readonly string[]): Promise<string[]> {
  const rows = await sql<{ signature: string }[]>`
    select format('%s.%s(%s) returns %s', n.nspname, p.proname, pg_get_function_arguments(p.oid),
                  pg_get_function_result(p.oid)) as signature
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname || '.' || p.proname = any (${names as string[]})
     order by 1`
  return rows.map((row) => row.signature)
}
