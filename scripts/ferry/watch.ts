/** `ferry watch [ID]`: follows a migration to its end. */
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { EXIT, type ExitCode, exitCodeOf } from './exit.ts'
import { follow } from './follow.ts'
import { identify } from './identify.ts'

/** Ctrl-C stops the watching, never the migration. */
export async function watch(
  client: Client,
  console: Console,
  id: string | undefined,
  interval: number,
): Promise<ExitCode> {
  return watchTo(client, console, await identify(client, id), interval)
}

/** The same for an id that is known to be whole. @param untilSync ends when a plan with sync has caught up */
export async function watchTo(
  client: Client,
  console: Console,
  id: string,
  interval: number,
  untilSync = false,
): Promise<ExitCode> {
  const display = console.display()
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort()
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    const options = { interval, signal: interrupted.signal, untilSync }
    return exitCodeOf(await follow(client, id, display, options))
  } catch (error) {
    if (!interrupted.signal.aborted) throw error
    display.end()
    console.remark(`The migration goes on. Watch it again: ferry watch ${id.slice(0, 8)}`)
    return EXIT.interrupted
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    display.end()
  }
}
