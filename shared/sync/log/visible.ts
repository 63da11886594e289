/**
 * A commit is in the log before its transaction is visible: between the two lies an instant, or as long
 * as a synchronous standby takes to confirm. A row that is read again in that gap is still the old one, and
 * the change would be lost; so nothing is recorded before a new snapshot shows it.
 */
import { FerryError } from '../../platform/errors.ts'

/** A snapshot of 64-bit ids as the server prints it: xmin:xmax:in,flight. */
interface Snapshot {
  readonly xmax: bigint
  readonly inFlight: ReadonlySet<bigint>
}

export interface Patience {
  readonly within_ms: number
  readonly every_ms: number
}

const patience: Patience = { within_ms: 10_000, every_ms: 20 }

/**
 * @param xids of 32 bits, as the log has them
 * @param snapshot a new one with every call
 * @throws FerryError `log_transaction_not_visible`, which may be tried again
 */
export async function untilVisible(
  xids: readonly number[],
  snapshot: () => Promise<string>,
  { within_ms, every_ms }: Patience = patience,
): Promise<void> {
  const deadline = performance.now() + within_ms
  for (let left = xids; left.length > 0; ) {
    const now = parseSnapshot(await snapshot())
    left = left.filter((xid) => isInFlight(xid, now))
    if (left.length === 0) return
    if (performance.now() > deadline) throw notVisible(left.length)
    await new Promise((resolve) => setTimeout(resolve, every_ms))
  }
}

export function parseSnapshot(text: string): Snapshot {
  const [, xmax = '0', inFlight = ''] = text.split(':')
  const ids = inFlight === '' ? [] : inFlight.split(',')
  return { xmax: BigInt(xmax), inFlight: new Set(ids.map(BigInt)) }
}

/** Of 2³² ids, those at most half of them away from the next one are meant. */
export function isInFlight(xid: number, { xmax, inFlight }: Snapshot): boolean {
  const distance = (xid - Number(xmax & 0xffff_ffffn)) | 0
  const whole = xmax + BigInt(distance)
  return whole >= xmax || inFlight.has(whole)
}

function notVisible(transactions: number): FerryError {
  return new FerryError({
    code: 'log_transaction_not_visible',
    message:
      'Transactions are committed in the log of the source that its other sessions do not see yet.',
    hint: 'Nothing: it is tried again. If it stays, a synchronous standby of the source does not answer.',
    status: 503,
    kind: 'timeout',
    context: { retry: 'retry', transactions },
  })
}
