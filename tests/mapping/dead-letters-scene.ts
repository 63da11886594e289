/** A thousand visits, some of them poison, and the verbs of whoever puts that right. */
import postgres, { type Sql } from 'postgres'
import type { Project } from '../../scripts/local/index.ts'
import { entityNamespace, nameUuid } from '../../shared/projection/name-uuid.ts'
import { move } from '../fidelity/move.ts'
import { eventually } from '../support/eventually.ts'

export const VISITS = 1000

export interface Clinic {
  /** Source and target schema, and source system: each test has its own. */
  readonly name: string
  readonly migration: string
}

export interface Letter {
  readonly source_key: string
  readonly error_code: string
  readonly rule: string | null
  readonly columns: readonly string[]
  readonly is_resolved: boolean
  readonly resolution: string | null
  readonly resolution_notes: string | null
}

export interface Counters {
  readonly status: string
  readonly read: number
  readonly loaded: number
  readonly failed: number
  readonly filtered: number
}

export interface Scene {
  readonly project: Project
  readonly targetUrl: string
  readonly readerUrl: string
  readonly source: Sql
  readonly target: Sql
}

/** @param cost what the plan makes of the text in `cost` */
export function visitsPlan(
  name: string,
  cost: object = { op: 'cast', of: 'cost', to: 'numeric(10,2)' },
) {
  return {
    version: 1,
    name: 'visits',
    source: { secret: 'FIDELITY_SOURCE', schemas: [name], system: name.replaceAll('_', '-') },
    rename: { schemas: { [name]: `${name}_new` } },
    settings: { lanes: 2, batch_rows: 100 },
    entities: [
      { source: `${name}.patients`, id: { strategy: 'uuid' } },
      {
        source: `${name}.visits`,
        id: { strategy: 'uuid' },
        columns: {
          patient_id: { op: 'reference', to: `${name}.patients`, of: 'patient_id' },
          cost,
          note: 'note',
        },
      },
    ],
  }
}

/** The UUID that a row gets. */
export function idOf(name: string, table: string, key: string): string {
  return nameUuid(entityNamespace(name, `${name}.${table}`), key)
}

/** Fills a source of its own; `poison` are costs by the id of their visit. */
export async function fill(
  source: Sql,
  name: string,
  poison: Readonly<Record<number, string>>,
): Promise<void> {
  const schema = source(name)
  await source`create schema ${schema}`
  await source`create table ${schema}.patients (id integer primary key, name text not null)`
  await source`create table ${schema}.visits (
    id integer primary key, patient_id integer not null, cost text, note text)`
  await source`insert into ${schema}.patients select n, 'patient ' || n from generate_series(1, 50) n`
  await source`
    insert into ${schema}.visits
    select n, 1 + n % 50, (n / 4.0)::numeric(10, 2)::text, 'note ' || n from generate_series(1, ${VISITS}) n`
  for (const [id, cost] of Object.entries(poison)) {
    await source`update ${schema}.visits set cost = ${cost} where id = ${Number(id)}`
  }
  await source`grant usage on schema ${schema} to public`
  await source`grant select on all tables in schema ${schema} to public`
}

/** The completed migration of such a source. */
export async function moved(
  scene: Scene,
  name: string,
  poison: Readonly<Record<number, string>>,
): Promise<Clinic> {
  await fill(scene.source, name, poison)
  const { project, targetUrl, readerUrl } = scene
  const plan = visitsPlan(name)
  return { name, migration: await move({ project, targetUrl, source: readerUrl, plan }) }
}

export async function post(project: Project, name: string, body: object) {
  const response = await fetch(`${project.url}/functions/v1/${name}`, {
    method: 'POST',
    headers: { apikey: project.keys.secret, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer = (await response.json()) as {
    error?: { code: string; path?: string }
    resolved?: number
  }
  return { status: response.status, code: answer.error?.code, answer }
}

/** Waits for the verification that follows a replay, or that was asked for. */
export async function verdict({ target }: Scene, { migration }: Clinic): Promise<string> {
  return eventually(
    async () => {
      const [pass] = await target<{ kind: string; status: string }[]>`
        select kind, status from migration.verifications
         where migration_id = ${migration} order by started_at desc, status = 'running' desc limit 1`
      if (pass?.kind === 'verify' && pass.status !== 'running') return pass.status
      const waiting = await target`
        select kind, check_name, status, attempt, error_summary from migration.batches
         where migration_id = ${migration} and status <> 'completed'`
      throw new Error(JSON.stringify([pass, waiting]))
    },
    { what: 'a verdict', within: 30_000, every: 100 },
  )
}

export async function letters({ target }: Scene, { migration }: Clinic): Promise<Letter[]> {
  return [
    ...(await target<Letter[]>`
      select source_key, error_code, rule, columns, is_resolved, resolution, resolution_notes
        from migration.dead_letters where migration_id = ${migration} order by source_key::integer`),
  ]
}

/** Of the visits. */
export async function counters({ target }: Scene, { migration, name }: Clinic): Promise<Counters> {
  const [row] = await target<Counters[]>`
    select o.status, e.records_read::integer as read, e.records_processed::integer as loaded,
           e.records_failed::integer as failed, e.records_filtered::integer as filtered
      from migration.entity_statuses e join migration.orchestrations o on o.id = e.migration_id
     where e.migration_id = ${migration} and e.entity_name = ${`${name}.visits`}`
  return row!
}

/** The visit that came of a row of the source, by its map. */
export async function visit({ target }: Scene, { name }: Clinic, key: number) {
  const rows = await target<{ id: string; cost: string | null; note: string }[]>`
    select v.id::text, v.cost::text, v.note from ${target(`${name}_new`)}.visits v
      join migration.mappings m on m.destination_id = v.id
     where m.source_table = ${`${name}.visits`} and m.source_id = ${String(key)}`
  return rows.map((row) => ({ ...row }))
}

export function openDatabases(sourceUrl: string, targetUrl: string) {
  const options = { max: 1, onnotice: () => undefined }
  return { source: postgres(sourceUrl, options), target: postgres(targetUrl, options) }
}
