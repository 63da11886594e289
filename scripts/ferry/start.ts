/** `ferry start PLAN`: hands a plan to the project, which does the rest. */
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { remarkAll } from './findings.ts'
import { readPlan } from './plan-file.ts'
import { watchTo } from './watch.ts'

export interface StartOptions {
  readonly wait: boolean
  /** Seconds between two looks while waiting. */
  readonly interval: number
}

export async function start(
  client: Client,
  console: Console,
  planPath: string,
  options: StartOptions,
): Promise<ExitCode> {
  const started = await client.start(await readPlan(planPath))
  const { migration_id, entities } = started
  console.result(options.wait ? { event: 'started', ...started } : started)
  if (!console.json) remarkAll(console, 'note', started.notes)
  console.say(`migration ${migration_id} started, ${entities} entities`)
  if (options.wait) return watchTo(client, console, migration_id, options.interval, true)
  console.say(`Follow it: ferry watch ${migration_id.slice(0, 8)}`)
  return EXIT.done
}
