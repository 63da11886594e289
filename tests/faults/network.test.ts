/** Connections that hang, break, or lose an answer at the worst moment. */
import type { Sql } from 'postgres'
import { afterEach, describe, expect, it } from 'vitest'
import { type FaultRig, openFaultRig } from '../support/fault-rig.ts'

const sample = { rows: 60_000, wide: 300 }

describe('a connection', () => {
  let rig: FaultRig
  afterEach(() => rig?.close())

  it('to the target goes half-open in mid-COPY: the server process is ended, the batch redone', async () => {
    rig = await openFaultRig({ sample })
    const frozen = rig.target.onCopied(400_000, (proxy, link) =>
      proxy.freeze((one) => one.id === link.id),
    )
    const id = await rig.start({ lanes: 1, leaseSeconds: 2 })
    await frozen
    const ended = await rig.endsExact(id)
    expect(ended.terminated).toBeGreaterThanOrEqual(1)
    expect(ended.attempts).toBeGreaterThan(ended.batches)
  })

  it('to the source goes half-open in mid-COPY', async () => {
    rig = await openFaultRig({ sample })
    const frozen = rig.source.onCopied(400_000, (proxy, link) =>
      proxy.freeze((one) => one.id === link.id),
    )
    const id = await rig.start({ lanes: 1, leaseSeconds: 2 })
    await frozen
    const ended = await rig.endsExact(id)
    expect(ended.attempts).toBeGreaterThan(ended.batches)
  })

  it('to either side is reset in mid-COPY, again and again', async () => {
    rig = await openFaultRig({ sample })
    let cuts = 0
    for (const proxy of [rig.source, rig.target, rig.source, rig.target]) {
      void proxy.onCopied(200_000 * (cuts + 1), (all, link) => {
        cuts += all.cut((one) => one.id === link.id)
      })
    }
    const id = await rig.start()
    const ended = await rig.endsExact(id)
    expect(cuts).toBeGreaterThanOrEqual(2)
    expect(ended.attempts).toBeGreaterThan(ended.batches)
  })

  it('loses the answers of COMMITs that were done: no row, counter or entry comes twice', async () => {
    rig = await openFaultRig({ sample })
    const lost = rig.target.dropAnswerOf('COMMIT', {
      times: 3,
      filter: (link) => link.copied > 0,
    })
    const id = await rig.start({ batchRows: 5_000 })
    await lost
    const ended = await rig.endsExact(id)
    expect(rig.target.stats.answersDropped).toBe(3)
    // Committed is committed: not one of these batches was claimed again.
    expect(ended).toMatchObject({ attempts: ended.batches, errors: [] })
  })

  it('loses the answer of a claim: the batch nobody knows of is taken back', async () => {
    rig = await openFaultRig({ sample })
    const lost = rig.target.dropAnswerOf(/migration\.claim_batch\(/, { times: 2 })
    const id = await rig.start({ lanes: 1 })
    await lost
    const ended = await rig.endsExact(id)
    // The second may have been the answer that there is nothing to claim.
    expect(ended.reclaimed).toBeGreaterThanOrEqual(1)
    expect(ended.attempts).toBe(ended.batches + ended.reclaimed)
  })

  it('is ended by an administrator of either side in mid-COPY: reported by the function itself', async () => {
    rig = await openFaultRig({ sample, gentle: true })
    const terminate = (sql: Sql) => sql`
      select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'supaferry' and query ~* '^copy'`
    let ended = 0
    for (const [proxy, sql] of [
      [rig.source, rig.legacy],
      [rig.target, rig.sql],
    ] as const) {
      // The session may just have gone on to something else: then the next one is taken.
      const next = (): void =>
        void proxy.onCopied(100_000, async () => {
          const { length } = await terminate(sql)
          ended += length
          if (length === 0) next()
        })
      next()
    }
    const id = await rig.start()
    const end = await rig.endsExact(id)
    expect(ended).toBeGreaterThanOrEqual(2)
    expect(end.attempts).toBeGreaterThan(end.batches)
    // A function that dies of a lost connection cannot report it.
    expect(rig.project.stats().kills.crash).toBeUndefined()
    expect(end.errors).not.toContain('holder_gone')
  })
})
