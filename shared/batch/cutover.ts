/** A batch of kind cutover: one phase of the way from the freeze to the gate. The database knows which comes next. */
import type { Plan } from '../plan/schema.ts'
import type { Platform } from '../platform/platform.ts'
import { classify } from '../platform/sqlstate.ts'
import { quoteTable } from '../projection/quote.ts'
import { readConditions } from '../sync/cutover/conditions.ts'
import { freezeRole, unfreezeRole } from '../sync/cutover/freeze.ts'
import { awaitStillness } from '../sync/cutover/stillness.ts'
import type { ClaimedBatch } from '../target/control.ts'
import { cutoverControl } from '../target/cutover-control.ts'
import type { BatchKind, LastOfCall } from './kind.ts'
import type { Lane } from './lane.ts'
import { inOneTransaction } from './transaction.ts'

/** Looks for stillness after a freeze: so many seconds may what is at work still take. */
const LOOKS = 20
/** Milliseconds for ANALYZE of one table. */
const ANALYZE_TIMEOUT = 60_000

const nothing = { rows: 0, bytes: 0 }

/** What a phase has to tell the report; `refusal` stops the cut-over. */
type Outcome = Readonly<Record<string, unknown>>
type Phase = (platform: Platform, lane: Lane, batch: ClaimedBatch) => Promise<Outcome>

export const cutoverBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  const { phase = 'check' } = batch.task
  await platform.failpoint(`cutover.${phase}.claimed`)
  if (phase === 'sequences') await setSequences(platform, lane, batch, lastOfCall)
  else {
    const outcome = await phases[phase](platform, lane, batch)
    await platform.failpoint(`cutover.${phase}.done`)
    await cutoverControl(lane.target).complete(batch, outcome, lastOfCall(nothing))
  }
  await platform.failpoint(`cutover.${phase}.committed`)
  return nothing
}

const phases = {
  async check(_platform, lane, batch) {
    const source = await lane.source(batch.source_secret)
    const { role, rehearsal = false } = batch.task
    return { ...(await readConditions(source, role, rehearsal)) }
  },
  async freeze(platform, lane, batch) {
    const { role } = batch.task
    const frozen = role === undefined ? {} : await freeze(platform, lane, batch, role)
    const source = await lane.source(batch.source_secret)
    const still = await awaitStillness(source, LOOKS, pause)
    if (still !== undefined) return frozen
    const message = `The source has been written to for ${LOOKS} seconds${role === undefined ? '' : ` by others than ${role}`}: stop what writes there, and cut over again.`
    return { ...frozen, refusal: { code: 'source_not_still', message } }
  },
  async unfreeze(_platform, lane, batch) {
    const { role = '', former = null } = batch.task
    const { ended } = await unfreezeRole(await lane.address(batch.source_secret), role, former)
    return { sessions_ended: ended }
  },
  async analyze(_platform, lane, batch) {
    const tables = await cutoverControl(lane.target).changedTables(batch.migration_id)
    let failed = 0
    for (const table of tables) {
      try {
        await lane.target.begin(async (tx) => {
          await tx.unsafe(`set local statement_timeout = ${ANALYZE_TIMEOUT}`)
          await tx.unsafe(`analyze ${quoteTable(table)}`)
        })
      } catch (error) {
        // Queries are slower without statistics, and no row is wrong: it is told. Not so a lost connection.
        if (classify(error).kind === 'connection_error') throw error
        failed++
      }
    }
    return { tables: tables.length, ...(failed === 0 ? {} : { failed }) }
  },
} satisfies Record<string, Phase>

async function freeze(
  platform: Platform,
  lane: Lane,
  batch: ClaimedBatch,
  role: string,
): Promise<Outcome> {
  const { ended } = await freezeRole(
    await lane.address(batch.source_secret),
    role,
    async (former) => {
      await platform.failpoint('cutover.freeze.altered')
      await cutoverControl(lane.target).noteFrozen(batch, former)
      await platform.failpoint('cutover.freeze.noted')
    },
  )
  return { role, sessions_ended: ended }
}

/** Under the fence: a straggler must not set what the target's own application has moved on since. */
async function setSequences(
  platform: Platform,
  lane: Lane,
  batch: ClaimedBatch,
  lastOfCall: LastOfCall,
): Promise<void> {
  // It knows plans and DDL, which no other phase needs: loaded where it is asked for.
  const { sequenceStatements } = await import('../sync/cutover/sequences.ts')
  const source = await lane.source(batch.source_secret)
  const { plan, existed } = await lane.control.beginningOf(batch.migration_id)
  const statements = await sequenceStatements(source, lane.target, plan as Plan, new Set(existed))
  await inOneTransaction(lane, async (transaction) => {
    const control = cutoverControl(transaction)
    await control.hold(batch)
    for (const statement of statements) await transaction.unsafe(statement)
    await platform.failpoint('cutover.sequences.done')
    await control.complete(batch, { set: statements.length }, lastOfCall(nothing))
  })
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
