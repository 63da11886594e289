/** Rows of unusual size: rows never pass through JavaScript, so a function's memory does not grow with them. */
import { afterEach, describe, expect, it } from 'vitest'
import { type FaultRig, openFaultRig } from '../support/fault-rig.ts'

const MEBIBYTE = 2 ** 20

describe('a row', () => {
  let rig: FaultRig
  afterEach(() => rig?.close())

  it('has a field of 200 MB, and no function holds it', async () => {
    rig = await openFaultRig({ sample: { rows: 30, tables: ['a'] }, direct: true })
    await rig.legacy`create table huge (id int primary key, body text)`
    await rig.legacy`insert into huge values (1, 'small'), (2, repeat('0123456789', 20000000)), (3, null)`
    const id = await rig.start({ leaseSeconds: 60 })
    const ended = await rig.endsExact(id, 60_000)
    expect(ended.attempts).toBe(ended.batches)
    const { isolates, kills } = rig.project.stats()
    expect(kills.memory).toBeUndefined()
    const peak = Math.max(...isolates.map((isolate) => isolate.peakMemoryBytes))
    console.log(
      `peak memory of a function with a field of 200 MB: ${Math.round(peak / MEBIBYTE)} MiB`,
    )
    expect(peak).toBeLessThan(190 * MEBIBYTE)
  })

  it('has 1,600 columns: values are no parameters', async () => {
    rig = await openFaultRig({ sample: { rows: 30, tables: ['a'] } })
    const names = Array.from({ length: 1599 }, (_, index) => `c${index}`)
    await rig.legacy.unsafe(
      `create table wide (id int primary key, ${names.map((name) => `${name} int2`).join(', ')})`,
    )
    // 320,000 values: several times what one statement takes as parameters.
    await rig.legacy.unsafe(
      `insert into wide select n, ${names.map((_, index) => (index % 3 ? 'n' : 'null')).join(', ')}
         from generate_series(1, 200) n`,
    )
    const id = await rig.start()
    await rig.endsExact(id)
  })
})
