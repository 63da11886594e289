/** What changed between two looks at a migration, as lines for a log. */
import { type Entity, type Report, stateOf } from '../report.ts'
import { changesOf } from '../sync-report.ts'
import { grouped, percent, printable, rate } from './format.ts'

/** An entity is mentioned again at every such share of its rows. */
const STEP_PERCENT = 10

/** One line per change; nothing where nothing worth a line happened. */
export function changes(before: Report | undefined, after: Report): string[] {
  const known = new Map(before?.entities.map((entity) => [key(entity), entity]))
  const lines = after.entities.flatMap((entity) => entityLine(known.get(key(entity)), entity))
  const state = stateOf(after.migration)
  const same = before !== undefined && stateOf(before.migration) === state
  const all = [...lines, ...sweepLine(before, after)]
  return same ? all : [...all, migrationLine(after)]
}

/** A sweep that has ended since, where it did something or failed. */
function sweepLine(before: Report | undefined, { sync }: Report): string[] {
  const sweep = sync?.sweep ?? null
  if (sweep === null || sweep.status === 'running') return []
  const known = before?.sync?.sweep ?? null
  if (known?.sweep_id === sweep.sweep_id && known.status === sweep.status) return []
  const did = sweep.status === 'failed' ? (sweep.failure_code ?? '') : changesOf(sweep)
  if (sweep.status === 'completed' && did === 'no change') return []
  return [`sweep (${sweep.scope}) ${sweep.status}: ${did}`]
}

function migrationLine({ migration }: Report): string {
  const rows = `${grouped(migration.records_read)} of ${grouped(migration.records_total)} rows`
  const refused =
    migration.records_failed > 0 ? `, ${grouped(migration.records_failed)} refused` : ''
  const reason = migration.failure_reason ? `: ${printable(migration.failure_reason)}` : ''
  return `migration ${migration.migration_id} ${stateOf(migration)}, ${rows}${refused}${reason}`
}

function entityLine(before: Entity | undefined, after: Entity): string[] {
  if (before === undefined && after.status === 'pending') return []
  if (before?.status === after.status && step(before) === step(after)) return []
  const rows =
    after.status === 'completed'
      ? `${grouped(after.records_read)} rows`
      : `${grouped(after.records_read)} of ${grouped(after.records_total)} rows, ${percent(after.progress_percentage / 100)}`
  const parts = [
    rows,
    ...(after.records_failed > 0 ? [`${grouped(after.records_failed)} refused`] : []),
    rate(after.throughput_per_second),
  ].filter((part) => part !== '')
  return [`${printable(after.entity_name)} ${after.status}, ${parts.join(', ')}`]
}

function key(entity: Entity): string {
  return JSON.stringify([entity.entity_name, entity.target_entity])
}

function step(entity: Entity): number {
  return Math.floor(entity.progress_percentage / STEP_PERCENT)
}
