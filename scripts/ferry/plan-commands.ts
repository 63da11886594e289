/** The commands about a plan that moves nothing yet: discover, check, preview. */
import type { Command } from 'commander'
import type { Runners } from './commands.ts'
import type { DiscoverOptions } from './discover.ts'
import { countOption, PLAN, SECRET, sourceOption } from './options.ts'

/** Modules that carry a database with them are loaded by the commands that need them. */
export function addPlanCommands(program: Command, { local, project, hasProject }: Runners): void {
  program
    .command('discover')
    .description('look at a legacy database and print a draft plan')
    .addOption(sourceOption())
    .option('--name <name>', 'name of the plan; that of the database where absent')
    .option('--schema <name...>', 'schemas to look at; all where absent')
    .option('--secret <name>', 'name of the secret with the address', SECRET)
    .addOption(
      program
        .createOption('--ids <strategy>', 'uuid: tables with a whole number as their key get UUIDs')
        .choices(['preserve', 'uuid']),
    )
    .option('--sync', 'propose how each table is kept in step with the source after the copy')
    .action((options: DiscoverOptions) =>
      local(async (console) => (await import('./discover.ts')).discover(console, options)),
    )
  program
    .command('check')
    .description('tell everything that stands against a plan, without starting anything')
    .argument('<plan>', PLAN)
    .option(
      '--source <address>',
      `look at this legacy database alone; without it the project looks at both sides, and without a project this machine at ${SECRET}`,
    )
    .action((plan: string, { source }: { source?: string }) =>
      source === undefined && hasProject()
        ? project(async (client, console) =>
            (await import('./check.ts')).checkInProject(client, console, plan),
          )
        : local(async (console) =>
            (await import('./check.ts')).check(console, plan, source ?? process.env[SECRET]),
          ),
    )
  program
    .command('preview')
    .description("show what would become of an entity's first rows")
    .argument('<plan>', PLAN)
    .argument('<entity>', 'table of the source, schema.table')
    .addOption(countOption('--rows <count>', 'how many', 100, 10))
    .option('--values', 'with the values before and after; written to the audit log')
    .action((plan: string, entity: string, options: { rows: number; values?: boolean }) =>
      project(async (client, console) =>
        (await import('./preview.ts')).preview(client, console, { plan, entity, ...options }),
      ),
    )
}
