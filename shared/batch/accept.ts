/** The way into a call: the nonce is spent on the lane's own connection, then the work goes on behind the answer. */
import type { Platform } from '../platform/platform.ts'
import { type LaneDependencies, openLane } from './lane.ts'
import { runCall } from './run.ts'

/**
 * Lets a dispatched call in and starts its work in the background.
 * @returns false for a duplicate, or for one call more than there are lanes
 * @throws FerryError `nonce_invalid` where nobody asked for this call
 */
export async function acceptCall(
  platform: Platform,
  migrationId: string,
  nonce: string,
  dependencies: LaneDependencies,
): Promise<boolean> {
  const lane = openLane(dependencies)
  let dispatchId: string | null = null
  try {
    dispatchId = await lane.control.acceptDispatch(migrationId, nonce)
  } finally {
    if (dispatchId === null) await lane.close()
  }
  if (dispatchId === null) return false
  const { openTarget } = dependencies
  platform.waitUntil(runCall({ platform, lane, openTarget, migrationId, dispatchId }))
  return true
}
