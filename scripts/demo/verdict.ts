/** What the demonstration says at its end. */
import { grouped, printable, rate } from '../ferry/display/format.ts'
import { tableLines } from '../ferry/display/table.ts'
import type { Report } from '../ferry/report.ts'
import type { TableComparison } from './compare.ts'

export interface Verdict {
  /** A table of the entities, and one line that sums them up. */
  readonly lines: readonly string[]
  /** Everything arrived, and nothing else did. */
  readonly exact: boolean
}

export function verdict(tables: readonly TableComparison[], report: Report): Verdict {
  const speeds = new Map(report.entities.map((one) => [one.entity_name, one.throughput_per_second]))
  const rows = tables.map((one) => [
    printable(one.table),
    grouped(one.targetRows),
    rate(speeds.get(plainName(one.table)) ?? null),
    one.same ? 'equal' : `DIFFERS (source: ${grouped(one.sourceRows)})`,
  ])
  const moved = tables.reduce((sum, one) => sum + one.targetRows, 0)
  const lost = tables.reduce((sum, one) => sum + Math.max(0, one.sourceRows - one.targetRows), 0)
  const different = tables.filter((one) => !one.same).length
  const exact = different === 0 && tables.length > 0
  const seconds = report.migration.elapsed_seconds ?? 0
  const pace = seconds > 0 ? ` in ${seconds.toFixed(1)} s, ${rate(moved / seconds)}` : ''
  return {
    exact,
    lines: [
      ...tableLines(
        [{ align: 'left' }, { align: 'right' }, { align: 'right' }, { align: 'left' }],
        [['entity', 'rows', 'rate', 'both sides'], ...rows],
      ),
      '',
      `${grouped(moved)} rows moved, ${grouped(lost)} lost` +
        (exact ? pace : `, ${different} tables differ`),
      ...failures(report),
    ],
  }
}

/** Why it did not end well, where it did not. */
function failures({ migration, errors }: Report): string[] {
  if (migration.failure_code === null) return []
  const codes = errors.map((one) => `${one.entity_name ?? ''} ${one.error_code ?? one.error_type}`)
  return [`${migration.failure_code}: ${migration.failure_reason ?? ''}`, ...codes]
}

/** `public."Lab Notes"` → `public.Lab Notes`, the way the control plane names entities. */
function plainName(quoted: string): string {
  return quoted.replace(/"((?:[^"]|"")*)"/g, (_, name: string) => name.replaceAll('""', '"'))
}
