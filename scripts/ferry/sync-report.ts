/** What `status` answers about incremental sync, and how it is said in words. */
import { z } from 'zod'
import { duration, grouped } from './display/format.ts'

const time = z.string().nullable()
const count = z.number()

export const SYNC_STATES = [
  'catching_up',
  'syncing',
  'halted',
  'paused',
  'parked',
  'cutting_over',
] as const

const Sweep = z.looseObject({
  sweep_id: z.guid(),
  scope: z.string().nullable(),
  status: z.string(),
  failure_code: z.string().nullable(),
  started_at: time,
  completed_at: time,
  duration_seconds: count.nullable(),
  records_inserted: count,
  records_updated: count,
  records_deleted: count,
  records_marked: count,
  records_refused: count,
})

const Entity = z.looseObject({
  entity_name: z.string(),
  strategy: z.string().nullable(),
  lag_seconds: count.nullable(),
  records_inserted: count,
  records_updated: count,
  records_deleted: count,
  records_marked: count,
  records_refused: count,
  gone_rows_held: count,
})

const Phase = z.looseObject({
  phase: z.string(),
  duration_ms: count,
  /** Of a comparison. */
  status: z.string().optional(),
  issues: count.optional(),
  refusal: z.looseObject({ code: z.string(), message: z.string() }).optional(),
})

const Cutover = z.looseObject({
  id: z.guid(),
  is_rehearsal: z.boolean(),
  state: z.string(),
  freeze_mode: z.string(),
  frozen_at: time,
  unfrozen_at: time,
  ended_at: time,
  failure_code: z.string().nullable(),
  failure_reason: z.string().nullable(),
  report: z.looseObject({
    phases: z.array(Phase),
    downtime_ms: count.nullable().optional(),
    conditions: z
      .looseObject({ oldest_lag_seconds: count.nullable(), refused_rows: count })
      .optional(),
  }),
})

const Schedule = z.looseObject({
  scope: z.string(),
  schedule: z.string(),
  enabled: z.boolean(),
  next_run_at: time,
  skipped: count,
  last_outcome: z.string().nullable(),
})

export const SyncReport = z.looseObject({
  state: z.enum([...SYNC_STATES, 'ended', 'cut_over']),
  halted_code: z.string().nullable(),
  halted_reason: z.string().nullable(),
  remedy: z.string().nullable(),
  last_sweep_at: time,
  next_run_at: time,
  lag_seconds: count.nullable(),
  gone_rows_held: count,
  schedules: z.array(Schedule),
  entities: z.array(Entity),
  /** The newest one. */
  sweep: Sweep.nullable(),
  /** The newest one. */
  cutover: Cutover.nullable(),
})

export type SyncReport = z.infer<typeof SyncReport>
export type Cutover = z.infer<typeof Cutover>
export type SyncState = (typeof SYNC_STATES)[number]

const WORDS: Readonly<Record<SyncState, string>> = {
  catching_up: 'catching up',
  syncing: 'in sync',
  halted: 'halted',
  paused: 'paused',
  parked: 'parked',
  cutting_over: 'cutting over',
}

export function syncWords(state: SyncState): string {
  return WORDS[state]
}

/** The same for one that has ended, too. */
export function syncState({ state }: SyncReport): string {
  return state === 'ended' || state === 'cut_over' ? state.replace('_', ' ') : WORDS[state]
}

/** Whether sweeps follow the source, or would if nothing held them up. */
export function isSyncing(sync: SyncReport | null): sync is SyncReport {
  return sync !== null && sync.state !== 'ended' && sync.state !== 'cut_over'
}

/** Lag, the newest sweep, the next one, or what holds it up: what there is to say of a migration in sync mode. */
export function syncFacts(sync: SyncReport): string[] {
  const { sweep, cutover } = sync
  const swept =
    sweep === null
      ? []
      : [
          `last sweep ${clockOf(sweep.started_at)}: ${sweep.status === 'failed' ? `failed, ${sweep.failure_code}` : changesOf(sweep)}`,
        ]
  const lag = sync.lag_seconds === null ? [] : [`lag ${duration(sync.lag_seconds)}`]
  const next = sync.next_run_at === null ? [] : [`next ${clockOf(sync.next_run_at)}`]
  const held = sync.gone_rows_held > 0 ? [`${grouped(sync.gone_rows_held)} gone rows held`] : []
  if (!isSyncing(sync)) return []
  if (sync.state === 'cutting_over' && cutover !== null) return [`${cutover.state}`, ...lag]
  if (sync.state === 'halted') return [sync.halted_code ?? '', ...lag]
  return [...lag, ...swept, ...next, ...held]
}

type Changes = Pick<
  z.infer<typeof Entity>,
  'records_inserted' | 'records_updated' | 'records_deleted' | 'records_marked' | 'records_refused'
>

/** `12 inserted, 3 updated, …`, or `no change`. */
export function changesOf(changes: Changes): string {
  const parts: readonly (readonly [number, string])[] = [
    [changes.records_inserted, 'inserted'],
    [changes.records_updated, 'updated'],
    [changes.records_deleted, 'deleted'],
    [changes.records_marked, 'marked'],
    [changes.records_refused, 'refused'],
  ]
  const said = parts.flatMap(([rows, what]) => (rows > 0 ? [`${grouped(rows)} ${what}`] : []))
  return said.length === 0 ? 'no change' : said.join(', ')
}

function clockOf(at: string | null): string {
  return at === null ? '' : at.slice(11, 19)
}
