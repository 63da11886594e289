/** `ferry report [ID]`: a summary in the terminal, and everything as one HTML page that needs no network. */
import type { Command } from 'commander'
import { z } from 'zod'
import { control } from '../../shared/target/control.ts'
import { MigrationReport } from '../report/document.ts'
import { at } from '../run/failure.ts'
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { type ExitCode, exitCodeOf } from './exit.ts'
import { identify } from './identify.ts'
import { movedByRun } from './moved-by-run.ts'
import { Migration, outcomeOf } from './report.ts'

interface ReportCommand {
  readonly id: string | undefined
  /** Of what `ferry run` has moved; a project is asked through its function. */
  readonly target?: string
  /** Where the page goes; `false`: no page. */
  readonly html?: string | false
  readonly force?: boolean
}

type Reports = Pick<Client, 'list' | 'fullReport'>

export function addReport(
  program: Command,
  project: (run: (client: Client, console: Console) => Promise<ExitCode>) => Promise<void>,
  local: (run: (console: Console) => Promise<ExitCode>) => Promise<void>,
): void {
  program
    .command('report')
    .description('tell how a migration went, and write a page to look at')
    .argument('[id]', 'id of the migration or a unique beginning of it; the newest where absent')
    .option('--html <file>', 'where the page goes; ferry-report-<id>.html where absent')
    .option('--no-html', 'write no page; so it is with --json, unless --html says where')
    .option('--force', 'with --html: also over a file that is no report')
    .option('--target <address>', 'address of the target, for what "ferry run" has moved')
    .action((id: string | undefined, options: Omit<ReportCommand, 'id'>) => {
      const command = { id, ...options }
      const { target } = options
      return target
        ? local((console) => reportOfTarget(console, command, target))
        : project((client, console) => report(client, console, command))
    })
}

/** The exit code tells how the migration stands, as that of `ferry status` does. */
async function report(
  reports: Reports,
  console: Console,
  command: ReportCommand,
): Promise<ExitCode> {
  const id = await identify(reports, command.id)
  const document = await reports.fullReport(id)
  const file = fileOf(command, id, console.json)
  if (file !== undefined) {
    // The chart library is loaded by who needs it.
    const { writePage } = await import('../report/write-page.ts')
    await writePage(file, document, command.force === true)
  }
  const { summaryLines } = await import('../report/summary.ts')
  console.result(document)
  for (const line of summaryLines(document, console.page)) console.say(line)
  if (file !== undefined) console.remark(`written: ${file}`)
  return exitCodeOf(outcomeOf(document.migration))
}

function fileOf({ html }: ReportCommand, id: string, isJson: boolean): string | undefined {
  if (html === false) return undefined
  return html ?? (isJson ? undefined : `ferry-report-${id}.html`)
}

/** @throws FerryError `target_*`; `migration_none` where `ferry run` has never been there */
function reportOfTarget(
  console: Console,
  command: ReportCommand,
  address: string,
): Promise<ExitCode> {
  return movedByRun(address, (target) => {
    const verbs = control(target)
    const reports: Reports = {
      list: async () => z.array(Migration).parse(await at('target', verbs.listMigrations())),
      fullReport: async (id) =>
        MigrationReport.parse(await at('target', verbs.migrationReport(id))),
    }
    return report(reports, console, command)
  })
}
