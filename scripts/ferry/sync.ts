/** `ferry sync ID`: one sweep now; `ferry resume-sync ID` after a halt; `ferry schedule ID`. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { duration, printable } from './display/format.ts'
import { tableLines } from './display/table.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { identify } from './identify.ts'
import { readPlan } from './plan-file.ts'
import type { Report } from './report.ts'
import { changesOf } from './sync-report.ts'

export type Scope = 'changes' | 'deletes' | 'hash'

export interface SyncCommand {
  readonly id: string | undefined
  readonly action: 'sync' | 'resume_sync'
  readonly scope?: Scope
  readonly wait?: boolean
  readonly allowDeletes?: boolean
  /** Path of a mended plan. */
  readonly plan?: string
}

export interface ScheduleCommand {
  readonly id: string | undefined
  readonly changes?: string
  readonly deletes?: string
  readonly hash?: string
  readonly on?: boolean
  readonly off?: boolean
}

/** Milliseconds between two looks at a sweep, and how long the project may be out of reach meanwhile. */
const LOOK_EVERY = 500
const PATIENCE = 120_000

/** With `--wait`, exit code 0 only where the sweep has ended well. */
export async function sync(
  client: Client,
  console: Console,
  command: SyncCommand,
): Promise<ExitCode> {
  const plan = command.plan === undefined ? undefined : await readPlan(command.plan)
  const id = await identify(client, command.id)
  const { allowDeletes } = command
  // Rows are found gone by comparing keys.
  const scope = command.scope ?? (allowDeletes ? 'deletes' : undefined)
  const begun =
    command.action === 'sync'
      ? await client.sync(id, {
          ...(scope === undefined ? {} : { scope }),
          ...(allowDeletes === undefined ? {} : { allow_deletes: allowDeletes }),
          ...(plan === undefined ? {} : { plan }),
        })
      : await client.resumeSync(id, plan)
  if (!command.wait) {
    console.result(begun)
    console.say(`A sweep of migration ${id} has begun. See: ferry status ${id.slice(0, 8)}`)
    return EXIT.done
  }
  return tellSweep(console, await awaitSweep(client, id, begun.sweep_id))
}

/** The report once the sweep, or a later one, is the newest and has ended. */
export async function awaitSweep(
  client: Pick<Client, 'report'>,
  id: string,
  sweepId: string,
): Promise<Report> {
  let seen = false
  for (;;) {
    const report = await client.report(id, { milliseconds: PATIENCE })
    const sweep = report.sync?.sweep ?? null
    seen ||= sweep?.sweep_id === sweepId
    if (sweep === null || (seen && sweep.sweep_id !== sweepId)) return report
    if (seen && sweep.status !== 'running') return report
    await sleep(LOOK_EVERY)
  }
}

/** What the newest sweep did, entity by entity. Exit code 0 where it has ended well. */
export function tellSweep(console: Console, { migration, sync }: Report): ExitCode {
  console.result({ migration_id: migration.migration_id, ...sync })
  if (sync === null || sync.sweep === null) return EXIT.unsuccessful
  const left = { align: 'left' } as const
  const rows = sync.entities.map((entity) => [
    printable(entity.entity_name),
    entity.strategy ?? '',
    changesOf(entity),
    entity.lag_seconds === null ? '' : `lag ${duration(entity.lag_seconds)}`,
  ])
  for (const line of tableLines([left, left, left, left], rows)) console.say(line)
  const { status, scope, failure_code, duration_seconds } = sync.sweep
  const took = duration_seconds === null ? '' : ` in ${duration_seconds.toFixed(1)} s`
  console.say(`sweep (${scope}) ${status}${took}: ${failure_code ?? changesOf(sync.sweep)}`)
  if (sync.halted_code !== null) {
    console.say(`${sync.halted_code}: ${printable(sync.halted_reason ?? '')}`)
    console.say(printable(sync.remedy ?? ''))
  }
  return status === 'completed' ? EXIT.done : EXIT.unsuccessful
}

/** Changes what is given; shows how the schedules are then. */
export async function schedule(
  client: Client,
  console: Console,
  command: ScheduleCommand,
): Promise<ExitCode> {
  const id = await identify(client, command.id)
  const { schedules: before = [] } = (await client.report(id)).sync ?? {}
  const enabled = command.off ? false : command.on ? true : undefined
  for (const scope of ['changes', 'deletes', 'hash'] as const) {
    const text = command[scope]
    const isThere = before.some((each) => each.scope === scope)
    if (text === undefined && (enabled === undefined || !isThere)) continue
    await client.schedule(id, {
      scope,
      ...(text === undefined ? {} : { schedule: text }),
      ...(enabled === undefined ? {} : { enabled }),
    })
  }
  const { sync: after } = await client.report(id)
  console.result({ migration_id: id, schedules: after?.schedules ?? [] })
  const left = { align: 'left' } as const
  const rows = (after?.schedules ?? []).map((each) => [
    each.scope,
    each.schedule,
    each.enabled ? `next ${each.next_run_at?.slice(0, 19).replace('T', ' ') ?? ''}` : 'off',
    each.skipped > 0 ? `${each.skipped} skipped` : '',
    each.last_outcome ?? '',
  ])
  for (const line of tableLines([left, left, left, left, left], rows)) console.say(line)
  if (rows.length === 0) console.say('Nothing is scheduled.')
  return EXIT.done
}
