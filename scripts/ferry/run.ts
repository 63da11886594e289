/** `ferry run PLAN`: a migration between any two PostgreSQL servers, from this machine. */
import type { Note } from '../../shared/plan/problem.ts'
import { readablePlan } from '../run/begin.ts'
import { forget } from '../run/forget.ts'
import { isWhole, type RunResult } from '../run/result.ts'
import { runMigration } from '../run/run.ts'
import type { Console } from './console.ts'
import { cutoverLines } from './cutover.ts'
import { grouped, printable } from './display/format.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { remarkAll } from './findings.ts'
import { readPlan } from './plan-file.ts'
import { badInput } from './refusal.ts'

export interface RunCommand {
  readonly plan: string | undefined
  readonly source?: string
  readonly target?: string
  readonly jobs: number
  /** Cuts a plan with `sync` over, once it is in sync. */
  readonly cutover?: boolean
  /** Seconds in sync before that, or before it stops. */
  readonly syncFor?: number
  readonly verbose?: boolean
  readonly forget?: boolean
  readonly force?: boolean
}

/** Exit code 0 only where every row is accounted for. */
export async function run(console: Console, command: RunCommand): Promise<ExitCode> {
  const target = command.target || process.env.TARGET_DATABASE_URL
  if (!target) throw missing('target', '--target', 'TARGET_DATABASE_URL')
  if (command.forget) return forgetAll(console, target, command)
  if (command.force) throw badInput('force_unused', '--force goes with --forget.', 'Leave it out.')
  if (command.plan === undefined) {
    throw badInput(
      'plan_missing',
      'No plan to run.',
      'Give the path of a plan, or - for standard input.',
    )
  }
  const plan = await readPlan(command.plan)
  const { secret } = readablePlan(plan).source
  const source = command.source || process.env[secret]
  if (!source) throw missing('source', '--source', secret)
  return runPlan(console, plan, { ...command, target, source })
}

async function runPlan(
  console: Console,
  plan: unknown,
  command: RunCommand & { source: string; target: string },
): Promise<ExitCode> {
  const display = console.json ? undefined : console.display()
  const interruption = onInterrupt(() => {
    if (!console.json)
      console.remark('Stopping when the batches at work have ended; once more to stop at once.')
  })
  try {
    const ended = await runMigration({
      plan,
      source: command.source,
      target: command.target,
      jobs: command.jobs,
      following: { cutover: command.cutover === true, seconds: command.syncFor },
      display,
      signal: interruption.signal,
      log: (line) => void (command.verbose && console.remark(line)),
      note: (note: Note) => void (console.json || remarkAll(console, 'note', [note])),
      began: (id, resumed) =>
        void (console.json || console.remark(`migration ${id} ${resumed ? 'goes on' : 'started'}`)),
    })
    display?.end()
    if (ended === undefined) {
      console.result({ migration_id: null, status: 'stopped' })
      return EXIT.interrupted
    }
    console.result(ended.result)
    if (ended.outcome === 'going') {
      console.remark('Stopped. The same command goes on with it.')
      return EXIT.interrupted
    }
    tell(console, ended.result)
    return isWhole(ended.outcome, ended.result) ? EXIT.done : EXIT.unsuccessful
  } finally {
    display?.end()
    interruption.off()
  }
}

function tell(
  console: Console,
  { migration_id, entities, duration_ms, kills, status, failure, cutover }: RunResult,
): void {
  const rows = entities.reduce((sum, entity) => sum + entity.records_processed, 0)
  const refused = entities.reduce((sum, entity) => sum + entity.records_failed, 0)
  const parts = [
    `${grouped(rows)} rows`,
    ...(refused > 0 ? [`${grouped(refused)} refused`] : []),
    `${(duration_ms / 1000).toFixed(1)} s`,
    ...(kills > 0 ? [`${kills} function processes died`] : []),
  ]
  for (const line of cutover === undefined ? [] : cutoverLines(cutover)) console.say(line)
  console.say(`${status}: ${parts.join(', ')}`)
  if (refused > 0) {
    const why = `ferry errors ${migration_id.slice(0, 8)} --target URL`
    console.say(`${grouped(refused)} rows of the source were refused; to see which and why: ${why}`)
  }
  if (!failure) return
  for (const { entity_name, error_code, errors } of failure.errors) {
    console.remark(
      `${printable(entity_name ?? 'migration')}: ${error_code ?? 'unknown'}, ${errors} times`,
    )
  }
  console.remark(`${failure.code}: ${printable(failure.reason)} The same command tries again.`)
}

async function forgetAll(console: Console, target: string, command: RunCommand): Promise<ExitCode> {
  const forgotten = await forget(target, command.force === true)
  console.result(forgotten)
  const { database, removed, migrations, slots } = forgotten
  const count = `${migrations} ${migrations === 1 ? 'migration' : 'migrations'}`
  console.say(
    removed
      ? `Removed from ${database}: schema migration with the records of ${count}. The tables that were filled stay.`
      : `There is no schema migration in ${database}: nothing to remove.`,
  )
  for (const slot of slots) {
    console.remark(
      `A replication slot is left at the source and keeps its log: select pg_drop_replication_slot('${slot}');`,
    )
  }
  return EXIT.done
}

function missing(side: string, option: string, variable: string) {
  return badInput(
    `${side}_missing`,
    `No address of the ${side} database.`,
    `Give ${option} or set ${variable}: postgres://user:password@host:5432/database.`,
  )
}

/** The first signal asks to stop, the second stops at once; the function processes go with this one. */
function onInterrupt(first: () => void): { signal: AbortSignal; off(): void } {
  const stop = new AbortController()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted)
    stop.abort()
    first()
  }
  for (const signal of signals) process.on(signal, interrupt)
  return {
    signal: stop.signal,
    off: () => {
      for (const signal of signals) process.off(signal, interrupt)
    },
  }
}
