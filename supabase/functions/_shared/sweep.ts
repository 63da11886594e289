/** The sweep that every status call runs, because the database's own scheduler can stop. */
import type { Platform } from '../../../shared/platform/platform.ts'
import { errorFacts } from './facts.ts'

/** Runs the watchdog. Reading progress must not fail because reviving did. */
export async function sweep(
  control: { watchdog(): Promise<unknown> },
  platform: Platform,
): Promise<void> {
  try {
    await control.watchdog()
  } catch (error) {
    platform.log('error', 'sweep_failed', errorFacts(error))
  }
}
