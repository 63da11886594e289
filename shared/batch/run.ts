/**
 * One call of process-batch, from the first claim to the last commit.
 *
 * Claim a batch, do what its kind asks for, commit, and again, until the budget is spent or nothing is
 * left to claim. The last commit asks for the next call in the same transaction; whatever is lost on
 * the way, the watchdog asks again. Nothing here decides about state: the database does.
 */
import type { FerryError } from '../platform/errors.ts'
import type { Platform } from '../platform/platform.ts'
import { onSide } from '../platform/side.ts'
import { classify, isRetryable } from '../platform/sqlstate.ts'
import { dropUnneededSlots } from '../sync/log/drop-slots.ts'
import { type ClaimedBatch, control } from '../target/control.ts'
import { openBudget } from './budget.ts'
import { copyBatch } from './copy.ts'
import { cutoverBatch } from './cutover.ts'
import { deletesBatch } from './deletes.ts'
import type { BatchKind } from './kind.ts'
import type { Lane, LaneDependencies } from './lane.ts'
import { logBatch } from './log.ts'
import { lookBatch } from './look.ts'
import { reconcileBatch } from './reconcile.ts'
import { repairBatch } from './repair.ts'
import { replayBatch } from './replay.ts'
import { settleBatch } from './settle.ts'
import { syncBatch } from './sync.ts'
import { verifyBatch } from './verify.ts'

export interface Call {
  readonly platform: Platform
  readonly lane: Lane
  /** For the report of a failure, when the lane's own connection cannot be trusted any more. */
  readonly openTarget: LaneDependencies['openTarget']
  readonly migrationId: string
  readonly dispatchId: string
}

/** How a batch of each kind is done. */
const kinds: Readonly<Record<ClaimedBatch['kind'], BatchKind>> = {
  copy: copyBatch,
  settle: settleBatch,
  verify: verifyBatch,
  repair: repairBatch,
  replay: replayBatch,
  look: lookBatch,
  log: logBatch,
  sync: syncBatch,
  reconcile: reconcileBatch,
  deletes: deletesBatch,
  cutover: cutoverBatch,
}

/** Works off batches; never rejects. Closes the lane. */
export async function runCall(call: Call): Promise<void> {
  const { platform, lane } = call
  const budget = openBudget(platform)
  const forget = platform.onUnload(() => budget.stop())
  let batch: ClaimedBatch | undefined
  try {
    for (;;) {
      batch = await claimPatiently(call)
      if (batch === undefined) break
      const wentOn = await processBatch(call, batch, budget)
      batch = undefined
      if (!wentOn) return
    }
    await dropUnneededSlots(platform, lane.target, lane.address)
    await lane.control.finishDispatch(call.dispatchId, 'idle')
  } catch (error) {
    await lane.discard()
    await reportFailure(call, batch, onSide('target', classify(error)))
  } finally {
    forget()
    await lane.close()
  }
}

/**
 * Milliseconds between tries to claim. Another lane may be about to hand on the rest of its range:
 * to wait for it is cheaper than to end here and be called again.
 */
const patience = [0, 20, 40, 80, 160] as const

async function claimPatiently(call: Call): Promise<ClaimedBatch | undefined> {
  for (const pause of patience) {
    await new Promise((resolve) => setTimeout(resolve, pause))
    const batch = await call.lane.control.claimBatch(call.migrationId, call.dispatchId)
    if (batch !== undefined) return batch
  }
  return undefined
}

/** Whether the call goes on after this batch. The lease bounds it on this side, too. */
async function processBatch(
  call: Call,
  batch: ClaimedBatch,
  budget: ReturnType<typeof openBudget>,
): Promise<boolean> {
  const { platform, lane } = call
  const startedAt = platform.now()
  const timer = setTimeout(() => void lane.discard(), batch.lease_ms)
  let last = false
  try {
    const work = await kinds[batch.kind](platform, lane, batch, ({ rows, bytes }) => {
      budget.spend(rows, bytes)
      last = !budget.allowsAnother()
      return last
    })
    platform.log('info', 'batch.completed', {
      ...identify(batch),
      ...work,
      duration_ms: Math.round(platform.now() - startedAt),
    })
    return !last
  } finally {
    clearTimeout(timer)
  }
}

async function reportFailure(
  call: Call,
  batch: ClaimedBatch | undefined,
  failure: FerryError,
): Promise<void> {
  const { platform } = call
  const { sql: target } = call.openTarget()
  try {
    const controlled = control(target)
    let outcome = 'no batch held'
    if (batch !== undefined) {
      outcome = await controlled.failBatch(batch, {
        kind: failure.kind,
        code: failure.code,
        sqlstate: sqlstateOf(failure),
        message: failure.message,
        retryable: isRetryable(failure),
      })
    }
    platform.log('warn', 'call.failed', {
      migration_id: call.migrationId,
      ...(batch === undefined ? {} : identify(batch)),
      code: failure.code,
      sqlstate: sqlstateOf(failure),
      outcome,
    })
    await controlled.finishDispatch(call.dispatchId, failure.code)
  } catch (error) {
    // The target itself is out of reach: the watchdog finds the batch by its lease.
    platform.log('error', 'call.failure_not_reported', {
      migration_id: call.migrationId,
      code: failure.code,
      report_code: classify(error).code,
    })
  } finally {
    await target.end({ timeout: 5 })
  }
}

function sqlstateOf(failure: FerryError): string | null {
  const { sqlstate } = failure.context
  return typeof sqlstate === 'string' ? sqlstate : null
}

function identify(batch: ClaimedBatch) {
  return {
    migration_id: batch.migration_id,
    batch_id: batch.batch_id,
    entity: batch.entity_name,
    kind: batch.kind,
    batch_number: batch.batch_number,
    attempt: batch.attempt,
  }
}
