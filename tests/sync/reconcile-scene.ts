/** Small migrations in sync mode through the real functions: what a sweep brings over, and what it takes away. */
import { type MappedScene, mappedScene, type Told } from '../mapping/mapped-scene.ts'
import { eventually } from '../support/eventually.ts'

export interface SweepEnd {
  /** `completed`, or why it could not be. */
  readonly status: string
  /** Of one entity or all: rows inserted, updated, deleted, marked, refused. */
  counts(table?: string): Promise<readonly number[]>
}

export type Scope = 'changes' | 'deletes' | 'hash'

export interface SyncScene extends MappedScene {
  /** Prepares, begins and waits for the end of the first sweep. @param sync of the plan, besides schedules */
  follow(told: Told, sync?: object): Promise<string>
  /** Begins where both sides are prepared and waits for the end of the first sweep. @param own `sync` of entity `t` */
  beginOver(told: Told, sync: object, own: object): Promise<string>
  /** Failpoints of isolates that begin from now on; living ones end. */
  arm(specification: string): void
  /**
   * Waits until a function has died at a failpoint of the newest sweep: with a batch in hand, or with nothing
   * in hand when its commit was its last deed.
   */
  died(id: string, point: string): Promise<void>
  /** Waits until a batch of a kind is at work. */
  until(id: string, kind: string): Promise<void>
  /** Sweeps once and waits for the end. */
  sweep(id: string, scope: Scope, task?: object): Promise<SweepEnd>
  /** Begins a sweep. */
  begins(id: string, scope: Scope, task?: object): Promise<void>
  /** Waits for the end of the sweep at work. */
  swept(id: string): Promise<SweepEnd>
  /** Compares both sides in full. @throws Error where anything is found */
  verify(id: string): Promise<void>
  /** Keys on the list of gone rows: `key state`. */
  gone(id: string): Promise<string[]>
  /** Statements over a schema of the source, found by bare names. */
  write(name: string, statements: string): Promise<void>
  /** The same query of both sides, `%s` being the schema. @throws Error where they differ */
  alike(name: string, query: string): Promise<void>
}

/** Call it at the top level of a test file. */
export async function syncScene(): Promise<SyncScene> {
  const scene = await mappedScene()
  const { source, target } = scene
  const sync: SyncScene = {
    ...scene,
    async follow(told, plan = {}) {
      await scene.prepare(told)
      const id = await scene.begin(withSync(told, plan))
      const { status } = await sync.swept(id)
      if (status !== 'completed') throw new Error(status)
      return id
    },
    async beginOver(told, plan, own) {
      const entities = [{ source: `${told.name}.t`, sync: own }]
      const id = await scene.begin(withSync({ ...told, entities }, plan))
      const { status } = await sync.swept(id)
      if (status !== 'completed') throw new Error(status)
      return id
    },
    arm(specification) {
      scene.project.setSecret('FERRY_FAILPOINTS', specification)
      for (const { pid } of scene.project.isolates()) process.kill(pid, 'SIGKILL')
    },
    async until(id, kind) {
      await eventually(
        async () => {
          await target`select migration.watchdog()`
          const [row] = await target`select from migration.batches
            where migration_id = ${id} and kind = ${kind} and status = 'processing'`
          if (row === undefined) throw new Error('not yet')
        },
        { what: `a batch of kind ${kind}`, within: 30_000, every: 50 },
      )
    },
    async begins(id, scope, task = {}) {
      await target`select migration.sweep(p_migration_id => ${id}, p_actor => 'test', p_scope => ${scope},
        p_task => ${JSON.stringify(task)}::text::jsonb)`
    },
    async sweep(id, scope, task = {}) {
      await sync.begins(id, scope, task)
      return sync.swept(id)
    },
    async swept(id) {
      const look = async () => {
        await target`select migration.watchdog()`
        const pass = await newestSweep(id)
        if (pass?.status === 'failed') throw new Error(await errorsOf(id))
        if (pass === undefined || pass.status === 'running') throw new Error(await errorsOf(id))
        return pass
      }
      const pass = await eventually(look, { what: 'the end of a sweep', within: 40_000, every: 50 })
      return {
        status: pass.status === 'passed' ? 'completed' : (pass.failure_code ?? pass.status),
        counts: (table) => countsOf(pass.id, table ?? null),
      }
    },
    async verify(id) {
      await target`select migration._begin_verification(${id}, '{"mode": "full"}', false, null, 'test'),
        migration.dispatch_lanes(${id})`
      await scene.verified(id)
    },
    async died(id, point) {
      const [kind = ''] = point.split('.')
      await eventually(
        async () => {
          await target`select migration.watchdog()`
          const [row] = await target`
            select from migration.batches b join migration.verifications v on v.id = b.pass_id
             where b.migration_id = ${id} and b.kind = ${kind} and (b.deaths > 0 or b.status = 'completed' and ${point.endsWith('committed')})
               and v.started_at = (select max(x.started_at) from migration.verifications x where x.migration_id = ${id})`
          if (row === undefined) throw new Error('nobody has died')
        },
        { what: `a death at ${point}`, within: 30_000, every: 50 },
      )
    },
    gone: (id) =>
      scene.rows(`select source_key || ' ' || state from migration.gone_rows
        where migration_id = '${id}' order by source_key`),
    async write(name, statements) {
      await source.unsafe(`set search_path = ${name}, pg_catalog; ${statements}; reset search_path`)
    },
    async alike(name, query) {
      const [here, there] = await Promise.all([
        source.unsafe(query.replaceAll('%s', name)).values(),
        target.unsafe(query.replaceAll('%s', `${name}_new`)).values(),
      ])
      const [one, other] = [here, there].map((rows) => JSON.stringify(rows))
      if (one !== other) throw new Error(`source ${one}, target ${other}`)
    },
  }

  interface Pass {
    readonly id: string
    readonly status: string
    readonly failure_code: string | null
  }
  async function newestSweep(id: string): Promise<Pass | undefined> {
    const [row] = await target<Pass[]>`
      select v.id, v.status, v.failure_code from migration.verifications v
       where v.migration_id = ${id} and v.kind = 'sync' order by v.started_at desc limit 1`
    return row
  }
  async function countsOf(sweep: string, table: string | null): Promise<readonly number[]> {
    const [row] = await target<{ counts: number[] }[]>`
      select array[coalesce(sum(s.records_inserted), 0), coalesce(sum(s.records_updated), 0),
          coalesce(sum(s.records_deleted), 0), coalesce(sum(s.records_marked), 0),
          coalesce(sum(s.records_refused), 0)]::int[] as counts
        from migration.sweep_entities s join migration.entity_statuses e on e.id = s.entity_status_id
       where s.sweep_id = ${sweep} and (${table}::text is null or split_part(e.entity_name, '.', 2) = ${table})`
    return row!.counts
  }
  async function errorsOf(id: string): Promise<string> {
    const errors = await target`
      select error_code, sqlstate, error_message, context ->> 'kind' as kind from migration.errors
       where migration_id = ${id} and not is_dead_letter limit 5`
    return JSON.stringify(errors)
  }
  return sync
}

/** No schedule: a test sweeps when it wants to. */
export function withSync(told: Told, sync: object): Told {
  const schedule = { changes: null, deletes: null, hash: null }
  return { ...told, more: { ...told.more, sync: { schedule, ...sync } } }
}
