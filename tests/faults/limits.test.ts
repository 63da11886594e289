/** Functions with too little of everything: each call advances or halves its batch; nothing goes round in circles. */
import { afterEach, describe, expect, it } from 'vitest'
import { type FaultRig, openFaultRig } from '../support/fault-rig.ts'

describe('a function', () => {
  let rig: FaultRig
  afterEach(() => rig?.close())

  it('is killed at its wall clock: batches get smaller until they fit, and stay so', async () => {
    // 120 MB in one batch, more than passes the proxies in that time.
    rig = await openFaultRig({
      sample: { rows: 20_000, tables: ['a'], wide: 60_000 },
      limits: { wallClockMilliseconds: 800 },
    })
    const id = await rig.start({ lanes: 1, batchRows: 20_000 })
    await rig.endsExact(id, 50_000)
    expect(rig.project.stats().kills.wall_clock).toBeGreaterThanOrEqual(1)
    await everyCallAdvanced(rig, id, 20)
  })

  it('is killed at its CPU limit, and still gets to the end', async () => {
    rig = await openFaultRig({
      sample: { rows: 200_000, tables: ['a'], wide: 300 },
      limits: { cpuSoftMilliseconds: 40, cpuHardMilliseconds: 80 },
    })
    const id = await rig.start({ lanes: 1, batchRows: 200_000 })
    await rig.endsExact(id, 50_000)
    expect(rig.project.stats().kills.cpu).toBeGreaterThanOrEqual(1)
    await everyCallAdvanced(rig, id, 40)
  })

  it('is killed for want of memory, and still gets to the end', async () => {
    rig = await openFaultRig({
      sample: { rows: 12_000, tables: ['a'], wide: 60_000 },
      limits: { memoryMegabytes: 34 },
    })
    const id = await rig.start({ lanes: 1, batchRows: 12_000 })
    await rig.endsExact(id, 50_000)
    expect(rig.project.stats().kills.memory).toBeGreaterThanOrEqual(1)
    await everyCallAdvanced(rig, id, 40)
  })

  it('dies whatever it does: eight tries, then the migration is parked and nothing calls', async () => {
    rig = await openFaultRig({
      sample: { rows: 10, tables: ['a'] },
      impatient: true,
      secrets: { FERRY_FAILPOINTS: 'copy.begun=exit' },
    })
    const id = await rig.start({ lanes: 1 })
    await rig.reaches(id, 'parked')
    expect(rig.project.stats().kills.crash).toBe(8)
    const [sweep] = await rig.sql<{ done: object }[]>`select migration.watchdog() as done`
    expect(sweep?.done).toMatchObject({ dispatched: 0 })
    rig.project.setSecret('FERRY_FAILPOINTS', '')
    await rig.control('retry', id)
    await rig.endsExact(id)
  })
})

/** A claim ends in a committed batch or in a halved one, and what was learned by dying is kept. */
async function everyCallAdvanced(rig: FaultRig, id: string, deaths: number): Promise<void> {
  const [row] = await rig.sql<{ claims: number; moves: number; deaths: number }[]>`
    select sum(attempt)::int as claims, sum(deaths)::int as deaths,
           (count(*) filter (where status = 'completed') + sum(deaths) + sum(retry_count))::int as moves
      from migration.batches where migration_id = ${id}`
  expect(row?.claims).toBe(row?.moves)
  expect(row?.deaths).toBeLessThanOrEqual(deaths)
}
