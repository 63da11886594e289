/**
 * The named points of a batch, one after the other: the process ends there, or the step fails there, in
 * the first, the middle and the last batch; and every statement of a batch whose answer is lost after the
 * server has done it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type FaultRig, openFaultRig } from '../support/fault-rig.ts'

const points = [
  'copy.claimed',
  'copy.carved',
  'copy.begun',
  'copy.loaded',
  'copy.completed',
  'copy.committed',
] as const

let rig: FaultRig
beforeAll(async () => {
  // Three batches of 50 rows, however long they take: a first, one in the middle, a last.
  rig = await openFaultRig({ sample: { rows: 150, tables: ['a'] }, impatient: true })
  await rig.sql`create or replace function migration._next_batch_size(
      p_now integer, p_rows bigint, p_milliseconds bigint, p_bytes bigint)
    returns integer language sql immutable set search_path = '' as $$ select p_now $$`
})
afterAll(() => rig.close())

const arm = (specification: string) => rig.project.setSecret('FERRY_FAILPOINTS', specification)

describe('a batch', () => {
  afterEach(async () => {
    arm('')
    await rig.clear()
  })

  it.each(points)('is killed at %s, wherever it stands', async (point) => {
    const crashes = () => rig.project.stats().kills.crash ?? 0
    const before = crashes()
    arm(`${point}=exit@1`)
    const id = await rig.start({ lanes: 1, batchRows: 50 })
    await eventually(() => crashes() > before, { what: 'the first kill', every: 20 })
    // From now on every process does one batch and dies in its second; behind the commit, in each.
    if (point !== 'copy.committed') arm(`${point}=exit@2`)
    const ended = await rig.endsExact(id)
    expect(crashes() - before).toBeGreaterThanOrEqual(3)
    if (point === 'copy.committed') expect(ended.attempts).toBe(ended.batches)
    else expect(ended.attempts).toBeGreaterThanOrEqual(ended.batches + 3)
  })

  it.each(points)('fails at %s: at first, in the middle, at last', async (point) => {
    arm(`${point}=fail@1`)
    const id = await rig.start({ lanes: 1, batchRows: 50 })
    if (point !== 'copy.committed') {
      for (const next of ['=fail@2', '=fail@2', '']) {
        await rig.reaches(id, 'failed')
        arm(next && `${point}${next}`)
        await rig.control('retry', id)
      }
    }
    const ended = await rig.endsExact(id)
    // Committed is committed: a failure behind it takes nothing back and tries nothing again.
    const again = point === 'copy.committed' ? 0 : 3
    expect(ended).toMatchObject({ batches: 3, attempts: 3 + again })
  })

  it('is done at the server, and the answer gets lost: at every statement, twice', async () => {
    const id = await rig.start({ lanes: 1, batchRows: 6 })
    const statements = [
      /migration\.accept_dispatch\(/,
      /migration\.claim_batch\(/,
      'begin',
      /migration\.carve_batch\(/,
      /migration\.begin_load\(/,
      /migration\.complete_batch\(/,
      'commit',
      /migration\.fail_batch\(/,
    ]
    let lost = 0
    const losses = (async () => {
      for (const statement of statements) {
        if (String(statement).includes('fail_batch')) arm('copy.loaded=fail@2')
        await rig.target.dropAnswerOf(statement, { times: 2 })
        lost += 2
        if (lost === 2 * statements.length) arm('')
      }
    })()
    await eventually(
      async () => {
        const [row] = await rig.sql<{ status: string }[]>`
        select migration.watchdog(), status from migration.orchestrations where id = ${id}`
        if (row?.status === 'failed') await rig.control('retry', id)
        return row?.status === 'completed'
      },
      { within: 40_000, every: 100, what: 'completed' },
    )
    await losses
    await rig.endsExact(id)
    expect(lost).toBe(2 * statements.length)
  })
})
