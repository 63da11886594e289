/** Follows a migration to its end, and kills its function processes meanwhile as the dice choose. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from 'postgres'
import type { Dice } from './dice.ts'
import { type IsolateOwner, kill } from './process.ts'

export interface Followed {
  readonly project: IsolateOwner
  /** The target, not through the project. */
  readonly sql: Sql
  readonly migrationId: string
  readonly chance: Dice
  /** Processes to kill at most: a batch that dies eight times parks the migration. */
  readonly kills: number
  /** Milliseconds until it is given up. */
  readonly within: number
}

/** Milliseconds from the sight of a batch at work to the kill. */
const LONGEST_WAIT = 40
/** Milliseconds between two sweeps; cron's are ten seconds apart. */
const SWEEP_EVERY = 150

/**
 * Waits until some process has a batch, then a moment longer, and kills one of them; again until all
 * are killed or the copy is over. Sweeps all the time, until the migration has ended or is parked.
 * @returns how many processes were killed; whether one had a batch is to be seen by `deaths`
 */
export async function killAtRandom(followed: Followed): Promise<number> {
  const { chance, kills } = followed
  const swept = sweepUntilEnd(followed)
  let killed = 0
  while (killed < kills) {
    const { isOver, isWorking } = await look(followed)
    if (isOver) break
    if (isWorking) {
      await sleep(chance.between(0, LONGEST_WAIT))
      killed += killOne(followed)
    }
    await sleep(2)
  }
  await swept
  return killed
}

function killOne({ project, chance }: Followed): number {
  const workers = project.isolates().filter(({ function: name }) => name === 'process-batch')
  if (workers.length === 0) return 0
  kill(project, chance.pick(workers).pid)
  return 1
}

/** Batches of the copy that a sweep took from a holder that had died, counted as often as that was. */
export async function deaths({ sql, migrationId }: Pick<Followed, 'sql' | 'migrationId'>) {
  const [row] = await sql<{ deaths: number }[]>`
    select sum(deaths)::int as deaths from migration.batches
     where migration_id = ${migrationId} and kind = 'copy'`
  return row?.deaths ?? 0
}

async function look({ sql, migrationId }: Followed) {
  const [row] = await sql<{ hasEnded: boolean; isOver: boolean; isWorking: boolean }[]>`
    with batches as (
      select status from migration.batches where migration_id = ${migrationId} and kind = 'copy')
    select has_ended as "hasEnded",
           has_ended or 'completed' = all (select status from batches) as "isOver",
           'processing' = any (select status from batches) as "isWorking"
      from (select status in ('completed', 'failed') or control_state = 'parked' as has_ended
              from migration.orchestrations where id = ${migrationId}) o`
  if (row === undefined) throw new Error('the migration is not there')
  return row
}

async function sweepUntilEnd(followed: Followed): Promise<void> {
  const deadline = performance.now() + followed.within
  while (!(await look(followed)).hasEnded) {
    if (performance.now() > deadline) throw new Error(`no end within ${followed.within} ms`)
    await followed.sql`select migration.watchdog()`
    await sleep(SWEEP_EVERY)
  }
}
