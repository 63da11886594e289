/** Copies and steps that fail in ways that take two: what a hand does while functions are at work. */
import { eventually } from '../support/eventually.ts'
import { ask, begin, type Stage } from './canary-acts.ts'
import { CANARY } from './canary-places.ts'
import { brokenPlan, MANY, slowed, slowPlan, spoiled } from './canary-scene.ts'

/** Tables that refuse rows as they come, and others whose rows no index can hold. Id of the migration. */
export async function copyWhatIsRefused(stage: Stage): Promise<string> {
  const { project, target } = stage
  project.net.pause()
  const id = await begin(stage, brokenPlan)
  await target.unsafe(spoiled)
  await target.begin(async (tx) => {
    // The copy goes on beside it, and an index waits.
    await tx`lock table broken_new.twice, broken_new.child in share update exclusive mode`
    project.net.resume()
    await eventually(
      async () => {
        const [row] = await tx<{ rows: number }[]>`
          select (select count(*) from broken_new.twice)::integer as rows`
        return row?.rows === MANY
      },
      { what: 'the copy', within: 30_000 },
    )
    await tx`insert into broken_new.twice select ${MANY} + id, tag, amount from broken_new.twice`
    await tx`update broken_new.child set tag = ${`${CANARY} nowhere`} where id = 1`
  })
  return id
}

/** Ends a session of the engine while COPY is at a row. */
export async function endSessionInCopy(stage: Stage): Promise<void> {
  const { project, target } = stage
  project.net.pause()
  const id = await begin(stage, slowPlan)
  await target.unsafe(slowed)
  project.net.resume()
  await eventually(
    async () => {
      const [ended] = await target<{ ended: boolean }[]>`
        select pg_terminate_backend(pid) as ended from pg_stat_activity
         where state = 'active' and wait_event = 'PgSleep' and query like 'copy "slow_new"."slow"%'`
      return ended?.ended === true
    },
    { what: 'the slow copy', within: 30_000, every: 20 },
  )
  await ask(stage, 'control', { action: 'cancel', migration_id: id })
}
