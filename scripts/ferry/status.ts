/** `ferry status [ID]`: one look at a migration, or the list of all. */
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { grouped, percent, printable } from './display/format.ts'
import { frame } from './display/frame.ts'
import { tableLines } from './display/table.ts'
import { EXIT, type ExitCode, exitCodeOf } from './exit.ts'
import { identify } from './identify.ts'
import { type Migration, outcomeOf, stateOf } from './report.ts'

/** Prints the whole report; the exit code tells how the migration stands. */
export async function status(
  client: Client,
  console: Console,
  id: string | undefined,
): Promise<ExitCode> {
  const report = await client.report(await identify(client, id))
  console.result(report)
  for (const line of frame(report, console.page)) console.say(line)
  return exitCodeOf(outcomeOf(report.migration))
}

/** Prints all migrations, newest first. */
export async function statusOfAll(client: Client, console: Console): Promise<ExitCode> {
  const migrations = await client.list()
  console.result(migrations)
  if (migrations.length === 0) console.say('No migration yet. Start one: ferry start PLAN')
  const newestFirst = migrations.toSorted(
    (a, b) => Date.parse(b.created_at) - Date.parse(a.created_at),
  )
  const left = { align: 'left' } as const
  const right = { align: 'right' } as const
  for (const line of tableLines([left, left, left, right, right, left], newestFirst.map(cells))) {
    console.say(line)
  }
  return EXIT.done
}

function cells(migration: Migration): string[] {
  return [
    migration.migration_id,
    printable(migration.plan_name ?? ''),
    stateOf(migration),
    percent(migration.progress_percentage / 100),
    `${grouped(migration.records_read)} rows`,
    migration.created_at.slice(0, 19).replace('T', ' '),
  ]
}
