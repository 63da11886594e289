/** Keeps a migration going until it has ended: sweeps, looks, shows. The database decides everything. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { control } from '../../shared/target/control.ts'
import type { Display } from '../ferry/display/display.ts'
import { type Outcome, outcomeOf, Report } from '../ferry/report.ts'
import { ACTOR } from './begin.ts'
import type { Dispatcher } from './dispatcher.ts'
import { failureAt } from './failure.ts'

export interface Drive {
  readonly id: string
  readonly target: Sql
  readonly dispatcher: Dispatcher
  /** Fires when a function process has died: its batch is to be given to another at once. */
  readonly deaths: EventTarget
  /** Undefined where only the result is wanted. */
  readonly display: Display | undefined
  /** Asks to stop. */
  readonly signal: AbortSignal
}

/** Milliseconds. */
const SWEEP_EVERY = 1000
const LOOK_EVERY = 50
const SHOW_EVERY = 500
/** How long the target may be out of reach; the functions wait for it as well. */
const PATIENCE = 120_000
/** How long batches at work may take to end after a request to stop. */
const LAST_BATCHES = 60_000

/**
 * @returns how the migration ended; `going` where it was stopped
 * @throws FerryError `target_unreachable` after two minutes without an answer
 */
export async function drive(options: Drive): Promise<Outcome> {
  const over = new AbortController()
  const loops = [sweepOften(options, over.signal), showOften(options, over.signal)]
  try {
    return await lookUntilEnd(options)
  } finally {
    over.abort()
    await Promise.all(loops)
  }
}

async function lookUntilEnd({ id, target, signal }: Drive): Promise<Outcome> {
  let answeredAt = performance.now()
  while (!signal.aborted) {
    try {
      const [row] = await target<Parameters<typeof outcomeOf>[0][]>`
        select status, control_state from migration.orchestrations where id = ${id}`
      answeredAt = performance.now()
      const outcome = row ? outcomeOf(row) : 'failed'
      if (outcome !== 'going') return outcome
    } catch (error) {
      if (performance.now() - answeredAt > PATIENCE) throw failureAt('target', error)
      await pause(SWEEP_EVERY, signal)
    }
    await pause(LOOK_EVERY, signal)
  }
  return 'going'
}

async function sweepOften({ target, dispatcher, deaths }: Drive, over: AbortSignal): Promise<void> {
  const verbs = control(target)
  let wake = () => {}
  const onDeath = () => wake()
  deaths.addEventListener('death', onDeath)
  while (!over.aborted) {
    try {
      await dispatcher.listen()
      await verbs.watchdog()
    } catch {
      // Out of reach: whoever looks for the end counts how long.
    }
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    await Promise.race([woken, pause(SWEEP_EVERY, over)])
  }
  deaths.removeEventListener('death', onDeath)
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

/** Lets batches at work end and no other begin. Of no effect on a migration that has ended meanwhile. */
export async function stopGently({ id, target }: Pick<Drive, 'id' | 'target'>): Promise<void> {
  const verbs = control(target)
  try {
    await verbs.pause(id, ACTOR)
    for (const end = performance.now() + LAST_BATCHES; performance.now() < end; await sleep(50)) {
      await verbs.watchdog()
      const [row] = await target<{ busy: boolean }[]>`
        select exists (select from migration.batches b
                        where b.migration_id = ${id} and b.status = 'processing') as busy`
      if (row?.busy !== true) return
    }
  } catch {
    // It has ended or is out of reach: then there is nothing to wait for.
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
}
