/** An operator's hand on a running migration. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type FaultRig, openFaultRig } from '../support/fault-rig.ts'

describe('a running migration', () => {
  let rig: FaultRig
  afterEach(() => rig?.close())

  it('is paused in mid-COPY, stands still, and goes on', async () => {
    rig = await openFaultRig({ sample: { rows: 60_000, wide: 300 } })
    let pausing: Promise<void> | undefined
    let id = ''
    const begun = rig.source.onCopied(200_000, () => {
      // The batch at work may end; slow enough for the pause to come first.
      rig.source.delay(2)
      pausing = rig.control('pause', id)
    })
    id = await rig.start({ batchRows: 2_000 })
    await begun
    await pausing
    rig.source.delay(0)
    await eventually(async () => (await state(rig, id)).held === 0, { what: 'running batches end' })
    const still = await state(rig, id)
    expect(still).toMatchObject({ status: 'running', control: 'paused' })
    expect(still.completed).toBeGreaterThan(0)
    expect(still.open).toBeGreaterThan(0)
    for (let sweep = 0; sweep < 4; sweep += 1) {
      await rig.sql`select migration.watchdog()`
      await sleep(400)
    }
    expect(await state(rig, id)).toEqual(still)
    await rig.control('resume', id)
    const ended = await rig.endsExact(id)
    expect(ended).toMatchObject({ attempts: ended.batches, errors: [] })
  })
})

async function state(rig: FaultRig, id: string) {
  const [row] = await rig.sql<
    {
      status: string
      control: string
      read: string
      completed: number
      held: number
      open: number
      calls: number
    }[]
  >`
    select o.status, o.control_state as control, o.records_read::text as read,
           (count(*) filter (where b.status = 'completed'))::int as completed,
           (count(*) filter (where b.status = 'processing'))::int as held,
           (count(*) filter (where b.status in ('pending', 'retrying')))::int as open,
           sum(b.attempt)::int as calls
      from migration.orchestrations o join migration.batches b on b.migration_id = o.id
     where o.id = ${id} group by o.id`
  return row!
}
