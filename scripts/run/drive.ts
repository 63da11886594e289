/** Keeps a migration going until it has ended: sweeps, looks, shows. The database decides everything. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { isRetryable } from '../../shared/platform/sqlstate.ts'
import { control } from '../../shared/target/control.ts'
import { syncVerbs } from '../../shared/target/sync-verbs.ts'
import type { Display } from '../ferry/display/display.ts'
import { type Migration, type Outcome, outcomeOf, Report } from '../ferry/report.ts'
import { ACTOR } from './begin.ts'
import type { Dispatcher } from './dispatcher.ts'
import { failureAt } from './failure.ts'
import { until } from './news.ts'

export interface Drive {
  readonly id: string
  readonly target: Sql
  readonly dispatcher: Dispatcher
  /** Fires when a function process has died: its batch is to be given to another at once. */
  readonly deaths: EventTarget
  /** Rejects where the steps after the copy cannot be run. */
  readonly stepping: Promise<never>
  /** How the work stands, from a look at the orchestration; that of a migration where absent. */
  readonly outcome?: (look: Look) => Outcome | Promise<Outcome>
  /** Undefined where only the result is wanted. */
  readonly display: Display | undefined
  /** Asks to stop. */
  readonly signal: AbortSignal
}

/** Undefined where the migration is not there any more. */
export type Look =
  | {
      status: Status['status']
      control_state: Status['control_state']
      verification_id: string | null
      cutover_id: string | null
      /** Null where it is not in sync mode. */
      sync_state: Status['sync_state']
    }
  | undefined
type Status = Pick<Migration, 'status' | 'control_state' | 'sync_state'>

/** Milliseconds. */
const SWEEP_EVERY = 1000
/** Where no word came. */
const LOOK_EVERY = 1000
const BUSY_LOOK_EVERY = 50
const SHOW_EVERY = 500
/** How long the target may be out of reach; the functions wait for it as well. */
const PATIENCE = 120_000
/** How long batches at work may take to end after a request to stop. */
const LAST_BATCHES = 60_000

/**
 * @returns how the migration ended; `going` where it was stopped
 * @throws FerryError `target_unreachable` after two minutes without an answer; at once what waiting cannot heal
 */
export async function drive(options: Drive): Promise<Outcome> {
  const over = new AbortController()
  const sweeping = sweepOften(options, over.signal)
  const showing = showOften(options, over.signal)
  try {
    return await Promise.race([lookUntilEnd(options), endless(sweeping), options.stepping])
  } finally {
    over.abort()
    await Promise.allSettled([sweeping, showing])
  }
}

/** Only its failure is of interest. */
async function endless(work: Promise<void>): Promise<never> {
  await work
  return new Promise(() => undefined)
}

const ofMigration = (look: Look): Outcome => (look ? outcomeOf(look) : 'cancelled')

async function lookUntilEnd(options: Drive): Promise<Outcome> {
  const { id, target, dispatcher, signal } = options
  let answeredAt = performance.now()
  while (!signal.aborted) {
    const word = dispatcher.news.next
    try {
      const [row] = await target<NonNullable<Look>[]>`
        select o.status, o.control_state, o.verification_id, o.cutover_id, p.sync_state
          from migration.orchestrations o join migration.migration_progress p on p.migration_id = o.id where o.id = ${id}`
      answeredAt = performance.now()
      const outcome = await (options.outcome ?? ofMigration)(row)
      if (outcome !== 'going') return outcome
    } catch (error) {
      const isPassing = isRetryable(error) && performance.now() - answeredAt < PATIENCE
      if (!isPassing) throw failureAt('target', error)
      await pause(SWEEP_EVERY, signal)
    }
    await until(word, LOOK_EVERY, signal)
  }
  return 'going'
}

async function sweepOften({ target, dispatcher, deaths }: Drive, over: AbortSignal): Promise<void> {
  const verbs = control(target)
  let wake = () => {}
  const onDeath = () => wake()
  deaths.addEventListener('death', onDeath, { signal: over })
  while (!over.aborted) {
    try {
      await dispatcher.listen()
      await verbs.watchdog()
      await syncVerbs(target).runSchedules()
    } catch (error) {
      // Whoever looks for the end counts how long the target is out of reach.
      if (!isRetryable(error)) throw failureAt('target', error)
    }
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    await Promise.race([woken, pause(SWEEP_EVERY, over)])
  }
}

async function showOften({ id, target, display }: Drive, over: AbortSignal): Promise<void> {
  while (display && !over.aborted) {
    try {
      display.show(await readReport(target, id))
    } catch (error) {
      const { code, message } = failureAt('target', error)
      display.note(`${code}: ${message} Asking again.`)
    }
    await pause(SHOW_EVERY, over)
  }
}

export async function readReport(target: Sql, id: string): Promise<Report> {
  return Report.parse(await control(target).statusReport(id))
}

/**
 * Lets batches at work end and no other begin; a cut-over is called off first, which gives the source back.
 * Of no effect on a migration that has ended meanwhile.
 */
export async function stopGently({ id, target }: Pick<Drive, 'id' | 'target'>): Promise<void> {
  const end = performance.now() + LAST_BATCHES
  let isPaused = false
  for (; performance.now() < end; await sleep(BUSY_LOOK_EVERY)) {
    try {
      if (!isPaused && (await callOff(target, id))) continue
      if (!isPaused) await control(target).pause(id, ACTOR)
      isPaused = true
      if (!(await isBusy(target, id))) return
    } catch (error) {
      // It has ended meanwhile, or nothing more can be done for it from here.
      if (!isRetryable(error)) return
    }
  }
}

/** Whether a cut-over is still at work, which must not stop where the source is frozen. */
async function callOff(target: Sql, id: string): Promise<boolean> {
  const [row] = await target<{ state: string }[]>`
    select c.state from migration.orchestrations o join migration.cutovers c on c.id = o.cutover_id where o.id = ${id}`
  if (row === undefined) return false
  if (row.state !== 'unfreezing') await syncVerbs(target).abortCutover(id, ACTOR)
  await control(target).watchdog()
  return true
}

/** Whether a batch is held by somebody who lives. */
async function isBusy(target: Sql, id: string): Promise<boolean> {
  await control(target).watchdog()
  const [row] = await target<{ busy: boolean }[]>`
    select exists (select from migration.batches b
                    where b.migration_id = ${id} and b.status = 'processing') as busy`
  return row?.busy === true
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
}
