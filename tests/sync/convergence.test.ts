/**
 * Random writers at the source while it is copied and followed, and functions die: when they have stopped,
 * two sweeps later both sides are equal, and a comparison of all rows finds nothing more to do.
 *
 * Every table is a schedule of its own: transactions of six sessions, one of them long, with rollbacks,
 * savepoints, keys that change, rows that go and come back, clocks that are ahead and behind. 200 of them,
 * `FERRY_FULL=1` has 2000. `FERRY_SEED` repeats what the dice chose; the order of things is the machine's.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { type Dice, dice } from '../support/dice.ts'
import { kill } from '../support/process.ts'
import { logScene } from './log-scene.ts'
import { caughtUp, sweepOf, unscheduled } from './scene.ts'
import { startWriters, type WrittenTable } from './writers.ts'

const { seed } = dice()
const runs = process.env.FERRY_FULL === '1' ? 40 : 4
const tablesOfRun = 50
/** Functions that die in a run at most: what dies eight times is set aside. */
const KILLS = 7
const timeout = 420_000

describe(`with FERRY_SEED=${seed}`, async () => {
  const scene = await logScene()
  const { source, target, project } = scene
  // As cron does, but more often.
  const watching = setInterval(() => void target`select migration.watchdog()`.catch(() => {}), 300)
  afterAll(() => clearInterval(watching))

  it.each(Array.from({ length: runs }, (_, at) => at))(
    'run %i converges',
    { timeout },
    async (run) => {
      const chance = dice(seed + run)
      const name = `converge_${run}`
      const tables = Array.from({ length: tablesOfRun }, (_, at) => tableOf(name, at, chance))
      const told = {
        name,
        source: `${tables.map(({ made }) => made).join(';')}; create publication ${name} for tables in schema ${name}`,
        entities: tables.map(({ entity }) => entity),
        more: {
          sync: {
            schedule: unscheduled,
            overlap_seconds: 10,
            publication: name,
            delete_limit: { rows: 100_000, share: 1 },
          },
        },
      }
      await scene.prepare(told)
      const writers = startWriters(scene.sourceUrl, tables, chance)
      const killing = killNowAndThen(chance)
      let id = ''
      try {
        id = await scene.begin({
          ...told,
          lanes: chance.between(1, 4),
          batchRows: chance.between(5, 60),
        })
        await caughtUp(target, id)
        for (let sweeps = 2; sweeps > 0; sweeps -= 1) {
          // A sweep whose function was killed too often is given up; the next one does its work.
          await sweepOf(target, id, chance.pick(['changes', 'deletes'] as const))
        }
      } finally {
        await killing.stop()
        await writers.stop()
      }
      console.log(
        `run ${run}: ${writers.committed} transactions, ${killing.killed} functions killed`,
      )
      expect(writers.committed).toBeGreaterThan(tablesOfRun)
      const last = [await sweepOf(target, id, 'deletes'), await sweepOf(target, id, 'deletes')]
      expect(last.map(({ status }) => status)).toEqual(['completed', 'completed'])
      const differing: string[] = []
      for (const { name: table } of tables) {
        const query = `select ${table.endsWith('u') ? '' : 'id,'} body, updated_at::text from {schema}.${table.split('.')[1]} order by 1, 2`
        const { source: here, target: there } = await scene.both(name, query)
        if (JSON.stringify(here) !== JSON.stringify(there)) differing.push(table)
      }
      expect(differing).toEqual([])
      expect((await sweepOf(target, id, 'hash')).did).toEqual({})
      await target`select migration.cancel(${id}, 'test')`
      await source.unsafe(`drop publication ${name}; drop schema ${name} cascade`)
    },
  )

  /** Kills function processes every now and then. */
  function killNowAndThen(chance: Dice) {
    const state = { killed: 0, isOver: false }
    const work = (async () => {
      while (!state.isOver && state.killed < KILLS) {
        await sleep(chance.between(500, 3000))
        const workers = project.isolates().filter((each) => each.function === 'process-batch')
        if (workers.length === 0) continue
        kill(project, chance.pick(workers).pid)
        state.killed += 1
      }
    })()
    return {
      get killed() {
        return state.killed
      },
      async stop() {
        state.isOver = true
        await work
      },
    }
  }
})

interface ScheduledTable extends WrittenTable {
  readonly made: string
  readonly entity: object
}

/** A table whose writers do what its strategy promises to see. Names of those with UUIDs end in u. */
function tableOf(schema: string, at: number, chance: Dice): ScheduledTable {
  const strategy = chance.pick(['timestamp', 'xmin', 'hash', 'log'] as const)
  const isMapped = chance.oneIn(2)
  const own = `t${at}${isMapped ? 'u' : ''}`
  const name = `${schema}.${own}`
  const column = strategy === 'timestamp' ? { column: 'updated_at' } : {}
  return {
    name,
    isSilent: strategy !== 'timestamp',
    made: `create table ${own} (id int primary key, body text, updated_at timestamptz);
      insert into ${own} select g, 'first', now() from generate_series(1, 40) g;
      ${chance.oneIn(2) ? `create index on ${own} (updated_at)` : ''}`,
    entity: {
      source: name,
      ...(isMapped ? { id: { strategy: 'uuid' } } : {}),
      sync: { strategy, ...column },
    },
  }
}
