/** Requests between database and functions that are lost, doubled and late at once. */
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
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

  it('come twenty at a time: every batch has one holder, the others do nothing', async () => {
    rig = await openFaultRig({ sample: { rows: 60_000, wide: 300 } })
    const nonces: string[] = []
    const id = await rig.start({ lanes: 2, batchRows: 2_000 }, async () => {
      await rig.sql`select migration._send(o.id, o.configuration)
        from migration.orchestrations o, generate_series(1, 10)`
      const queued = await rig.sql<{ nonce: string }[]>`
        delete from net.http_request_queue
        returning convert_from(body, 'UTF8')::jsonb ->> 'nonce' as nonce`
      nonces.push(...queued.map(({ nonce }) => nonce).slice(0, 10))
    })
    const knock = async (nonce: string) => {
      const response = await fetch(`${rig.project.url}/functions/v1/process-batch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ migration_id: id, nonce }),
      })
      return ((await response.json()) as { accepted: boolean }).accepted
    }
    const answers = await Promise.all([...nonces, ...nonces].map(knock))
    expect(answers).toHaveLength(20)
    expect(answers.filter(Boolean).length).toBeLessThanOrEqual(10)
    const ended = await rig.endsExact(id)
    expect(ended).toMatchObject({ attempts: ended.batches, errors: [] })
    const [most] = await rig.sql<{ n: number }[]>`
      select max(n)::int as n from (
        select (select count(*) from migration.dispatches e where e.accepted_at is not null
                 and e.accepted_at <= d.accepted_at and e.finished_at > d.accepted_at) as n
          from migration.dispatches d where d.accepted_at is not null) lanes`
    expect(most?.n).toBeLessThanOrEqual(2)
  })

  it('are all lost, or the functions are down: the sweep of cron alone recovers', async () => {
    const lost = await openFaultRig({ sample: { rows: 9_000 }, faults: { drop: 1 } })
    rig = await openFaultRig({ sample: { rows: 9_000 } })
    try {
      await Promise.all([
        recovers(lost, () => Promise.resolve()),
        // Nobody listens there.
        recovers(rig, async () => {
          await rig.sql`update net.http_request_queue set url = 'http://127.0.0.1:9/'`
        }),
      ])
    } finally {
      await lost.close()
    }
  })
})

/** The first requests come to nothing; from then on all of them come twice. */
async function recovers(rig: FaultRig, before: () => Promise<void>): Promise<void> {
  const id = await rig.start({ batchRows: 1_000 }, before)
  const { net } = rig.project
  await eventually(() => net.stats().dropped + net.stats().sent > 0, { what: 'a request is gone' })
  net.faults({ duplicate: 1 })
  const since = performance.now()
  const done = async () => {
    const [row] = await rig.sql<{ status: string }[]>`
      select status from migration.orchestrations where id = ${id}`
    return row?.status === 'completed'
  }
  // The sweep's interval, the grace of a request on its way, then the copy and its steps.
  await eventually(done, { what: 'completed', within: 10_000 + 5_000 + 15_000 })
  console.log(`recovered and done in ${Math.round(performance.now() - since)} ms`)
  expect(net.stats().duplicated).toBeGreaterThan(0)
  await rig.endsExact(id)
}
