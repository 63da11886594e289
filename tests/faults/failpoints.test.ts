/**
 * The named points of a batch, one after the other: the process ends there, or the step fails there, in
 * the first, the middle and the last batch; and every statement of a batch whose answer is lost after the
 * server has done it.
 */
import { describe, it } from 'vitest'
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

/** Batches of one row: they cannot be halved, so three rows are a first, a middle and a last one. */
const three = { sample: { rows: 3, tables: ['a'] }, impatient: true }
const start = (rig: FaultRig) => rig.start({ lanes: 1, batchRows: 1 })

// Most of it is waiting for requests, which leave once a second: side by side.
describe.concurrent('a batch', { timeout: 90_000 }, () => {
  it.each(points)(
    'is killed, and fails, at %s: at first, in the middle, at last',
    async (point) => {
      const rig = await openFaultRig(three)
      try {
        await endsThrice(rig, point)
        await rig.clear()
        await failsThrice(rig, point)
      } finally {
        await rig.close()
      }
    },
  )

  it('is done at the server, and the answer gets lost: at every statement', async () => {
    const rig = await openFaultRig({ sample: { rows: 40, tables: ['a'] }, impatient: true })
    try {
      await losesEveryAnswer(rig)
    } finally {
      await rig.close()
    }
  })
})

const arm = (rig: FaultRig, specification: string) =>
  rig.project.setSecret('FERRY_FAILPOINTS', specification)

async function endsThrice(rig: FaultRig, point: string): Promise<void> {
  const crashes = () => rig.project.stats().kills.crash ?? 0
  arm(rig, `${point}=exit@1`)
  const id = await start(rig)
  await eventually(() => crashes() > 0, { what: `killed at ${point}`, every: 20 })
  // From now on every process does one batch and dies in its second; behind the commit, in each.
  if (point !== 'copy.committed') arm(rig, `${point}=exit@2`)
  const ended = await rig.endsExact(id)
  if (crashes() < 3) throw new Error(`${point}: only ${crashes()} kills`)
  // Committed is committed: nothing is tried again.
  const again = point === 'copy.committed' ? 0 : 3
  atLeast(point, ended, again)
  if (again === 0 && ended.attempts !== ended.batches) throw new Error(`${point}: tried again`)
}

async function failsThrice(rig: FaultRig, point: string): Promise<void> {
  rig.project.cron.pause()
  arm(rig, `${point}=fail@1`)
  const id = await start(rig)
  const again = point === 'copy.committed' ? [] : [`${point}=fail@2`, `${point}=fail@2`, '']
  for (const next of again) {
    await failedByItself(rig, id)
    arm(rig, next)
    await rig.control('retry', id)
  }
  rig.project.cron.resume()
  const ended = await rig.endsExact(id)
  atLeast(point, ended, again.length)
}

/** Without sweeps: one between the end of the connection and the report would take the batch first. */
async function failedByItself(rig: FaultRig, id: string): Promise<void> {
  const failed = async () => {
    const [row] = await rig.sql<{ status: string }[]>`
      select status from migration.orchestrations where id = ${id}`
    return row?.status === 'failed'
  }
  await eventually(failed, { what: 'the migration fails', within: 20_000 })
}

function atLeast(point: string, ended: { batches: number; attempts: number }, again: number) {
  if (ended.batches === 3 && ended.attempts >= 3 + again) return
  throw new Error(`${point}: ${ended.attempts} attempts at ${ended.batches} batches`)
}

async function losesEveryAnswer(rig: FaultRig): Promise<void> {
  const id = await rig.start({ lanes: 1, batchRows: 2 })
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
  const losses = (async () => {
    for (const statement of statements) {
      if (String(statement).includes('fail_batch')) arm(rig, 'copy.loaded=fail@1')
      await rig.target.dropAnswerOf(statement)
    }
    arm(rig, '')
  })()
  const progress = async () => {
    const [row] = await rig.sql<{ status: string }[]>`
      select migration.watchdog(), status from migration.orchestrations where id = ${id}`
    if (row?.status === 'failed') await rig.control('retry', id)
    return row?.status === 'completed'
  }
  await eventually(progress, { within: 60_000, every: 100, what: 'completed' })
  await losses
  await rig.endsExact(id)
}
