/** `ferry cutover ID`: the end of a migration in sync mode, or a rehearsal of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { duration, grouped, printable } from './display/format.ts'
import { tableLines } from './display/table.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { identify } from './identify.ts'
import type { Report } from './report.ts'
import type { Cutover } from './sync-report.ts'

export interface CutoverCommand {
  readonly id: string
  readonly dryRun?: boolean
  /** Name of the plan. */
  readonly confirm?: string
  /** Calls off the one at work. */
  readonly abort?: boolean
}

/** Milliseconds between two looks, and how long the project may be out of reach meanwhile. */
const LOOK_EVERY = 500
const PATIENCE = 120_000

/** Exit code 0 only where its gate has passed; of a rehearsal, where it would have. */
export async function cutover(
  client: Client,
  console: Console,
  command: CutoverCommand,
): Promise<ExitCode> {
  const id = await identify(client, command.id)
  const { dryRun, confirm } = command
  const { cutover_id } = command.abort
    ? await client.abortCutover(id)
    : await client.cutover(id, {
        ...(dryRun === undefined ? {} : { dry_run: dryRun }),
        ...(confirm === undefined ? {} : { confirm }),
      })
  const report = await awaitCutover(client, id, cutover_id)
  const code = tellCutover(console, report)
  return command.abort ? EXIT.done : code
}

/** The report once the cut-over has ended; its source is not frozen by it then, unless it was completed. */
async function awaitCutover(
  client: Pick<Client, 'report'>,
  id: string,
  cutoverId: string,
): Promise<Report> {
  for (;;) {
    const report = await client.report(id, { milliseconds: PATIENCE })
    const found = report.sync?.cutover ?? null
    if (found === null || found.id !== cutoverId || found.ended_at !== null) return report
    await sleep(LOOK_EVERY)
  }
}

/** What the newest cut-over did. */
export function tellCutover(console: Console, { migration, sync }: Report): ExitCode {
  const done = sync?.cutover ?? null
  if (done === null) return EXIT.unsuccessful
  console.result({
    migration_id: migration.migration_id,
    migration_status: migration.status,
    ...done,
  })
  for (const line of cutoverLines(done)) console.say(line)
  const passed = done.failure_code === null && done.state !== 'failed'
  return passed ? EXIT.done : EXIT.unsuccessful
}

/** Phases with their times, downtime, and how it ended. */
export function cutoverLines(done: Cutover): string[] {
  const { state, is_rehearsal, failure_code, failure_reason, report } = done
  const left = { align: 'left' } as const
  const right = { align: 'right' } as const
  const rows = report.phases.map(({ phase, duration_ms, ...facts }) => [
    phase,
    `${(duration_ms / 1000).toFixed(2)} s`,
    printable(factsOf(facts)),
  ])
  const { conditions } = report
  const downtime = report.downtime_ms ?? null
  return [
    ...(conditions === undefined
      ? []
      : [
          `begun with a lag of ${duration(conditions.oldest_lag_seconds)} and ${grouped(conditions.refused_rows)} refused rows`,
        ]),
    ...tableLines([left, right, left], rows),
    ...(downtime === null ? [] : [`downtime ${(downtime / 1000).toFixed(2)} s`]),
    ...(failure_code === null ? [] : [`${failure_code}: ${printable(failure_reason ?? '')}`]),
    is_rehearsal && failure_code === 'verification_failed'
      ? 'rehearsed: the source was written to meanwhile, which may be all that differs'
      : `cut-over ${state === 'dry_run_done' ? 'rehearsed' : state}`,
  ]
}

/** Names and numbers of a phase, in one line. */
function factsOf(facts: Readonly<Record<string, unknown>>): string {
  const { refusal } = facts as { refusal?: { code: string } }
  if (refusal !== undefined) return refusal.code
  return Object.entries(facts)
    .filter(
      ([name, value]) =>
        !/_at$|^(sweep|verification)$/.test(name) &&
        ['string', 'number', 'boolean'].includes(typeof value),
    )
    .map(([name, value]) => `${name} ${typeof value === 'number' ? grouped(value) : value}`)
    .join(', ')
}
