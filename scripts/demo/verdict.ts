/** What the demonstration says at its end. */
import { grouped, printable, rate } from '../ferry/display/format.ts'
import type { Colors } from '../ferry/display/paint.ts'
import { tableLines } from '../ferry/display/table.ts'
import type { DeadLetterCount, Report } from '../ferry/report.ts'
import type { Comparison, TableComparison } from './compare.ts'

/** Key and reason of one refused row. */
export interface RefusedRow {
  readonly entity_name: string
  readonly source_key: string
  readonly error_code: string
  readonly rule: string | null
}

export interface Verdict {
  /** Tables of entities and reasons, what was checked, and one line that sums it up. */
  readonly lines: readonly string[]
  /** Every row of the source has arrived or was refused, and every check holds. */
  readonly exact: boolean
}

const left = { align: 'left' } as const
const right = { align: 'right' } as const
/** Entities that a reason is listed with; the others are counted. */
const NAMED = 2

export function verdict(
  { tables, spots }: Comparison,
  report: Report,
  example: RefusedRow | undefined,
  colors: Colors,
): Verdict {
  const { dead_letters: reasons } = report
  const refused = new Map<string, number>()
  for (const one of reasons) {
    refused.set(one.entity_name, (refused.get(one.entity_name) ?? 0) + one.refused)
  }
  const isWhole = (one: TableComparison) =>
    one.sourceRows === one.targetRows + (refused.get(one.source) ?? 0)
  const exact = tables.length > 0 && tables.every(isWhole) && spots.every(({ holds }) => holds)
  const mark = (holds: boolean) => (holds ? colors.green('✔') : colors.red('✘'))
  const entities = tables.map((one) => [
    printable(one.source),
    `→ ${printable(one.target)}`,
    grouped(one.sourceRows),
    grouped(one.targetRows),
    refused.has(one.source) ? colors.yellow(grouped(refused.get(one.source)!)) : '',
    mark(isWhole(one)),
  ])
  return {
    exact,
    lines: [
      ...tableLines(
        [left, left, right, right, right, left],
        [['entity', '', 'rows', 'moved', 'refused', ''].map(colors.dim), ...entities],
      ),
      '',
      ...reasonLines(reasons, colors),
      ...exampleLines(example, colors),
      ...spots.map(({ claim, rows, holds }) => `${mark(holds)} ${claim} (${grouped(rows)} rows)`),
      '',
      summary(tables, refused, report),
      ...failures(report),
    ],
  }
}

/** By code, the most frequent first, with the entities that lost most rows to it. */
function reasonLines(counts: readonly DeadLetterCount[], colors: Colors): string[] {
  if (counts.length === 0) return ['No row was refused.', '']
  const reasons = Object.entries(
    Object.groupBy(counts, ({ error_code }) => error_code) as Record<string, DeadLetterCount[]>,
  )
    .map(([code, each]) => ({ code, each, refused: total(each.map(({ refused }) => refused)) }))
    .toSorted((a, b) => b.refused - a.refused)
  const rows = reasons.map(({ code, each, refused }) => {
    const names = [...new Set(each.map(({ entity_name }) => printable(entity_name)))]
    const rest = names.length > NAMED ? `, ${names.length - NAMED} more` : ''
    return [grouped(refused), printable(code), names.slice(0, NAMED).join(', ') + rest]
  })
  const head = ['refused', 'because', 'of entity'].map(colors.dim)
  return [...tableLines([right, left, left], [head, ...rows]), '']
}

function exampleLines(example: RefusedRow | undefined, colors: Colors): string[] {
  if (example === undefined) return []
  const { entity_name, source_key, error_code, rule } = example
  const by = rule === null ? '' : ` by ${printable(rule)}`
  return [
    `For example, ${printable(entity_name)} ${printable(source_key)}: ${printable(error_code)}${by}.`,
    colors.dim('A dead letter knows the key and the reason, and no value of the row.'),
    '',
  ]
}

function summary(
  tables: readonly TableComparison[],
  refusals: ReadonlyMap<string, number>,
  { migration }: Report,
): string {
  const rows = total(tables.map(({ sourceRows }) => sourceRows))
  const moved = total(tables.map(({ targetRows }) => targetRows))
  const refused = total([...refusals.values()])
  const seconds = migration.elapsed_seconds ?? 0
  const pace = seconds > 0 ? ` in ${seconds.toFixed(1)} s, ${rate(rows / seconds)}` : ''
  return `${grouped(rows)} rows: ${grouped(moved)} moved, ${grouped(refused)} refused, ${grouped(
    rows - moved - refused,
  )} unaccounted for${pace}`
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0)
}

/** Why it did not end well, where it did not. */
function failures({ migration, errors }: Report): string[] {
  if (migration.failure_code === null) return []
  const codes = errors.map((one) => `${one.entity_name ?? ''} ${one.error_code ?? one.error_type}`)
  return [`${migration.failure_code}: ${migration.failure_reason ?? ''}`, ...codes]
}
