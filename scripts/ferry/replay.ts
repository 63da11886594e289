/** `ferry replay ID`: refused rows are tried again, by the plan as it was or a mended one. */
import type { Choice } from './answers.ts'
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { grouped } from './display/format.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { identify } from './identify.ts'
import { readPlan } from './plan-file.ts'
import { addressesOf, awaitPass, passHere, tellPass } from './verify.ts'

export interface ReplayCommand {
  readonly id: string
  readonly entity?: string
  readonly code?: string
  readonly key?: readonly string[]
  /** Path of a mended plan. */
  readonly plan?: string
  readonly wait?: boolean
  /** Both for what `ferry run` has moved; a project's functions know theirs. */
  readonly source?: string
  readonly target?: string
}

/** With `--wait` the exit code is that of the verification which follows: 0 only without a finding that counts. */
export async function replay(
  client: Client,
  console: Console,
  command: ReplayCommand,
): Promise<ExitCode> {
  const plan = command.plan === undefined ? undefined : await readPlan(command.plan)
  const id = await identify(client, command.id)
  const begun = await client.replay(id, choiceOf(command), plan)
  if (!command.wait) {
    console.result(begun)
    console.say(
      `Refused rows of migration ${id} are tried again. See: ferry status ${id.slice(0, 8)}`,
    )
    return EXIT.done
  }
  const report = await awaitPass(client, id)
  const code = tellPass(console, report)
  console.say(`${grouped(report.migration.records_failed)} rows are still refused`)
  return code
}

/** With functions on this machine, which always waits. */
export async function replayRun(console: Console, command: ReplayCommand): Promise<ExitCode> {
  const plan = command.plan === undefined ? undefined : await readPlan(command.plan)
  const replay = { choice: choiceOf(command), ...(plan === undefined ? {} : { plan }) }
  const pass = { action: 'replay', id: command.id, mode: undefined, replay } as const
  return passHere(console, addressesOf(command), pass)
}

/** Whatever was given; nothing means all unresolved dead letters. */
export function choiceOf({
  entity,
  code,
  key,
}: Pick<ReplayCommand, 'entity' | 'code' | 'key'>): Choice {
  return {
    ...(entity === undefined ? {} : { entity }),
    ...(code === undefined ? {} : { code }),
    ...(key === undefined ? {} : { keys: key }),
  }
}
