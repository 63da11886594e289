/** Requests between database and functions that are lost, doubled and late at once. */
import { afterEach, describe, expect, it } from 'vitest'
import { type FaultRig, openFaultRig } from '../support/fault-rig.ts'

describe('requests', () => {
  let rig: FaultRig
  afterEach(() => rig?.close())

  it('are lost, doubled and delayed at high rates', async () => {
    rig = await openFaultRig({
      sample: { rows: 20_000, tables: ['a', 'b', 'c', 'd', 'e', 'f'], wide: 64 },
      faults: {
        drop: 0.4,
        duplicate: 0.8,
        delay: { probability: 0.5, maxMilliseconds: 800 },
        seed: 7,
      },
    })
    // The third batch of every call fails, so that the run needs many requests.
    rig.project.setSecret('FERRY_FAILPOINTS', 'copy.loaded=exit@3')
    const id = await rig.start({ lanes: 4, batchRows: 500 })
    const ended = await rig.endsExact(id, 40_000)
    const stats = rig.project.net.stats()
    expect(stats.dropped).toBeGreaterThan(0)
    expect(stats.duplicated).toBeGreaterThan(0)
    expect(ended.errors).toEqual(['holder_gone'])
  })
})
