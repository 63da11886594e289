/** The words of the command line: every command, option and exit code of `ferry`. */
import { Command, Option } from 'commander'
import { openClient } from './client.ts'
import type { LocalCommand, ProjectCommand, Runners } from './commands.ts'
import { findConnection } from './connection.ts'
import { type Console, openConsole } from './console.ts'
import { addDeadLetterCommands } from './dead-letter-commands.ts'
import type { ExitCode } from './exit.ts'
import { countOption, ID, intervalOption, NEWEST, PLAN } from './options.ts'
import { addPlanCommands } from './plan-commands.ts'
import type { Action } from './report.ts'
import { addReport } from './report-command.ts'
import type { RunCommand } from './run.ts'
import { start } from './start.ts'
import { status, statusOfAll } from './status.ts'
import { steer } from './steer.ts'
import { addSyncCommands } from './sync-commands.ts'
import type { VerifyCommand } from './verify.ts'
import { watch } from './watch.ts'

const VERBS: readonly { action: Action; does: string }[] = [
  { action: 'pause', does: 'let running batches end and begin no more' },
  { action: 'resume', does: 'go on with a paused migration' },
  { action: 'retry', does: 'go on with a failed or parked migration from its last checkpoint' },
]

const PASSES: readonly { action: 'verify' | 'repair'; does: string }[] = [
  { action: 'verify', does: 'compare both sides down to the row, once more' },
  { action: 'repair', does: 'copy the rows that differed again, and verify them' },
]

const AFTER_HELP = `
Exit codes:
  0  completed, or done what was asked
  1  the migration failed, was cancelled or is parked; a verification found differences, or a check
     problems; a sweep or a cut-over did not end well
  2  wrong usage, or input that the project refused
  3  the project cannot be reached or does not accept the key

The project is found by --url and --key, else by SUPABASE_URL and SUPABASE_SECRET_KEY, else in
.ferry/project.json, which "ferry dev" writes. Addresses of databases are never part of a plan.

Examples:
  ferry dev                                         a project and a legacy database on this machine
  ferry discover --source "$LEGACY_DATABASE_URL" > plan.json
  ferry check plan.json                             everything that stands against it, at once
  ferry start plan.json --wait                      start and follow to the end
  ferry status                                      one look at the newest migration
  ferry watch 3f9c --json                           events for machines, one a line`

interface GlobalOptions {
  readonly url?: string
  readonly key?: string
  readonly json?: boolean
}

/** @param exit is told the exit code of the command that ran */
export function createProgram(exit: (code: ExitCode) => void): Command {
  const program = new Command('ferry')
    .description('Moves a legacy database into a Supabase project.')
    .option('--url <address>', 'address of the project')
    .option('--key <key>', 'secret key of the project, or the access token of a migration admin')
    .option('--json', 'print JSON for machines')
    .addHelpText('after', AFTER_HELP)
    .showHelpAfterError('(ferry --help lists the commands)')
    .exitOverride()
  const runners: Runners = {
    project: (run) => runOnProject(program, run, exit),
    local: (run) => runHere(program, run, exit),
    hasProject: () => Boolean(program.opts<GlobalOptions>().url || process.env.SUPABASE_URL),
  }
  addLocalCommands(program, runners)
  addPlanCommands(program, runners)
  addProjectCommands(program, runners)
  addDeadLetterCommands(program, runners)
  addSyncCommands(program, runners)
  return program
}

async function runOnProject(
  program: Command,
  run: ProjectCommand,
  exit: (code: ExitCode) => void,
): Promise<void> {
  const { url, key } = program.opts<GlobalOptions>()
  await runHere(
    program,
    async (console) => run(openClient(await findConnection({ url, key }, process.env)), console),
    exit,
  )
}

async function runHere(
  program: Command,
  run: LocalCommand,
  exit: (code: ExitCode) => void,
): Promise<void> {
  exit(await run(consoleFor(program)))
}

/** The console that the options of `program` ask for. */
export function consoleFor(program: Command): Console {
  return openConsole(process, process.env, program.opts<GlobalOptions>().json === true)
}

