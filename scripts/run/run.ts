/**
 * A migration from its plan to its end on this machine: the control schema into the target, the functions
 * behind the gateway, then driving. Rows flow through function processes alone.
 */
import { availableParallelism } from 'node:os'
import type { Sql } from 'postgres'
import type { Note } from '../../shared/plan/problem.ts'
import type { Plan } from '../../shared/plan/schema.ts'
import { connectionBudget, type Demand } from '../../shared/start/connection-budget.ts'
import { openTarget } from '../../shared/target/connect.ts'
import type { Display } from '../ferry/display/display.ts'
import type { Outcome } from '../ferry/report.ts'
import type { FunctionHost } from '../local/gateway/host.ts'
import {
  begin,
  demandOf,
  findUnfinished,
  prepare,
  readablePlan,
  requireSameSource,
  takeUp,
  type Unfinished,
} from './begin.ts'
import { applyControlSchema, type ControlSchema, inspectControlSchema } from './control-schema.ts'
import { openDispatcher } from './dispatcher.ts'
import { drive, readReport, stopGently } from './drive.ts'
import { at } from './failure.ts'
import { type Following, sourceFollower } from './follow-source.ts'
import { forgetFunctions, openFunctions, WORKER } from './functions.ts'
import { type RunResult, resultOf } from './result.ts'
import { inspectTarget, type TargetServer } from './server.ts'
import { type Stepper, startStepper } from './stepper.ts'

export interface RunOptions {
  /** As it came in: parsed JSON, nothing checked. */
  readonly plan: unknown
  /** Addresses of the two databases. */
  readonly source: string
  readonly target: string
  /** Steps after the copy that run at a time. */
  readonly jobs: number
  /** What is done with a plan that has `sync`. */
  readonly following: Following
  readonly display: Display | undefined
  /** Asks to stop: batches at work end, nothing else begins. */
  readonly signal: AbortSignal
  /** Details for who asks for them. */
  readonly log: (line: string) => void
  readonly note: (note: Note) => void
  readonly began: (id: string, resumed: boolean) => void
}

export interface Ended {
  readonly outcome: Outcome
  readonly result: RunResult
}

/** Measured on two cores with both servers on them: more lanes than cores only wait for each other. */
const DEFAULT_LANES = Math.max(2, Math.min(8, availableParallelism()))

/**
 * @returns undefined where it was stopped before anything was written
 * @throws FerryError, before anything is written: a Refusal with all problems of the plan, `plan_changed`,
 *   `source_changed`, `already_completed`, `run_active`, `control_schema_*`, `source_*`, `target_*` (both
 *   with `too_few_connections`)
 */
export async function runMigration(options: RunOptions): Promise<Ended | undefined> {
  const plan = readablePlan(options.plan)
  const target = openTarget(options.target)
  const deaths = new EventTarget()
  let host: FunctionHost | undefined
  let ended: Ended | undefined
  let hasBegun = false
  const began: RunOptions['began'] = (id, resumed) => {
    hasBegun = true
    options.began(id, resumed)
  }
  try {
    const server = await inspectTarget(target)
    host = await openFunctions({
      target: options.target,
      secrets: { [plan.source.secret]: options.source },
      log: options.log,
      onIsolateDeath: () => deaths.dispatchEvent(new Event('death')),
    })
    const kill = () => killAll(host)
    process.once('exit', kill)
    try {
      ended = await runBehind({ ...options, began }, { plan, target, server, host, deaths })
      return ended
    } finally {
      process.off('exit', kill)
    }
  } finally {
    await Promise.all([host?.close(), target.end({ timeout: 1 })])
    // The functions' log is for who wants to know why a migration has not completed.
    if (host && (ended?.outcome === 'completed' || !hasBegun)) forgetFunctions(options.target)
  }
}

interface Scene {
  readonly plan: Plan
  readonly target: Sql
  readonly server: TargetServer
  readonly host: FunctionHost
  readonly deaths: EventTarget
}

