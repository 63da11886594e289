/** Functions that die while they follow the log: whatever is read again ends the same, and nothing is lost. */
import { afterEach, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { kill } from '../support/process.ts'
import { logScene } from './log-scene.ts'

const points = ['claimed', 'peeked', 'begun', 'recorded', 'completed', 'committed', 'advanced']

describe('a function that dies while it follows the log', async () => {
  const scene = await logScene()
  const { source, target, project } = scene
  const id = await scene.followLog({
    name: 'l_deaths',
    source: `create table item (id int primary key, body text);
      insert into item select g, 'v' from generate_series(1, 100) g`,
    entities: [{ source: 'l_deaths.item' }],
  })
  afterEach(() => project.setSecret('FERRY_FAILPOINTS', ''))

  const workers = () => project.isolates().filter((each) => each.function === 'process-batch')

  async function arm(specification: string): Promise<void> {
    const renewed = project.setSecret('FERRY_FAILPOINTS', specification)
    for (const { pid } of workers()) kill(project, pid)
    await renewed
  }

  test.each(points.map((point, at) => [point, at] as const))(
    'at log.%s loses nothing',
    { timeout: 60_000 },
    async (point, at) => {
      await arm(`log.${point}=exit@1`)
      const crashes = () => project.stats().kills.crash ?? 0
      const before = crashes()
      await source`insert into l_deaths.item values (${1000 + at}, ${point})`
      await source`update l_deaths.item set body = ${point} where id <= 10`
      await source`delete from l_deaths.item where id = ${50 + at}`
      const watchdog = setInterval(() => void target`select migration.watchdog()`.execute(), 200)
      const ended = scene.sweep(id).finally(() => clearInterval(watchdog))
      await eventually(() => crashes() > before, { what: `it died at ${point}`, within: 20_000 })
      project.setSecret('FERRY_FAILPOINTS', '')
      const swept = await ended
      expect(swept).toMatchObject({ status: 'completed', did: { item: '1 10 1 0' } })
      expect((await scene.sweep(id)).did).toEqual({})
      const { source: here, target: there } = await scene.both(
        'l_deaths',
        'select * from {schema}.item order by 1',
      )
      expect(there).toEqual(here)
      expect((await scene.slot(id))?.confirmed).toBe(await scene.readThrough(id))
    },
  )
})
