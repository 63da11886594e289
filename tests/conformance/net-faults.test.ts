/** The faults that tests put between a committed request and its function. */
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { createFates, type NetFaults } from '../../scripts/local/workers/net/faults.ts'
import { eventually } from '../support/eventually.ts'
import { testProject } from '../support/project.ts'
import { openEndpoint } from './endpoint.ts'

const { project, targetUrl } = await testProject({ faults: {} })
const sql = postgres(targetUrl, { max: 1, prepare: false, onnotice: () => undefined })
const endpoint = await openEndpoint()

beforeEach(() => {
  endpoint.arrivals.length = 0
})
afterAll(() => sql.end({ timeout: 1 }))

async function post(): Promise<string> {
  const [row] = await sql<{ id: string }[]>`select net.http_post(${endpoint.url}) as id`
  return row!.id
}

const answered = (id: string) => sql`select from net._http_response where id = ${id}`

it('draws the same fates from the same seed, and about as many as asked for', () => {
  const faults: NetFaults = {
    duplicate: 0.2,
    drop: 0.05,
    delay: { probability: 0.5, maxMilliseconds: 300 },
  }
  const draw = (seed: number) => {
    const next = createFates(faults, seed)
    return Array.from({ length: 2000 }, () => next())
  }
  const fates = draw(7)
  expect(draw(7)).toEqual(fates)
  expect(draw(8)).not.toEqual(fates)
  const share = (count: number) => count / fates.length
  expect(share(fates.filter((fate) => fate.isDropped).length)).toBeCloseTo(0.05, 1)
  expect(share(fates.filter((fate) => fate.duplicateAfter !== undefined).length)).toBeCloseTo(
    0.2,
    1,
  )
  expect(Math.max(...fates.map((fate) => fate.delayMilliseconds))).toBeLessThanOrEqual(300)
})

it('delivers a duplicated request twice, with one response row', async () => {
  project.net.faults({ duplicate: 1 })
  const id = await post()
  await eventually(() => endpoint.arrivals.length === 2, { within: 5000 })
  await eventually(async () => (await answered(id)).length === 1, { within: 5000 })
})

it('loses a dropped request without a trace', async () => {
  project.net.faults({ drop: 1 })
  const id = await post()
  await eventually(() => project.net.stats().dropped === 1, { within: 5000 })
  project.net.faults({})
  const later = await post()
  await eventually(async () => (await answered(later)).length === 1, { within: 5000 })
  expect(endpoint.arrivals).toHaveLength(1)
  expect(await answered(id)).toHaveLength(0)
})

it('holds requests back while it is paused', async () => {
  project.net.pause()
  // The batch in flight, if any, has rested after this.
  await sleep(1200)
  await post()
  await sleep(1500)
  expect(endpoint.arrivals).toHaveLength(0)
  project.net.resume()
  await eventually(() => endpoint.arrivals.length === 1, { within: 5000 })
})
