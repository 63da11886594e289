/**
 * Small migrations that are kept in step with their source: real functions, real servers. A scene has a
 * source and a target of its own names; sweeps are begun by the test, one by one.
 */
import type { Sql } from 'postgres'
import {
  type MappedScene,
  mappedScene,
  type SceneOptions,
  type Told,
} from '../mapping/mapped-scene.ts'
import { eventually } from '../support/eventually.ts'

export type Scope = 'changes' | 'deletes' | 'hash'

/** What a sweep did, by table. */
export interface Swept {
  readonly id: string
  readonly status: string
  readonly code: string | null
  /** `inserted updated deleted refused`, of tables with something to do. */
  readonly did: Readonly<Record<string, string>>
}

export interface SyncScene extends MappedScene {
  /** Moves a plan with `sync` and waits until the first sweep has caught up. */
  follow(told: Told & { readonly sync?: object }): Promise<string>
  /** Begins a sweep and waits for its end. */
  sweep(id: string, scope?: Scope, task?: object): Promise<Swept>
  /** Waits for the end of a sweep that was begun. */
  sweepEnded(sweepId: string): Promise<Swept>
  /** Rows of the same query on both sides, as texts; the query names its table as `{schema}.name`. */
  both(name: string, query: string): Promise<{ source: string[]; target: string[] }>
}

/** The test says when to sweep. */
export const unscheduled = { changes: null, deletes: null, hash: null }

/** Call it at the top level of a test file. */
export async function syncScene(options: SceneOptions = {}): Promise<SyncScene> {
  const scene = await mappedScene(options)
  const { source, target } = scene
  const all: SyncScene = {
    ...scene,
    async follow({ sync = {}, ...told }) {
      await scene.prepare(told)
      const more = { ...told.more, sync: { schedule: unscheduled, ...sync } }
      const id = await scene.begin({ ...told, more })
      await caughtUp(target, id)
      return id
    },
    sweep: (id, scope, task) => sweepOf(target, id, scope, task),
    sweepEnded: (sweepId) => ended(target, sweepId),
    async both(name, query) {
      const at = query.replaceAll('{schema}', name)
      const there = query.replaceAll('{schema}', `${name}_new`)
      return { source: await texts(source, at), target: await texts(target, there) }
    },
  }
  return all
}

/** Waits for the end of the first sweep. */
export async function caughtUp(target: Sql, id: string): Promise<void> {
  await eventually(() => isCaughtUp(target, id), {
    what: 'the first sweep',
    within: 180_000,
    every: 100,
  })
}

/** Begins a sweep and waits for its end. */
export async function sweepOf(
  target: Sql,
  id: string,
  scope: Scope = 'changes',
  task: object = {},
): Promise<Swept> {
  const [row] = await target<{ sweep: string }[]>`
    select migration.sweep(${id}, 'test', ${scope}, ${JSON.stringify(task)}::text::jsonb) ->> 'sweep_id' as sweep`
  return ended(target, row!.sweep)
}

async function ended(target: Sql, sweepId: string): Promise<Swept> {
  const state = await eventually(
    async () => {
      const [sweep] = await target<{ status: string; code: string | null }[]>`
        select status, failure_code as code from migration.orchestrations where id = ${sweepId}`
      if (sweep?.status === 'completed' || sweep?.status === 'failed') return sweep
      throw new Error(JSON.stringify(await open(target, sweepId)))
    },
    { what: 'the end of a sweep', within: 180_000, every: 25 },
  )
  return { id: sweepId, ...state, did: await whatItDid(target, sweepId) }
}

async function isCaughtUp(target: Sql, id: string): Promise<boolean> {
  const [row] = await target<{ caught: boolean; code: string | null }[]>`
    select s.caught_up_at is not null as caught, o.failure_code as code from migration.orchestrations o
      left join migration.sync_states s on s.migration_id = o.id where o.id = ${id}`
  if (row?.caught) return true
  throw new Error(JSON.stringify([row, await errors(target, id)]))
}

async function whatItDid(target: Sql, sweepId: string): Promise<Record<string, string>> {
  const rows = await target<{ entity: string; did: string }[]>`
    select split_part(e.entity_name, '.', 2) as entity,
           concat_ws(' ', s.records_inserted, s.records_updated, s.records_deleted + s.records_marked, s.records_refused) as did
      from migration.sweep_entities s join migration.entity_statuses e on e.id = s.entity_status_id
     where s.sweep_id = ${sweepId} order by 1`
  return Object.fromEntries(
    rows.filter(({ did }) => did !== '0 0 0 0').map(({ entity, did }) => [entity, did]),
  )
}

async function open(target: Sql, sweepId: string): Promise<unknown> {
  const batches = await target`
    select kind, check_name, status, attempt, deaths, error_summary, not_before::text from migration.batches
     where pass_id = ${sweepId} and status <> 'completed'`
  const [{ id } = { id: sweepId }] = await target<{ id: string }[]>`
    select parent_id as id from migration.orchestrations where id = ${sweepId}`
  return { batches, errors: await errors(target, id) }
}

function errors(target: Sql, id: string) {
  return target`select error_code, sqlstate, error_message from migration.errors
    where migration_id = ${id} and not is_dead_letter order by occurred_at desc limit 5`
}

async function texts(sql: Sql, query: string): Promise<string[]> {
  const rows = await sql.unsafe(query).values()
  return rows.map((row) => row.map((value) => value ?? '-').join(' '))
}
