/** A batch of kind look: what the source has changed since the last sweep, and how far this one may go. */
import { readFacts } from '../sync/facts.ts'
import { isLogged, look } from '../sync/look.ts'
import { syncControl } from '../target/sync-control.ts'
import type { BatchKind } from './kind.ts'
import { ensureSlot } from './log-slot.ts'

export const lookBatch: BatchKind = async (platform, lane, batch, lastOfCall) => {
  const control = syncControl(lane.target)
  const source = await lane.source(batch.source_secret)
  await platform.failpoint('look.claimed')
  // Before any row is looked at: see facts.ts.
  const facts = await readFacts(source)
  const questions = await control.openLook(batch, facts)
  // What is compared from now on was there before the log is read from.
  if (questions.some(({ definition }) => isLogged(definition))) await ensureSlot(lane, batch)
  const answers = await look(source, questions)
  await platform.failpoint('look.read')
  const work = { rows: 0, bytes: 0 }
  await control.completeLook(batch, { facts, answers }, lastOfCall(work))
  await platform.failpoint('look.committed')
  return work
}
