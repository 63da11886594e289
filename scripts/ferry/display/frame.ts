/** One picture of a migration for a terminal of a given size. Pure: the same report, the same lines. */
import pc from 'picocolors'
import { type Entity, type Migration, type Report, stateOf } from '../report.ts'
import { isSyncing, syncFacts } from '../sync-report.ts'
import { entityLines } from './entities.ts'
import { clipped, duration, grouped, percent, printable, rate } from './format.ts'
import { type Colors, paint } from './paint.ts'

export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly color: boolean
}

/** The migration first, then its entities, at most `screen.rows - 1` lines of `screen.columns - 1`. */
export function frame(report: Report, screen: Screen): string[] {
  const colors = pc.createColors(screen.color)
  const width = Math.max(20, screen.columns - 1)
  const head = migrationLines(report, colors, width)
  const tail = errorLines(report, colors, width)
  const room = Math.max(1, screen.rows - 1 - head.length - 1 - tail.length)
  const { shown, hidden } = selected(report.entities, room)
  const more = hidden.length === 0 ? [] : [colors.dim(clipped(summary(hidden), width))]
  return [...head, '', ...entityLines(shown, colors, width), ...more, ...tail]
}

/** Name, state, share, rows, rate, time left; on two lines where one is too narrow. */
function migrationLines(report: Report, colors: Colors, width: number): string[] {
  const { migration } = report
  const state = stateOf(migration)
  const name = printable(migration.plan_name ?? 'migration')
  const title = clipped(`${name} ${migration.migration_id.slice(0, 8)}`, width - state.length - 2)
  const painted = `${colors.bold(title)}  ${paint(colors, state)(state)}`
  const refused = migration.records_failed
  const facts = [
    ...(isSyncing(report.sync) ? syncFacts(report.sync).map(printable) : progress(migration)),
    ...(refused > 0 ? [`${grouped(refused)} refused`] : []),
    ...(isSyncing(report.sync) ? [] : [...pace(migration), ...compared(report)]),
  ].join(' · ')
  const oneLine = title.length + 2 + state.length + 3 + facts.length <= width
  const lines = oneLine ? [`${painted}   ${facts}`] : [painted, clipped(facts, width)]
  const reason = migration.failure_reason ?? report.sync?.halted_reason
  return reason ? [...lines, colors.red(clipped(printable(reason), width))] : lines
}

/** A migration that follows its source has no end that a share could be told of. */
function progress(migration: Migration): string[] {
  const moved = `${grouped(migration.records_read)} of ${grouped(migration.records_total)} rows`
  return [percent(migration.progress_percentage / 100), moved]
}

/** How far a verification is, or what the last one found. */
function compared({ verification }: Report): string[] {
  if (verification === null || verification.kind !== 'verify') return []
  const rows = `${grouped(verification.records_validated)} rows`
  if (verification.status === 'running') return [`${rows} compared`]
  if (verification.status === 'passed') return [`${rows} verified`]
  return [`verification ${verification.status}: ${grouped(verification.issues_found)} issues`]
}

/** Rate and time left while it runs, mean rate and duration once it ended. */
function pace(migration: Migration): string[] {
  const state = stateOf(migration)
  const going = state === 'running'
  const left = duration(migration.eta_seconds)
  const took = duration(migration.elapsed_seconds)
  const end = going ? left && `${left} left` : took && `in ${took}`
  const perSecond = going || state === 'completed' ? rate(migration.throughput_per_second) : ''
  return [perSecond, state === 'pending' ? '' : end].filter((fact) => fact !== '')
}

/** What moves or failed stays on the screen when there is not room for all. */
function selected(
  entities: readonly Entity[],
  room: number,
): { shown: readonly Entity[]; hidden: readonly Entity[] } {
  if (entities.length <= room) return { shown: entities, hidden: [] }
  const order = ['running', 'failed', 'pending', 'completed', 'skipped']
  const kept = new Set(
    entities
      .toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status))
      .slice(0, Math.max(0, room - 1)),
  )
  return {
    shown: entities.filter((entity) => kept.has(entity)),
    hidden: entities.filter((entity) => !kept.has(entity)),
  }
}

function summary(hidden: readonly Entity[]): string {
  const counts = new Map<string, number>()
  for (const { status } of hidden) counts.set(status, (counts.get(status) ?? 0) + 1)
  const parts = [...counts].map(([status, count]) => `${count} ${status}`)
  return `… and ${hidden.length} more: ${parts.join(', ')}`
}

/** What was met on the way, and why rows were refused: a line each. */
function errorLines(report: Report, colors: Colors, width: number): string[] {
  const errors = report.errors.map(({ entity_name, error_code, error_type, errors: count }) =>
    reason(count, error_code ?? error_type, entity_name),
  )
  const refused = report.dead_letters
    .filter(({ unresolved }) => unresolved > 0)
    .map(({ entity_name, error_code, unresolved }) => reason(unresolved, error_code, entity_name))
  const lines = [
    ...(errors.length === 0 ? [] : [`errors: ${errors.join(', ')}`]),
    ...(refused.length === 0 ? [] : [`refused: ${refused.join(', ')}`]),
  ]
  return lines.length === 0 ? [] : ['', ...lines.map((line) => colors.yellow(clipped(line, width)))]
}

function reason(count: number, code: string, entity: string | null): string {
  return printable(`${grouped(count)} × ${code}${entity ? ` in ${entity}` : ''}`)
}
