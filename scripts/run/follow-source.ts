/** What `ferry run` does with a migration in sync mode: follows its source, until it is stopped or cut over. */
import type { Sql } from 'postgres'
import { syncVerbs } from '../../shared/target/sync-verbs.ts'
import { type Outcome, outcomeOf } from '../ferry/report.ts'
import { ACTOR } from './begin.ts'
import type { Look } from './drive.ts'
import { at } from './failure.ts'

export interface Following {
  /** Whether the migration is cut over once it is in sync. */
  readonly cutover: boolean
  /** Seconds that it is followed before; for ever where it is not cut over and nothing is said. */
  readonly seconds: number | undefined
}

/**
 * How the work stands at each look. In sync mode it goes on by schedules; after its time a cut-over is begun, or the
 * run ends as one that was stopped.
 * @param stop ends the run
 */
export function sourceFollower(
  target: Sql,
  id: string,
  planName: string,
  { cutover, seconds }: Following,
  stop: () => void,
): (look: Look) => Promise<Outcome> {
  let inSyncSince: number | undefined
  let begun: string | undefined
  return async (look) => {
    if (look === undefined) return 'cancelled'
    if (look.sync_state === null) return begun === undefined ? outcomeOf(look) : await outcome(look)
    if (begun !== undefined) return outcome(look)
    if (look.sync_state !== 'syncing') return 'going'
    inSyncSince ??= performance.now()
    const isTime = performance.now() - inSyncSince >= (seconds ?? 0) * 1000
    if (!isTime || look.verification_id !== null) return 'going'
    if (cutover) {
      const order = { confirm: planName }
      begun = (await at('target', syncVerbs(target).cutover(id, ACTOR, order))).cutover_id
    } else if (seconds !== undefined) stop()
    return 'going'
  }

  async function outcome(look: NonNullable<Look>): Promise<Outcome> {
    if (look.cutover_id !== null) return 'going'
    const [ended] = await target<{ state: string }[]>`
      select state from migration.cutovers where id = ${begun ?? null}`
    return ended?.state === 'completed' ? 'completed' : 'failed'
  }
}
