/** A whole server goes away in the middle of a run. */
import { afterEach, describe, expect, it } from 'vitest'
import { type FaultRig, openFaultRig } from '../support/fault-rig.ts'

const sample = { rows: 60_000, wide: 300 }

describe('a server', () => {
  let rig: FaultRig
  afterEach(() => rig?.close())

  it('crashes: the target in mid-COPY, then the source', async () => {
    rig = await openFaultRig({ sample, ownServers: true })
    const { target, source } = rig.project.servers
    const restarts: Promise<void>[] = []
    const crashes = (async () => {
      await rig.target.onCopied(200_000, () => restarts.push(target.restart('immediate')))
      await rig.source.onCopied(100_000, () => restarts.push(source.restart('immediate')))
    })()
    const id = await rig.start()
    const ended = await rig.endsExact(id, 45_000)
    await crashes
    await Promise.all(restarts)
    expect(restarts).toHaveLength(2)
    expect(ended.attempts).toBeGreaterThan(ended.batches)
  })

  it('disappears: the source; retries are bounded, and a retry goes on from the last checkpoint', async () => {
    rig = await openFaultRig({ sample })
    let gone: Promise<void> | undefined
    const disappeared = rig.source.onCopied(500_000, (proxy) => {
      gone = proxy.refuse(true)
      proxy.cut()
    })
    const id = await rig.start({ batchRows: 1_500, maxRetries: 2 })
    await disappeared
    await gone
    const failed = await rig.reaches(id, 'failed')
    const [reason] = await rig.sql<{ code: string; reason: string; tries: number }[]>`
      select failure_code as code, failure_reason as reason,
             (select max(retry_count) from migration.batches b where b.migration_id = o.id) as tries
        from migration.orchestrations o where id = ${id}`
    expect(reason).toMatchObject({ code: 'source_unreachable', tries: 2 })
    expect(reason?.reason).not.toMatch(/127\.0\.0\.1|postgres:/)
    const kept = await committed(rig, id)
    expect(kept.length).toBeGreaterThan(0)

    await rig.source.refuse(false)
    await rig.control('retry', id)
    const ended = await rig.endsExact(id)
    expect(ended.attempts).toBeGreaterThan(failed.batches)
    // What was committed before was not touched again.
    expect((await committed(rig, id)).slice(0, kept.length)).toEqual(kept)
  })
})

/** Checkpoints in the order they were written, with the attempt that wrote each. */
async function committed(rig: FaultRig, id: string) {
  return await rig.sql<{ id: string; attempt: number; completed_at: Date }[]>`
    select c.id, b.attempt, b.completed_at from migration.checkpoints c
      join migration.batches b on b.migration_id = c.migration_id and b.id = c.batch_id
     where c.migration_id = ${id} order by c.created_at, c.id`
}
