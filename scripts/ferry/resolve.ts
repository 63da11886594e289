/** `ferry resolve ID --notes TEXT`: refused rows are put away, with a word why. */
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { grouped } from './display/format.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { identify } from './identify.ts'
import { choiceOf, type ReplayCommand } from './replay.ts'

export interface ResolveCommand extends Pick<ReplayCommand, 'id' | 'entity' | 'code' | 'key'> {
  readonly notes: string
}

export async function resolve(
  client: Client,
  console: Console,
  command: ResolveCommand,
): Promise<ExitCode> {
  const id = await identify(client, command.id)
  const resolved = await client.resolve(id, choiceOf(command), command.notes)
  console.result(resolved)
  console.say(
    `${grouped(resolved.resolved)} refused rows put away: they stay refused and are counted as such`,
  )
  return EXIT.done
}
