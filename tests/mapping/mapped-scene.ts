/**
 * Small mapped migrations through the real functions: a schema of the source in SQL, a plan over it, and
 * what came of it. Each has a schema, a target and a source system of its own name: many run side by side.
 */
import postgres, { type Sql } from 'postgres'
import { afterAll } from 'vitest'
import type { Project } from '../../scripts/local/index.ts'
import { ended, start } from '../fidelity/move.ts'
import { eventually } from '../support/eventually.ts'
import { makeImpatient } from '../support/fault-settings.ts'
import { testProject } from '../support/project.ts'

export interface Told {
  /** Schema of the source; the target's has `_new` behind it. */
  readonly name: string
  /** Statements over the source, found by bare names. */
  readonly source?: string
  /** Statements over the target, before anything is moved. */
  readonly target?: string
  readonly entities: string | readonly object[]
  readonly lanes?: number
  readonly batchRows?: number
  /** Anything else of a plan. */
  readonly more?: object
}

/** Of one entity: what was read is loaded, failed or filtered. */
export interface Count {
  readonly status: string
  readonly read: number
  readonly loaded: number
  readonly failed: number
  readonly filtered: number
}

export interface MappedScene {
  readonly project: Project
  readonly source: Sql
  readonly target: Sql
  readonly targetUrl: string
  /** Address of the source as migrations have it, in the secret FIDELITY_SOURCE. */
  readonly readerUrl: string
  /** The source as its owner. */
  readonly sourceUrl: string
  /** Makes source and target; nothing is moved. */
  prepare(told: Told): Promise<void>
  /** Starts a migration; source and target are there. */
  begin(told: Told): Promise<string>
  /** Prepares, begins and waits for the end. @throws Error where it does not end as `completed` */
  move(told: Told): Promise<string>
  /** What all unresolved dead letters say: `key code`, in the order of whole numbers or of texts. */
  letters(id: string, table: string): Promise<string[]>
  count(id: string, table: string): Promise<Count>
  /** Rows of a query as one text each: columns with a blank between them, `-` for null. */
  rows(query: string): Promise<string[]>
  /** The end of a migration and why, with its errors that are no refused rows. */
  state(id: string): Promise<{ status: string; code: string | null; errors: string[] }>
  /** Waits for the verification that follows a replay. @throws Error where it does not pass */
  verified(id: string): Promise<void>
  control(body: object): Promise<{ status: number; code: string | undefined }>
}

export interface SceneOptions {
  /** Of the source, whom migrations read as; by default one that can only read. */
  readonly role?: string
  /** Servers for this file alone: for what other files' transactions would hold up. */
  readonly ownServers?: boolean
}

/** Call it at the top level of a test file. */
export async function mappedScene({ role, ownServers }: SceneOptions = {}): Promise<MappedScene> {
  const { project, targetUrl, sourceUrl, readerUrl } = await testProject({
    ...(ownServers === undefined ? {} : { ownServers }),
    // A lost request costs a minute, and is other tests' matter.
    faults: { duplicate: 0.2, delay: { probability: 0.2, maxMilliseconds: 50 } },
  })
  const open = (url: string) => postgres(url, { max: 2, onnotice: () => undefined })
  const source = open(sourceUrl)
  const target = open(targetUrl)
  afterAll(() => Promise.all([source.end(), target.end()]))
  await makeImpatient(targetUrl)
  const scene: MappedScene = {
    project,
    source,
    target,
    targetUrl,
    readerUrl: as(readerUrl, role),
    sourceUrl,
    async prepare({ name, source: at = '', target: there }) {
      await source.unsafe(`create schema ${name}; set search_path = ${name}, pg_catalog; ${at};
        grant usage on schema ${name} to public; grant select on all tables in schema ${name} to public;
        reset search_path`)
      if (there !== undefined) {
        await target.unsafe(`create schema if not exists ${name}_new;
          set search_path = ${name}_new, pg_catalog; ${there}; reset search_path`)
      }
    },
    begin: (told) => start({ project, targetUrl, source: scene.readerUrl, plan: planOf(told) }),
    async move(told) {
      await scene.prepare(told)
      const id = await scene.begin(told)
      const { status } = await ended(targetUrl, id, 50_000)
      if (status !== 'completed') throw new Error(JSON.stringify(await whatIsWrong(target, id)))
      return id
    },
    async letters(id, table) {
      const rows = await target<{ told: string }[]>`
        select source_key || ' ' || error_code as told from migration.dead_letters
         where migration_id = ${id} and split_part(entity_name, '.', 2) = ${table} and not is_resolved
         order by case when source_key ~ '^[0-9]+$' then source_key::bigint end, source_key, error_code`
      return rows.map(({ told }) => told)
    },
    async count(id, table) {
      const [row] = await target<Count[]>`
        select status, records_read::int as read, records_processed::int as loaded,
               records_failed::int as failed, records_filtered::int as filtered
          from migration.entity_statuses
         where migration_id = ${id} and split_part(entity_name, '.', 2) = ${table}`
      return { ...row! }
    },
    async rows(query) {
      const rows = await target.unsafe(query).values()
      return rows.map((row) => row.map((value) => value ?? '-').join(' '))
    },
    async state(id) {
      const [row] = await target<{ status: string; code: string | null }[]>`
        select status, failure_code as code from migration.orchestrations where id = ${id}`
      const errors = await target<{ error_code: string }[]>`
        select error_code from migration.errors where migration_id = ${id} and not is_dead_letter order by 1`
      return { ...row!, errors: errors.map(({ error_code }) => error_code) }
    },
    async verified(id) {
      const verdict = await eventually(
        async () => {
          const [pass] = await target<{ kind: string; status: string }[]>`
            select kind, status from migration.verifications
             where migration_id = ${id} order by started_at desc, status = 'running' desc limit 1`
          if (pass?.kind === 'verify' && pass.status !== 'running') return pass.status
          throw new Error(JSON.stringify(pass))
        },
        { what: 'a verdict', within: 30_000, every: 100 },
      )
      if (verdict !== 'passed') throw new Error(JSON.stringify(await whatIsWrong(target, id)))
    },
    async control(body) {
      const response = await fetch(`${project.url}/functions/v1/control`, {
        method: 'POST',
        headers: { apikey: project.keys.secret, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const answer = (await response.json()) as { error?: { code: string } }
      return { status: response.status, code: answer.error?.code }
    },
  }
  return scene
}

function planOf({ name, entities, lanes = 2, batchRows = 2000, more }: Told): object {
  return {
    name,
    source: { secret: 'FIDELITY_SOURCE', schemas: [name], system: name.replaceAll('_', '-') },
    rename: { schemas: { [name]: `${name}_new` } },
    settings: { lanes, batch_rows: batchRows },
    entities,
    ...more,
  }
}

/** Errors and findings, for whoever reads of a failed test. */
async function whatIsWrong(target: Sql, id: string): Promise<unknown> {
  const [state] = await target`
    select status, failure_code, failure_reason from migration.orchestrations where id = ${id}`
  const errors = await target`
    select error_code, sqlstate, source_record_id, error_message from migration.errors where migration_id = ${id} limit 20`
  const findings = await target`
    select e.entity_name, f.check_name, f.kind, f.row_key, f.columns, f.detail from migration.findings f
      left join migration.entity_statuses e on e.id = f.entity_status_id where f.migration_id = ${id} limit 20`
  return { state, errors, findings }
}

function as(address: string, role: string | undefined): string {
  if (role === undefined) return address
  const url = new URL(address)
  url.username = role
  return url.href
}
