/** Function processes that die or fall asleep in the middle of a batch. */
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type FaultRig, openFaultRig } from '../support/fault-rig.ts'
import { isAlive, kill, suspend, wake } from '../support/process.ts'

describe('a function process', () => {
  let rig: FaultRig
  afterEach(() => rig?.close())

  it('is killed in mid-COPY, three times over', async () => {
    rig = await openFaultRig({ sample: { rows: 120_000, wide: 300 } })
    const killed = new Set<number>()
    // Bytes of a dead process still arrive: every kill waits for the connection of another one.
    const dead = new Set<number>()
    const killNext = (bytes: number) =>
      rig.target.onCopied(
        bytes,
        (_, link) => {
          dead.add(link.id)
          for (const pid of rig.workers()) {
            kill(rig.project, pid)
            killed.add(pid)
          }
        },
        (link) => !dead.has(link.id),
      )
    const kills = (async () => {
      for (const bytes of [300_000, 600_000, 100_000]) await killNext(bytes)
    })()
    const id = await rig.start({ lanes: 1 })
    const ended = await rig.endsExact(id)
    await kills
    expect(killed.size).toBeGreaterThanOrEqual(3)
    expect(ended.attempts).toBeGreaterThanOrEqual(ended.batches + 3)
    expect(ended.errors).toEqual(['holder_gone'])
  })

  it('sleeps past its lease in mid-COPY and wakes after another has done its work', async () => {
    rig = await openFaultRig({ sample: { rows: 60_000, wide: 300 } })
    let sleeper: number | undefined
    const asleep = rig.source.onCopied(400_000, () => {
      sleeper = rig.workers()[0]
      suspend(rig.project, sleeper!)
    })
    const id = await rig.start({ lanes: 1, leaseSeconds: 2 })
    await asleep
    const ended = await rig.endsExact(id)
    expect(ended.terminated).toBeGreaterThanOrEqual(1)
    expect(ended.errors).toEqual(['lease_expired'])
    expect(isAlive(sleeper!)).toBe(true)
    expect(wake(sleeper!)).toBe(true)
    await eventually(() => lastWords(rig, sleeper!) !== undefined, { what: 'the sleeper reports' })
    expect(lastWords(rig, sleeper!)).toMatchObject({ stage: 'call.failed', outcome: 'ignored' })
    const after = await rig.endsExact(id)
    expect(after).toMatchObject({ attempts: ended.attempts, errors: ended.errors })
  })

  it('sleeps past its lease between claim and load, and its load is fenced off', async () => {
    rig = await openFaultRig({
      sample: { rows: 30_000, wide: 300 },
      // Between the two transactions of a batch no lock is held: only the attempt can stop it.
      secrets: { FERRY_FAILPOINTS: 'copy.carved=hold:600' },
    })
    const id = await rig.start({ lanes: 1, leaseSeconds: 2 })
    await eventually(async () => (await claimed(rig, id)) > 0, { every: 10 })
    await eventually(async () => (await carved(rig, id)) > 0, { every: 10 })
    const sleeper = rig.workers()[0]!
    suspend(rig.project, sleeper)
    const ended = await rig.endsExact(id)
    expect(ended.attempts).toBeGreaterThan(ended.batches)
    wake(sleeper)
    await eventually(() => lastWords(rig, sleeper) !== undefined, { what: 'the sleeper reports' })
    expect(lastWords(rig, sleeper)).toMatchObject({ stage: 'call.failed', outcome: 'ignored' })
    await rig.endsExact(id)
  })
})

const claimed = (rig: FaultRig, id: string) => count(rig, id, `status = 'processing'`)
const carved = (rig: FaultRig, id: string) =>
  count(rig, id, `status = 'processing' and range_through is not null`)

async function count(rig: FaultRig, id: string, where: string): Promise<number> {
  const [row] = await rig.sql<{ n: number }[]>`
    select count(*)::int as n from migration.batches
     where migration_id = ${id} and ${rig.sql.unsafe(where)}`
  return row?.n ?? 0
}

/** The last failure that a process has logged. */
function lastWords(rig: FaultRig, pid: number): Record<string, unknown> | undefined {
  const line = rig.project
    .functionLines()
    .filter((each) => each.pid === pid && each.text.includes('call.fail'))
    .at(-1)
  return line && (JSON.parse(line.text) as Record<string, unknown>)
}
