/** Begins the migration of a plan, or takes the unfinished one of the same plan up again. */
import type { Sql } from 'postgres'
import { checkPlan } from '../../shared/plan/check.ts'
import { planFingerprint, sourceFingerprint } from '../../shared/plan/fingerprint.ts'
import { type Note, type Problem, problemsError } from '../../shared/plan/problem.ts'
import { type Plan, parsePlan } from '../../shared/plan/schema.ts'
import { openSource } from '../../shared/source/connect.ts'
import type { Demand } from '../../shared/start/connection-budget.ts'
import { type Prepared, prepareMigration } from '../../shared/start/prepare.ts'
import { beginMigration } from '../../shared/target/begin.ts'
import { control } from '../../shared/target/control.ts'
import { configurationOf } from '../../supabase/functions/_shared/configuration.ts'
import { Refusal } from '../ferry/refusal.ts'
import { at, failureAt, refusal } from './failure.ts'

export const ACTOR = 'ferry run'

export interface Unfinished {
  readonly id: string
  readonly status: string
  readonly control_state: string
  readonly plan_fingerprint: string
  readonly source_fingerprint: string
  readonly plan_name: string
  readonly dispatch_mode: string
  readonly has_failed_entity: boolean
  /** Whether its source is followed, completed or not. */
  readonly is_syncing: boolean
}

/** @throws Refusal with every problem */
export function readablePlan(json: unknown): Plan {
  const { plan, problems } = parsePlan(json)
  if (plan === undefined) throw refused(problems)
  return plan
}

/**
 * The migration that a run of `plan` goes on with; undefined where it has to begin one.
 * @throws FerryError `already_completed`, `plan_changed`, `migration_driven_elsewhere`
 */
export async function findUnfinished(sql: Sql, plan: Plan): Promise<Unfinished | undefined> {
  const rows = await at(
    'target',
    sql<Unfinished[]>`
    select o.id, o.status, o.control_state, o.plan_fingerprint, o.source_fingerprint,
           o.plan ->> 'name' as plan_name, o.configuration ->> 'dispatch_mode' as dispatch_mode,
           exists (select from migration.entity_statuses e
                    where e.migration_id = o.id and e.status = 'failed') as has_failed_entity,
           migration._is_syncing(o.id) as is_syncing
      from migration.orchestrations o where o.parent_id is null and o.control_state <> 'cancelled'
     order by o.created_at desc`,
  )
  const fingerprint = planFingerprint(plan)
  const own = rows.find((row) => row.plan_fingerprint === fingerprint)
  if (own?.status === 'completed' && !own.is_syncing) throw alreadyCompleted(own.id)
  if (own && own.dispatch_mode !== 'notify') throw drivenElsewhere(own.id)
  const other = rows.find((row) => row.dispatch_mode === 'notify' && row.status !== 'completed')
  if (!own && other) throw planChanged(other)
  return own
}

/**
 * What this command asks of both servers. Besides its lanes it takes at the target: two connections for
 * questions about state, one for each step that runs at a time, and one that cancels those on the way
 * out. The one that listens stands already when the server is asked.
 */
export function demandOf(lanes: number, jobs: number): Demand {
  return { lanes, besides: 2 + jobs + 1 }
}

/**
 * Looks at both databases; writes nothing.
 * @throws Refusal with every problem; FerryError `source_unreachable`, `target_unreachable`,
 *   `source_too_few_connections`, …
 */
export async function prepare(
  target: Sql,
  json: unknown,
  sourceAddress: string,
  demand: Demand,
): Promise<Prepared> {
  const resolveSecret = () => Promise.resolve(sourceAddress)
  const { prepared, problems } = await at(
    'target',
    prepareMigration({ plan: json, target, resolveSecret, demand }),
  )
  if (prepared === undefined) throw refused(problems)
  return prepared
}

/** @returns the id of the new migration */
export function begin(target: Sql, prepared: Prepared, gatewayUrl: string): Promise<string> {
  const configuration = {
    ...configurationOf(prepared.plan, { env: () => gatewayUrl }),
    dispatch_mode: 'notify',
    lanes: prepared.lanes,
  }
  return at('target', beginMigration(target, prepared, configuration, ACTOR))
}

/** @throws FerryError `source_changed`; the source's failures */
export async function requireSameSource(
  plan: Plan,
  sourceAddress: string,
  { id, source_fingerprint }: Unfinished,
): Promise<readonly Note[]> {
  const source = openSource(sourceAddress)
  try {
    const catalog = await source.catalog(plan.source.schemas)
    const { entities, problems, notes } = checkPlan(plan, catalog)
    if (problems.length === 0 && sourceFingerprint(entities, catalog) === source_fingerprint) {
      return notes
    }
  } catch (error) {
    throw failureAt('source', error)
  } finally {
    await source.close()
  }
  throw refusal(
    'source_changed',
    `The tables of the source are not those that migration ${id} began with.`,
    'Undo the change. Or begin anew: empty the target tables and remove the unfinished migration with ferry run --forget --force.',
  )
}

/** Sets an unfinished migration going again, whatever it stopped for, in as many lanes as there is room for now. */
export async function takeUp(target: Sql, unfinished: Unfinished, lanes: number): Promise<void> {
  const { id, status, control_state, has_failed_entity } = unfinished
  const verbs = control(target)
  await at('target', forgetRequests(target, id))
  await at('target', setLanes(target, id, lanes))
  if (control_state === 'paused' && status !== 'failed') await at('target', verbs.resume(id, ACTOR))
  else if (status === 'failed' || control_state === 'parked' || has_failed_entity) {
    await at('target', verbs.retry(id, ACTOR))
  }
  await at('target', verbs.watchdog())
}

/** The circuit breaker gives lanes back up to those of the configuration, so both are set. */
async function setLanes(target: Sql, id: string, lanes: number): Promise<void> {
  await target`
    update migration.orchestrations
       set lanes_allowed = ${lanes}, configuration = configuration || jsonb_build_object('lanes', ${lanes}::integer)
     where id = ${id}`
}

/** Calls that the run before asked for and nobody took: they cannot arrive any more, so they are not waited for. */
async function forgetRequests(target: Sql, id: string): Promise<void> {
  await target`
    select migration.finish_dispatch(p_dispatch_id => d.id, p_reason => 'never arrived')
      from migration.dispatches d
     where d.migration_id = ${id} and d.accepted_at is null and d.finished_at is null`
}

/** All problems of a plan as the one refusal that shows them. */
export function refused(problems: readonly Problem[]): Refusal {
  const { code, message, hint, path } = problems[0] ?? problemsError(problems)
  return new Refusal(422, { code, message, hint, path }, problems)
}

function alreadyCompleted(id: string) {
  return refusal(
    'already_completed',
    `This plan has already been carried out: migration ${id} is completed.`,
    'To move everything again, empty the target tables and run ferry run --forget --target URL first.',
  )
}

function planChanged({ id, plan_name }: Unfinished) {
  return refusal(
    'plan_changed',
    `The target holds the unfinished migration ${id} of another plan, or of this one before it was changed ("${plan_name}").`,
    'Run that plan as it was. Or begin anew: empty the target tables and remove the unfinished migration with ferry run --forget --force.',
  )
}

function drivenElsewhere(id: string) {
  return refusal(
    'migration_driven_elsewhere',
    `Migration ${id} of this plan is run by the project's own functions.`,
    `Follow or steer it there: ferry watch ${id.slice(0, 8)}.`,
  )
}
