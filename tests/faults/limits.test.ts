/** Functions with too little of everything: each call advances or halves its batch; nothing goes round in circles. */
import { afterEach, describe, expect, it } from 'vitest'
import { type FaultRig, openFaultRig } from '../support/fault-rig.ts'

const sample = { rows: 60_000, tables: ['a'], wide: 300 }

describe('a function', () => {
  let rig: FaultRig
  afterEach(() => rig?.close())

  it('is killed at its wall clock over and over: batches get smaller until they fit', async () => {
    rig = await openFaultRig({ sample, impatient: true, limits: { wallClockMilliseconds: 1_200 } })
    // A slow source: what a batch takes grows with its rows.
    rig.source.delay(10)
    const id = await rig.start({ lanes: 1, batchRows: 60_000, leaseSeconds: 30 })
    await rig.endsExact(id, 60_000)
    expect(rig.project.stats().kills.wall_clock).toBeGreaterThanOrEqual(1)
    await everyCallAdvanced(rig, id)
  })

  it('is killed at its CPU limit over and over, and still gets to the end', async () => {
    rig = await openFaultRig({
      sample: { ...sample, rows: 120_000 },
      impatient: true,
      limits: { cpuSoftMilliseconds: 60, cpuHardMilliseconds: 120 },
    })
    const id = await rig.start({ lanes: 1, batchRows: 60_000 })
    await rig.endsExact(id, 60_000)
    console.log(
      JSON.stringify(
        rig.project
          .stats()
          .isolates.map((i) => [i.function, i.cpuMilliseconds, i.peakMemoryBytes, i.end]),
      ),
    )
    expect(rig.project.stats().kills.cpu).toBeGreaterThanOrEqual(1)
    await everyCallAdvanced(rig, id)
  })

  it('that can never have enough memory ends in a parked migration, after eight tries', async () => {
    rig = await openFaultRig({
      sample,
      impatient: true,
      secrets: { FERRY_FAILPOINTS: 'copy.begun=hold:30000' },
      limits: { memoryMegabytes: 4 },
    })
    const id = await rig.start({ lanes: 1 })
    await rig.reaches(id, 'parked')
    console.log(
      JSON.stringify(
        rig.project
          .stats()
          .isolates.map((i) => [i.function, i.cpuMilliseconds, i.peakMemoryBytes, i.end]),
      ),
    )
    expect(rig.project.stats().kills.memory).toBeGreaterThanOrEqual(8)
    const calls = rig.project.stats().invocations
    await rig.sql`select migration.watchdog()`
    expect(rig.project.stats().invocations).toBe(calls)
  })
})

/** A claim ends in a committed batch or in a halved one. */
async function everyCallAdvanced(rig: FaultRig, id: string): Promise<void> {
  const [row] = await rig.sql<{ claims: number; moves: number; worst: number }[]>`
    select sum(attempt)::int as claims, max(deaths) as worst,
           (count(*) filter (where status = 'completed') + sum(deaths) + sum(retry_count))::int as moves
      from migration.batches where migration_id = ${id}`
  expect(row?.claims).toBe(row?.moves)
  expect(row?.worst).toBeLessThan(8)
}