/** Modules that carry a database with them are loaded by the commands that need them. */
function addLocalCommands(program: Command, { local }: Runners): void {
  program
    .command('dev')
    .description('run a project and a legacy database on this machine until Ctrl-C')
    .action(() => local(async (console) => (await import('./dev.ts')).dev(console)))
  program
    .command('run')
    .description('migrate between any two PostgreSQL servers from this machine, or go on with it')
    .argument('[plan]', PLAN)
    .option('--source <address>', "address of the source; else the variable of the plan's secret")
    .option('--target <address>', 'address of the target; else TARGET_DATABASE_URL')
    .addOption(
      countOption('--jobs <count>', 'indexes and constraints that are built at a time', 32, 2),
    )
    .option('--cutover', 'with a plan that has sync: cut over once it is in sync')
    .addOption(
      countOption(
        '--sync-for <seconds>',
        'in sync for so long before that, or before it stops',
        86_400,
      ),
    )
    .option('--verbose', 'tell what is left out on a plain server, and which functions die')
    .option('--forget', 'remove the control schema from the target instead; moved rows stay')
    .option('--force', 'with --forget: also where a migration has not ended')
    .action((plan: string | undefined, options: Omit<RunCommand, 'plan'>) =>
      local(async (console) => (await import('./run.ts')).run(console, { plan, ...options })),
    )
}

/** Through the project; with both addresses, on this machine. */
function addPass(
  program: Command,
  action: VerifyCommand['action'],
  does: string,
  { project, local }: Runners,
): void {
  const command = program
    .command(action)
    .description(does)
    .argument('[id]', NEWEST)
    .option('--source <address>', 'address of the source, for what "ferry run" has moved')
    .option('--target <address>', 'address of the target, likewise')
  if (action === 'verify') {
    command.addOption(
      new Option('--mode <mode>', "how thorough; the plan's where absent").choices([
        'counts',
        'sample',
        'full',
      ]),
    )
  }
  command.action((id: string | undefined, options: Omit<VerifyCommand, 'id' | 'action'>) => {
    const wanted = { id, action, ...options }
    return options.source || options.target
      ? local(async (console) => (await import('./verify.ts')).verifyRun(console, wanted))
      : project(async (client, console) =>
          (await import('./verify.ts')).verify(client, console, wanted),
        )
  })
}

function addProjectCommands(program: Command, runners: Runners): void {
  const { project, local } = runners
  program
    .command('start')
    .description('start a migration')
    .argument('<plan>', PLAN)
    .option('--wait', 'follow it to the end')
    .addOption(intervalOption())
    .action((plan: string, { wait = false, interval }: { wait?: boolean; interval: number }) =>
      project((client, console) => start(client, console, plan, { wait, interval })),
    )
  program
    .command('status')
    .description('show where a migration stands')
    .argument('[id]', NEWEST)
    .option('--all', 'list all migrations instead')
    .action((id: string | undefined, { all }: { all?: boolean }) =>
      project((client, console) =>
        all ? statusOfAll(client, console) : status(client, console, id),
      ),
    )
  program
    .command('watch')
    .description('follow a migration to its end')
    .argument('[id]', NEWEST)
    .addOption(intervalOption())
    .action((id: string | undefined, { interval }: { interval: number }) =>
      project((client, console) => watch(client, console, id, interval)),
    )
  for (const { action, does } of VERBS) {
    program
      .command(action)
      .description(does)
      .argument('[id]', NEWEST)
      .action((id: string | undefined) =>
        project((client, console) => steer(client, console, action, id)),
      )
  }
  for (const { action, does } of PASSES) addPass(program, action, does, runners)
  addReport(program, project, local)
  // Cannot be undone, so it is never guessed which one is meant.
  program
    .command('cancel')
    .description('end a migration for good; what was moved stays')
    .argument('<id>', ID)
    .action((id: string) => project((client, console) => steer(client, console, 'cancel', id)))
}
