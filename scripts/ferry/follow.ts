/** Asks for the state of a migration until it has ended. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from './client.ts'
import type { Display } from './display/display.ts'
import { type Outcome, outcomeOf, type Report } from './report.ts'

export interface FollowOptions {
  /** Seconds between two questions. */
  readonly interval: number
  readonly signal: AbortSignal
  /** Whether following ends when a plan with sync has caught up. */
  readonly untilSync?: boolean
}

/** How long the project may be out of reach before watching gives up; the migration goes on without it. */
const PATIENCE = 120_000

/**
 * Shows every state until the migration completes, fails, is cancelled or parked.
 * @throws FerryError as `Client.report`; an AbortError when `signal` fires
 */
export async function follow(
  client: Client,
  id: string,
  display: Display,
  { interval, signal, untilSync = false }: FollowOptions,
): Promise<Outcome> {
  for (;;) {
    const report = await client.report(id, {
      milliseconds: PATIENCE,
      signal,
      waiting: (error) => display.note(`${error.code}: ${error.message} Asking again.`),
    })
    display.show(report)
    const outcome = outcomeOf(report.migration)
    if (outcome !== 'going' || (untilSync && hasCaughtUp(report))) return outcome
    await sleep(interval * 1000, undefined, { signal })
  }
}

/** Nothing but a cut-over ends a migration in sync mode, and that is another command. */
function hasCaughtUp({ sync }: Report): boolean {
  return sync?.state === 'syncing' || sync?.state === 'halted'
}