async function runBehind(options: RunOptions, scene: Scene): Promise<Ended | undefined> {
  const { target, server, host } = scene
  const lanes = lanesOf(options.plan, scene.plan)
  const schema = await inspectControlSchema(target, server)
  // They boot while the catalogs are read.
  void host.warm(WORKER, lanes)
  const dispatcher = await openDispatcher(options.target, host.url)
  let stepper: Stepper | undefined
  try {
    const id = await beginOrTakeUp(options, scene, schema, lanes)
    if (id === undefined) return undefined
    if (await hasSteps(target, id))
      stepper = startStepper(options.target, options.jobs, dispatcher.news)
    const stepping = stepper?.failure ?? new Promise<never>(() => undefined)
    const { display } = options
    const { deaths, plan } = scene
    const enough = new AbortController()
    const signal = AbortSignal.any([options.signal, enough.signal])
    const stop = () => enough.abort()
    const follow = sourceFollower(target, id, plan.name, options.following, stop)
    const drives = { id, target, dispatcher, deaths, stepping, display, signal }
    const outcome = await drive({ ...drives, outcome: follow })
    const isLeft = outcome === 'going' || (await isSyncing(target, id))
    await Promise.all([stepper?.stop(), isLeft ? stopGently({ id, target }) : undefined])
    const report = await readReport(target, id)
    options.display?.show(report)
    return { outcome, result: resultOf(report, outcome, host, schema.leftOut) }
  } finally {
    await Promise.all([stepper?.stop(), dispatcher.close()])
  }
}

/** @returns the migration's id; undefined where the run was stopped before it began */
async function beginOrTakeUp(
  options: RunOptions,
  { plan, target, server, host }: Scene,
  schema: ControlSchema,
  lanes: number,
): Promise<string | undefined> {
  const unfinished = server.has_control ? await findUnfinished(target, plan) : undefined
  const demand = demandOf(lanes, options.jobs)
  if (unfinished) return takeUpAgain(options, plan, target, unfinished, demand)
  const prepared = await prepare(target, options.plan, options.source, demand)
  for (const note of prepared.notes) options.note(note)
  if (options.signal.aborted) return undefined
  for (const { name, reason } of schema.leftOut) options.log(`left out ${name}: ${reason}`)
  await applyControlSchema(target, server, schema)
  options.log(`control schema: ${schema.pending.length} files applied`)
  const id = await begin(target, prepared, host.url)
  options.began(id, false)
  return id
}

async function takeUpAgain(
  options: RunOptions,
  plan: Plan,
  target: Sql,
  unfinished: Unfinished,
  demand: Demand,
): Promise<string | undefined> {
  const budget = await at('target', connectionBudget(options.source, target, demand))
  const notes = await requireSameSource(plan, options.source, unfinished)
  for (const note of [...budget.notes, ...notes]) options.note(note)
  if (options.signal.aborted) return undefined
  await takeUp(target, unfinished, budget.lanes)
  options.began(unfinished.id, true)
  return unfinished.id
}

/** What a cut-over that failed leaves: the next run goes on with it. */
async function isSyncing(target: Sql, id: string): Promise<boolean> {
  const [row] = await target<{ found: boolean }[]>`select migration._is_syncing(${id}) as found`
  return row?.found === true
}

async function hasSteps(target: Sql, id: string): Promise<boolean> {
  const [row] = await target<{ found: boolean }[]>`
    select total_steps > completed_steps as found from migration.orchestrations where id = ${id}`
  return row?.found === true
}

/** What the plan says; a plan that says nothing leaves it to the command. */
function lanesOf(json: unknown, plan: Plan): number {
  const said = json as { settings?: { lanes?: unknown } }
  return said.settings?.lanes === undefined ? DEFAULT_LANES : plan.settings.lanes
}

function killAll(host: FunctionHost | undefined): void {
  for (const isolate of host?.living() ?? []) isolate.kill('shutdown')
}
