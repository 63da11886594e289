/**
 * A project at which nothing moves but the request under test: two migrations wait, no request of the
 * database is sent, nothing sweeps, and the clock stands, so that no dispatch expires. Every row that
 * appears was written by a request.
 */
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import type { Project } from '../../scripts/local/index.ts'
import { testProject } from '../support/project.ts'
import { type AuditEntry, auditLog, type Snapshot, snapshot } from './snapshot.ts'

export type Headers = Readonly<Record<string, string>>

export interface Call {
  readonly function: string
  readonly method: 'GET' | 'POST'
  readonly query?: string
  readonly body?: unknown
}

export interface Answer {
  readonly status: number
  readonly body: {
    readonly migration_id?: string
    readonly error?: { readonly code: string; readonly path?: string }
  }
}

export interface Standstill {
  readonly project: Project
  readonly sql: Sql
  /** Ids of the migrations that wait; known once the tests run. */
  readonly migrations: { first: string; second: string }
  send(what: Call, headers: Headers, body: BodyInit | null): Promise<Response>
  call(what: Call, headers: Headers): Promise<Answer>
  secretKey(): Headers
  /** Since the test began, nothing was written but this many entries of the audit log, which it returns. */
  expectUntouched(entries: number): Promise<readonly AuditEntry[]>
}

export const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })

export const STEERING = ['pause', 'resume', 'cancel', 'retry']

export const VERBS = {
  start: (schema: string): Call => ({
    function: 'start',
    method: 'POST',
    body: { plan: plan(schema) },
  }),
  list: (): Call => ({ function: 'status', method: 'GET' }),
  report: (migration_id: string): Call => ({
    function: 'status',
    method: 'GET',
    query: `?migration_id=${migration_id}`,
  }),
  control: (action: string, migration_id: string): Call => ({
    function: 'control',
    method: 'POST',
    body: { action, migration_id },
  }),
}

export function plan(schema: string) {
  return {
    version: 1,
    name: 'standstill',
    source: { secret: 'LEGACY_DATABASE_URL' },
    entities: [{ source: 'public.patients', target: `${schema}.patients` }],
  }
}

/** Call it at the top level of a test file. */
export async function openStandstill(): Promise<Standstill> {
  const { project, targetUrl, sourceUrl } = await testProject()
  const sql = postgres(targetUrl, { max: 1, onnotice: () => undefined })
  const migrations = { first: '', second: '' }
  let before: Snapshot
  let audited = 0
  const rig: Standstill = {
    project,
    sql,
    migrations,
    send: (what, headers, body) =>
      fetch(`${project.url}/functions/v1/${what.function}${what.query ?? ''}`, {
        method: what.method,
        headers: { 'content-type': 'application/json', ...headers },
        body,
      }),
    async call(what, headers) {
      const body = what.body === undefined ? null : JSON.stringify(what.body)
      const response = await rig.send(what, headers, body)
      return { status: response.status, body: (await response.json()) as Answer['body'] }
    },
    secretKey: () => ({ apikey: project.keys.secret }),
    async expectUntouched(entries) {
      expect(await snapshot(sql)).toEqual(before)
      const written = (await auditLog(sql)).slice(audited)
      expect(written).toHaveLength(entries)
      return written
    },
  }
  beforeAll(async () => {
    await fillSource(sourceUrl)
    project.net.pause()
    project.cron.pause()
    migrations.first = await started(rig, 'one')
    migrations.second = await started(rig, 'two')
    await stopTheClock(sql)
  })
  beforeEach(async () => {
    before = await snapshot(sql)
    audited = (await auditLog(sql)).length
  })
  afterAll(() => sql.end())
  return rig
}

async function fillSource(url: string): Promise<void> {
  const source = postgres(url, { max: 1, onnotice: () => undefined })
  await source`create table public.patients (id integer primary key, name text)`
  await source`insert into public.patients select n, 'somebody' from generate_series(1, 10) n`
  await source`grant select on public.patients to public`
  await source.end()
}

async function started(rig: Standstill, schema: string): Promise<string> {
  const { status, body } = await rig.call(VERBS.start(schema), rig.secretKey())
  expect(status, JSON.stringify(body)).toBe(202)
  return String(body.migration_id)
}

async function stopTheClock(sql: Sql): Promise<void> {
  const [row] = await sql<{ now: string }[]>`select migration.clock()::text as now`
  await sql.unsafe(`create or replace function migration.clock() returns timestamptz
    language sql volatile set search_path = '' as $$ select timestamptz '${row!.now}' $$`)
}
