/** `ferry pause | resume | cancel | retry [ID]`: the verbs that change the course of a migration. */
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { identify } from './identify.ts'
import type { Action } from './report.ts'

export async function steer(
  client: Client,
  console: Console,
  action: Action,
  id: string | undefined,
): Promise<ExitCode> {
  const steered = await client.steer(action, await identify(client, id))
  console.result(steered)
  console.say(`migration ${steered.migration_id} is ${steered.status}, ${steered.control_state}`)
  return EXIT.done
}
