/** A migration whose verification is looked at from the outside: verbs, passes, findings by name. */
import postgres, { type Sql } from 'postgres'
import { afterAll, expect } from 'vitest'
import type { Project } from '../../scripts/local/index.ts'
import { start } from '../fidelity/move.ts'
import { eventually } from '../support/eventually.ts'
import { type TestFixture, testProject } from '../support/project.ts'

export interface Pass {
  readonly id: string
  readonly kind: 'verify' | 'repair'
  readonly mode: string
  readonly is_gate: boolean
  readonly status: 'running' | 'passed' | 'failed' | 'aborted'
  readonly validated: number
  readonly issues: number
  readonly failure_code: string | null
}

export interface Found {
  readonly entity: string
  readonly check: string
  readonly kind: string
  readonly severity: string
  readonly key: readonly string[] | null
  readonly columns: readonly string[]
  readonly object: string | null
  readonly detail: Readonly<Record<string, string | number | null>>
}

export interface Scene {
  readonly project: Project
  /** The target, as the owner of what a migration makes there. */
  readonly target: Sql
  /** The target, as its superuser. */
  readonly superuser: Sql
  /** The source, as its owner. */
  readonly source: Sql
  readonly targetUrl: string
  readonly sourceUrl: string
  start(plan?: object): Promise<string>
  /** @returns the id of a migration that is paused with its gate begun and no batch of it claimed */
  startHeld(plan?: object): Promise<string>
  control(action: string, id: string, more?: object): Promise<void>
  /** A refused verb. @returns its code */
  refused(action: string, id: string): Promise<string>
  /** The newest pass, once none is at work. */
  settled(id: string, within?: number): Promise<Pass>
  statusOf(id: string): Promise<{ status: string; failure_code: string | null }>
  findings(pass: string): Promise<readonly Found[]>
}

/** Call it at the top level of a test file; it cleans up after the last test. */
export async function openScene(): Promise<Scene> {
  const fixture = await testProject({ faults: {} })
  const { project, servers, targetUrl, sourceUrl } = fixture
  const open = (url: string) => postgres(url, { max: 4, onnotice: () => undefined })
  const name = new URL(targetUrl).pathname.slice(1)
  const [target, source] = [open(targetUrl), open(sourceUrl)]
  const superuser = open(servers.target.url(name, servers.target.superuser))
  afterAll(() => Promise.all([target.end(), source.end(), superuser.end()]))
  const begin = (plan: object = {}) =>
    start({ project, targetUrl, source: fixture.readerUrl, plan })
  return {
    project,
    target,
    superuser,
    source,
    targetUrl,
    sourceUrl,
    start: begin,
    async startHeld(plan) {
      await holdAtGate(target)
      const id = await begin(plan)
      await eventually(() => isHeld(target, id), { what: 'the gate is reached', within: 40_000 })
      await target`drop trigger hold_at_gate on migration.orchestrations`
      return id
    },
    async control(action, id, more = {}) {
      const { status, text } = await call(fixture, { action, migration_id: id, ...more })
      if (status !== 200) throw new Error(`${action} answered ${status}: ${text}`)
    },
    async refused(action, id) {
      const { status, text } = await call(fixture, { action, migration_id: id })
      expect(status).toBe(409)
      return (JSON.parse(text) as { error: { code: string } }).error.code
    },
    settled: (id, within = 40_000) =>
      eventually(() => newestPass(target, id), { what: 'the pass ends', within, every: 50 }),
    async statusOf(id) {
      const [row] = await target<{ status: string; failure_code: string | null }[]>`
        select status, failure_code from migration.orchestrations where id = ${id}`
      return { ...row! }
    },
    findings: (pass) => readFindings(target, pass),
  }
}

async function call({ project }: TestFixture, body: object) {
  const response = await fetch(`${project.url}/functions/v1/control`, {
    method: 'POST',
    headers: { apikey: project.keys.secret, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, text: await response.text() }
}

/** Pauses a migration in the statement that says that its rows and steps are done. */
async function holdAtGate(sql: Sql): Promise<void> {
  await sql
    .unsafe(`
    create or replace function public.hold_at_gate() returns trigger language plpgsql as $$
    begin new.control_state := 'paused'; return new; end $$;
    create trigger hold_at_gate before update on migration.orchestrations for each row
      when (old.finished_at is null and new.finished_at is not null) execute function public.hold_at_gate()`)
    .simple()
}

async function isHeld(sql: Sql, id: string): Promise<boolean> {
  const [row] = await sql<{ state: string; status: string; claimed: number }[]>`
    select control_state as state, status, (select count(*)::int from migration.batches b
             where b.migration_id = o.id and b.kind = 'verify' and b.attempt > 0) as claimed
      from migration.orchestrations o where id = ${id}`
  if (row?.status === 'failed') throw new Error('the copy failed')
  if (row?.state !== 'paused') return false
  expect(row.claimed).toBe(0)
  return true
}

async function newestPass(sql: Sql, id: string): Promise<Pass> {
  const [pass] = await sql<(Pass & { open: string | null })[]>`
    select v.id, v.kind, v.mode, v.is_gate, v.status, v.records_validated::int as validated,
           v.issues_found::int as issues, v.failure_code, o.verification_id as open
      from migration.verifications v join migration.orchestrations o on o.id = v.migration_id
     where v.migration_id = ${id} order by v.started_at desc limit 1`
  if (pass === undefined || pass.open !== null || pass.status === 'running') {
    const [errors] = await sql<{ codes: string[] }[]>`
      select array(select distinct concat_ws(' ', error_code, sqlstate, error_message) from migration.errors
                    where migration_id = ${id}) as codes`
    throw new Error(`pass ${pass?.kind} ${pass?.status}, errors ${errors?.codes.join('; ')}`)
  }
  return pass
}

async function readFindings(sql: Sql, pass: string): Promise<readonly Found[]> {
  return sql<Found[]>`
    select entity_name as entity, check_name as "check", kind, severity, row_key as key, columns,
           object_name as object, detail
      from migration.verification_findings where verification_id = ${pass}`
}

/** A finding in one line: whatever of it is the same in every run. */
export function named({ entity, kind, severity, key, columns, object, detail }: Found): string {
  const table = entity.replace(/^public\./, '')
  if (kind === 'schema') {
    return `${severity === 'warning' ? '! ' : ''}${detail.code} ${object} of ${table}`
  }
  const [source, target] = [detail.source_count, detail.target_count]
  const parts: unknown[] = [kind, table]
  if (kind === 'count') parts.push(Number(detail.target_rows) - Number(detail.source_rows))
  if (key !== null) parts.push(JSON.stringify(key))
  if (columns.length > 0) parts.push(columns.join(' + '))
  if (source !== undefined) parts.push(`${source} to ${target}`)
  return parts.join(' ')
}
