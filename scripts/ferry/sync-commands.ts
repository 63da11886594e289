/** The commands about incremental sync: sync, resume-sync, schedule, cutover. */
import { type Command, Option } from 'commander'
import type { Runners } from './commands.ts'
import type { CutoverCommand } from './cutover.ts'
import { ID, NEWEST } from './options.ts'
import type { ScheduleCommand, SyncCommand } from './sync.ts'

const MENDED = 'a mended plan; JSON file, or - for standard input'
const WHEN = "when, such as '30 seconds' or '*/15 * * * *' (GMT)"

export function addSyncCommands(program: Command, { project }: Runners): void {
  program
    .command('sync')
    .description('bring what has changed at the source into the target, once and now')
    .argument('[id]', NEWEST)
    .addOption(
      new Option('--scope <scope>', 'changes, also deletes (all keys), or hash (all rows)').choices(
        ['changes', 'deletes', 'hash'],
      ),
    )
    .option('--wait', 'wait for its end, and tell what it did')
    .option('--allow-deletes', 'delete what a limit has stopped')
    .option('--plan <file>', MENDED)
    .action((id: string | undefined, options: Omit<SyncCommand, 'id' | 'action'>) =>
      project(async (client, console) =>
        (await import('./sync.ts')).sync(client, console, { id, action: 'sync', ...options }),
      ),
    )
  program
    .command('resume-sync')
    .description('go on with sync after a halt that you have looked into')
    .argument('<id>', ID)
    .option('--wait', 'wait for the sweep that compares all rows')
    .option('--plan <file>', MENDED)
    .action((id: string, options: Omit<SyncCommand, 'id' | 'action'>) =>
      project(async (client, console) =>
        (await import('./sync.ts')).sync(client, console, {
          id,
          action: 'resume_sync',
          ...options,
        }),
      ),
    )
  program
    .command('schedule')
    .description('show or change when sweeps begin by themselves')
    .argument('[id]', NEWEST)
    .option('--changes <schedule>', `changes: ${WHEN}`)
    .option('--deletes <schedule>', 'changes and deletes, likewise')
    .option('--hash <schedule>', 'all rows, likewise')
    .addOption(new Option('--off', 'turn them off').conflicts('on'))
    .option('--on', 'turn them on')
    .action((id: string | undefined, options: Omit<ScheduleCommand, 'id'>) =>
      project(async (client, console) =>
        (await import('./sync.ts')).schedule(client, console, { id, ...options }),
      ),
    )
  program
    .command('cutover')
    .description('freeze the source, bring the rest over, compare both sides, and complete')
    .argument('<id>', ID)
    .option('--confirm <name>', 'name of the plan: without it nothing is cut over')
    .option('--dry-run', 'do all but the freeze, and complete nothing')
    .addOption(new Option('--abort', 'call off the one at work').conflicts(['confirm', 'dryRun']))
    .action((id: string, options: Omit<CutoverCommand, 'id'>) =>
      project(async (client, console) =>
        (await import('./cutover.ts')).cutover(client, console, { id, ...options }),
      ),
    )
}
