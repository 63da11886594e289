/** A report in a few lines for a terminal. Pure: the same report, the same lines. */
import pc from 'picocolors'
import { clipped, grouped, printable, rate } from '../ferry/display/format.ts'
import type { Screen } from '../ferry/display/frame.ts'
import { type Colors, paint } from '../ferry/display/paint.ts'
import { tableLines } from '../ferry/display/table.ts'
import { stateOf } from '../ferry/report.ts'
import { syncFacts, syncState } from '../ferry/sync-report.ts'
import type { MigrationReport, ReportEntity } from './document.ts'
import { bytes, plural, secondsBetween, took } from './measure.ts'

/** Of each kind; the page has the rest. */
const MOST_LINES = 10

export function summaryLines(report: MigrationReport, screen: Screen): string[] {
  const colors = pc.createColors(screen.color)
  const width = Math.max(20, screen.columns - 1)
  const facts = factLines(report)
  const head = [title(report, colors, width), ...facts.map((fact) => clipped(`  ${fact}`, width))]
  const reason = report.migration.failure_reason
  return [
    ...head,
    ...(reason ? [colors.red(clipped(`  ${printable(reason)}`, width))] : []),
    ...block('slowest', slowestLines(report.entities), width),
    ...block('findings', findingLines(report), width),
    ...block('refused', refusedLines(report), width),
    ...block('errors', errorLines(report), width),
  ]
}

function title({ migration }: MigrationReport, colors: Colors, width: number): string {
  const state = stateOf(migration)
  const name = `${printable(migration.plan_name ?? 'migration')} ${migration.migration_id.slice(0, 8)}`
  return `${colors.bold(clipped(name, width - state.length - 2))}  ${paint(colors, state)(state)}`
}

function factLines(report: MigrationReport): string[] {
  const { migration, entities, verification, sync, calls, reported_at } = report
  const seconds = secondsBetween(migration.started_at, migration.completed_at ?? reported_at)
  const copying = secondsBetween(migration.started_at, migration.copied_at)
  const size = entities.reduce((sum, entity) => sum + entity.bytes, 0)
  const pace = copying ? rate(migration.records_processed / copying) : ''
  return [
    `rows      ${grouped(migration.records_processed)} moved, ${grouped(migration.records_failed)} refused, ${grouped(migration.records_filtered)} filtered`,
    `time      ${[took(seconds), pace, bytes(size)].filter((part) => part !== '').join(', ')}`,
    `tables    ${grouped(migration.completed_entities)} of ${grouped(migration.total_entities)}, ${grouped(migration.completed_steps)} of ${plural(migration.total_steps, 'step')}`,
    `verified  ${verdict(verification)}`,
    ...(sync === null
      ? []
      : [`sync      ${[syncState(sync), ...syncFacts(sync)].map(printable).join(', ')}`]),
    `calls     ${grouped(calls.accepted)} of ${grouped(calls.asked)} accepted, ${grouped(calls.batches)} batches, ${grouped(calls.deaths)} left by functions that died`,
  ]
}

function verdict(verification: MigrationReport['verification']): string {
  if (verification === null) return 'not yet'
  const { status, mode, records_validated, findings_total } = verification
  return `${status} (${mode}): ${grouped(records_validated)} records, ${plural(findings_total, 'finding')}`
}

function block(heading: string, lines: readonly string[], width: number): string[] {
  if (lines.length === 0) return []
  return ['', heading, ...lines.map((line) => clipped(`  ${line}`, width))]
}

function slowestLines(entities: readonly ReportEntity[]): string[] {
  const seconds = (entity: ReportEntity) => secondsBetween(entity.started_at, entity.completed_at)
  const slowest = entities
    .filter((entity) => seconds(entity) !== undefined)
    .toSorted((a, b) => (seconds(b) ?? 0) - (seconds(a) ?? 0))
    .slice(0, MOST_LINES)
  const right = { align: 'right' } as const
  return tableLines(
    [{ align: 'left' }, right, right, right],
    slowest.map((entity) => [
      printable(entity.entity_name),
      `${grouped(entity.records_processed)} rows`,
      took(seconds(entity)),
      rate(entity.throughput_per_second),
    ]),
  )
}

function findingLines({ verification }: MigrationReport): string[] {
  if (verification === null || verification.findings_total === 0) return []
  const shown = verification.findings.slice(0, MOST_LINES).map((finding) => {
    const key = finding.row_key === null ? [] : [`key ${finding.row_key.join(', ')}`]
    const objects = [
      ...(finding.columns ?? []),
      ...(finding.object_name ? [finding.object_name] : []),
    ]
    const parts = [...key, ...(objects.length > 0 ? [`in ${objects.join(', ')}`] : [])]
    return printable(`${finding.entity_name ?? 'all'}: ${finding.kind} ${parts.join(' ')}`)
  })
  const rest = verification.findings_total - shown.length
  return rest > 0 ? [...shown, `… and ${grouped(rest)} more`] : shown
}

function errorLines({ errors }: MigrationReport): string[] {
  return errors.slice(0, MOST_LINES).map(({ errors: times, error_code, entity_name }) => {
    const place = entity_name === null ? '' : ` in ${entity_name}`
    return printable(`${grouped(times)} × ${error_code ?? 'unknown'}${place}`)
  })
}

function refusedLines({ dead_letters }: MigrationReport): string[] {
  const shown = dead_letters
    .slice(0, MOST_LINES)
    .map(({ entity_name, error_code, rule, columns, refused }) => {
      const why = [rule ?? '', ...(columns ?? [])].filter((part) => part !== '').join(', ')
      return printable(
        `${grouped(refused)} × ${error_code} in ${entity_name}${why === '' ? '' : `: ${why}`}`,
      )
    })
  const rest = dead_letters.length - shown.length
  return rest > 0 ? [...shown, `… and ${grouped(rest)} more reasons`] : shown
}
