/** The commands about refused rows: errors, replay, resolve. */
import type { Command } from 'commander'
import type { Runners } from './commands.ts'
import type { ErrorsCommand } from './errors.ts'
import { countOption, ID, NEWEST } from './options.ts'
import type { ReplayCommand } from './replay.ts'
import type { ResolveCommand } from './resolve.ts'

export function addDeadLetterCommands(program: Command, { project, local }: Runners): void {
  chosen(program.command('errors'))
    .description('tell which rows were refused, and why')
    .argument('[id]', NEWEST)
    .option('--all', 'those that were loaded after all or put away, too')
    .addOption(countOption('--limit <count>', 'how many rows are listed', 1000, 100))
    .option('--after <id>', 'go on behind this dead letter')
    .option('--target <address>', 'address of the target, for what "ferry run" has moved')
    .action((id: string | undefined, options: Omit<ErrorsCommand, 'id'>) => {
      const command = { id, ...options }
      return options.target
        ? local(async (console) => (await import('./errors.ts')).errorsOfTarget(console, command))
        : project(async (client, console) =>
            (await import('./errors.ts')).errors(client, console, command),
          )
    })
  withKeys(chosen(program.command('replay')))
    .description('try refused rows again, after the data or the plan were mended')
    .argument('<id>', ID)
    .option('--plan <file>', 'a mended plan for them; JSON file, or - for standard input')
    .option('--wait', 'wait for the verification that follows')
    .option('--source <address>', 'address of the source, for what "ferry run" has moved')
    .option('--target <address>', 'address of the target, likewise')
    .action((id: string, options: Omit<ReplayCommand, 'id'>) => {
      const command = { id, ...options }
      return options.source || options.target
        ? local(async (console) => (await import('./replay.ts')).replayRun(console, command))
        : project(async (client, console) =>
            (await import('./replay.ts')).replay(client, console, command),
          )
    })
  withKeys(chosen(program.command('resolve')))
    .description('put refused rows away for good: they stay refused')
    .argument('<id>', ID)
    .requiredOption('--notes <text>', 'why')
    .option('--target <address>', 'address of the target, for what "ferry run" has moved')
    .action((id: string, options: Omit<ResolveCommand, 'id'>) => {
      const command = { id, ...options }
      return options.target
        ? local(async (console) => (await import('./resolve.ts')).resolveInTarget(console, command))
        : project(async (client, console) =>
            (await import('./resolve.ts')).resolve(client, console, command),
          )
    })
}

function chosen(command: Command): Command {
  return command
    .option('--entity <table>', 'only of this table of the source, schema.table')
    .option('--code <code>', 'only for this reason, such as reference_missing')
}

function withKeys(command: Command): Command {
  return command.option(
    '--key <key>',
    'only this row, by its key as "ferry errors" shows it; may be repeated',
    (key: string, before: readonly string[] = []) => [...before, key],
  )
}
