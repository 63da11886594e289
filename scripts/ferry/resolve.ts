/** `ferry resolve ID --notes TEXT`: refused rows are put away, with a word why. */
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { grouped } from './display/format.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { identify } from './identify.ts'
import { choiceOf, type ReplayCommand } from './replay.ts'
import { atTarget } from './target-letters.ts'

export interface ResolveCommand extends Pick<ReplayCommand, 'id' | 'entity' | 'code' | 'key'> {
  readonly notes: string
  /** Of what `ferry run` has moved; a project is asked through its function. */
  readonly target?: string
}

type Letters = Pick<Client, 'list' | 'resolve'>

export async function resolve(
  client: Letters,
  console: Console,
  command: ResolveCommand,
): Promise<ExitCode> {
  const id = await identify(client, command.id)
  const resolved = await client.resolve(id, choiceOf(command), command.notes)
  console.result(resolved)
  const { resolved: count } = resolved
  console.say(
    `${grouped(count)} refused ${count === 1 ? 'row' : 'rows'} put away: refused for good, and counted as such`,
  )
  return EXIT.done
}

/** @throws FerryError `target_*`; `migration_none` */
export function resolveInTarget(console: Console, command: ResolveCommand): Promise<ExitCode> {
  return atTarget(command.target ?? '', (letters) => resolve(letters, console, command))
}
