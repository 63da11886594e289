/** What `ferry run` tells at its end. */
import { z } from 'zod'
import { type Outcome, type Report, stateOf } from '../ferry/report.ts'
import type { Cutover } from '../ferry/sync-report.ts'
import type { FunctionHost } from '../local/gateway/host.ts'
import type { LeftOut } from './control-files.ts'

export interface RunResult {
  readonly migration_id: string
  readonly status: string
  readonly entities: readonly EntityResult[]
  /** Of the command, from its process's start. */
  readonly duration_ms: number
  /** Of the migration, pauses and earlier runs included. */
  readonly phases_ms: { readonly copy: number; readonly finish: number; readonly verify: number }
  /** Calls of functions in this run. */
  readonly invocations: number
  /** Function processes that died or were ended at a limit in this run. */
  readonly kills: number
  /** Files of the control schema that this server cannot take. */
  readonly left_out: readonly LeftOut[]
  /** The newest one, where the plan has `sync`. */
  readonly cutover?: Cutover
  readonly failure?: {
    readonly code: string
    readonly reason: string
    /** How often which error was met, by entity. */
    readonly errors: Report['errors']
  }
}

const EntityResult = z
  .object({
    entity_name: z.string(),
    target_entity: z.string(),
    records_total: z.number(),
    records_processed: z.number(),
    records_failed: z.number(),
    records_filtered: z.number(),
  })
  .transform(({ entity_name, target_entity, ...records }) => ({
    source: entity_name,
    target: target_entity,
    ...records,
  }))
type EntityResult = z.infer<typeof EntityResult>

const time = z.string().nullable().optional()
const Times = z.looseObject({
  started_at: time,
  copied_at: time,
  finished_at: time,
  completed_at: time,
})

export function resultOf(
  report: Report,
  outcome: Outcome,
  host: Pick<FunctionHost, 'invocations' | 'ends'>,
  leftOut: readonly LeftOut[],
): RunResult {
  const { migration } = report
  const cutover = report.sync?.cutover ?? null
  // A migration outlives the cut-over that failed.
  const { failure_code: code, failure_reason: reason } =
    outcome === 'failed' && migration.failure_code === null && cutover !== null
      ? cutover
      : migration
  return {
    migration_id: migration.migration_id,
    status: stateOf(migration),
    entities: z.array(EntityResult).parse(report.entities),
    duration_ms: Math.round(performance.now()),
    phases_ms: phasesOf(Times.parse(migration)),
    invocations: host.invocations(),
    kills: killsOf(host.ends()),
    left_out: leftOut,
    ...(cutover === null ? {} : { cutover }),
    ...(code === null ? {} : { failure: { code, reason: reason ?? '', errors: report.errors } }),
  }
}

/** Whether every row of every entity has arrived or is written down as refused or filtered. */
export function isWhole(outcome: Outcome, { entities }: RunResult): boolean {
  return (
    outcome === 'completed' &&
    entities.every(
      ({ records_total, records_processed, records_failed, records_filtered }) =>
        records_total === records_processed + records_failed + records_filtered,
    )
  )
}

function phasesOf(times: z.infer<typeof Times>): RunResult['phases_ms'] {
  const { started_at, completed_at } = times
  const copied_at = times.copied_at ?? completed_at
  const finished_at = times.finished_at ?? completed_at
  return {
    copy: milliseconds(started_at, copied_at),
    finish: milliseconds(copied_at, finished_at),
    verify: milliseconds(finished_at, completed_at),
  }
}

function milliseconds(from: string | null | undefined, to: string | null | undefined): number {
  return from && to ? Math.max(0, Date.parse(to) - Date.parse(from)) : 0
}

function killsOf(ends: Readonly<Record<string, number>>): number {
  const { early_drop: _dropped, shutdown: _shutdown, ...deaths } = ends
  return Object.values(deaths).reduce((sum, count) => sum + count, 0)
}
