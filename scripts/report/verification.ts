/** What verification looked at, and every difference that it found. */
import { grouped } from '../ferry/display/format.ts'
import type { MigrationReport, ReportFinding, ReportVerification } from './document.ts'
import { html, type Markup } from './markup.ts'
import { facts, plural, took, words } from './measure.ts'
import { badge, type Column, type Row, table } from './table.ts'

/** Results that are laid open even where all passed. */
const OPEN_RESULTS = 40

const RESULT_COLUMNS: readonly Column[] = [
  { heading: 'Entity' },
  { heading: 'Check' },
  { heading: 'Status' },
  { heading: 'Validated', isNumber: true },
  { heading: 'Issues', isNumber: true },
  { heading: 'Duration', isNumber: true },
]

export function verificationSection({ verification }: MigrationReport): Markup {
  const heading = html`<h2 id="verification-heading">Verification</h2>`
  if (verification === null) {
    return html`<section class="card" id="verification" aria-labelledby="verification-heading">${heading}
<p class="empty">This migration has not been verified yet.</p></section>
`
  }
  return html`<section class="card" id="verification" aria-labelledby="verification-heading">
<div class="heading">${heading}${badge(verification.status)}</div>
<p class="summary">${sentence(verification)}</p>
${chips(verification)}${results(verification)}</section>
${findings(verification)}`
}

function sentence({ mode, is_gate, kind, records_validated, issues_found }: ReportVerification) {
  const what =
    kind === 'repair' ? 'Repair' : is_gate ? 'The gate of this migration' : 'A later pass'
  return `${what}, mode ${mode}: ${grouped(records_validated)} records validated, ${plural(issues_found, 'issue')}.`
}

/** One line per check: how many entities passed it. */
function chips({ results }: ReportVerification): Markup | undefined {
  const checks = Map.groupBy(results, ({ check_name }) => check_name)
  if (checks.size === 0) return undefined
  return html`<ul class="chips" aria-label="Checks">${[...checks].map(([check, of]) => {
    const passed = of.filter(({ status }) => status === 'passed').length
    const tone = passed === of.length ? 'good' : of.some(isFailed) ? 'bad' : 'doubtful'
    return html`<li class="chip ${tone}"><strong>${words(check)}</strong> ${grouped(passed)} of ${grouped(of.length)} passed</li>`
  })}</ul>
`
}

function isFailed({ status }: { status: string }): boolean {
  return status === 'failed'
}

/** What did not pass is always in sight; a long list of what did unfolds. */
function results({ results }: ReportVerification): Markup {
  const rows = (of: ReportVerification['results']): Row[] =>
    of.map((result) => [
      result.entity_name ?? 'all',
      words(result.check_name),
      badge(result.status),
      grouped(result.records_validated),
      grouped(result.issues_found),
      took(result.execution_duration_ms / 1000),
    ])
  if (results.length <= OPEN_RESULTS) {
    return table('results', 'Results by entity and check', RESULT_COLUMNS, rows(results))
  }
  const others = results.filter(({ status }) => status !== 'passed')
  const passed = results.filter(({ status }) => status === 'passed')
  const open =
    others.length === 0
      ? undefined
      : table('results', 'Results that did not pass', RESULT_COLUMNS, rows(others))
  return html`${open}<details><summary>${plural(passed.length, 'result')} passed</summary>
${table('results-passed', 'Results that passed', RESULT_COLUMNS, rows(passed))}</details>
`
}

function findings(verification: ReportVerification): Markup | undefined {
  const { findings, findings_total, findings_by_kind } = verification
  if (findings_total === 0) return undefined
  const rest = findings_total - findings.length
  const told =
    rest > 0
      ? `The first ${grouped(findings.length)} of ${grouped(findings_total)} are listed; the view migration.verification_findings has all.`
      : `All ${grouped(findings_total)} are listed.`
  const columns = ['Entity', 'Finding', 'Key', 'What', 'Check', 'State']
  return html`<section class="card" id="findings" aria-labelledby="findings-heading">
<div class="heading"><h2 id="findings-heading">Findings</h2><span class="count">${grouped(findings_total)}</span></div>
<p class="summary">${told}</p>
<ul class="chips" aria-label="By kind">${Object.entries(findings_by_kind).map(
    ([kind, count]) =>
      html`<li class="chip"><strong>${grouped(count)}</strong> ${words(kind)}</li>`,
  )}</ul>
${table(
  'findings-table',
  'Findings',
  columns.map((heading) => ({ heading })),
  findings.map(findingRow),
)}</section>
`
}

function findingRow(finding: ReportFinding): Row {
  const { entity_name, kind, check_name, columns, object_name, severity, repaired_at } = finding
  const places = [...(columns ?? []), ...(object_name === null ? [] : [object_name])]
  return [
    entity_name ?? 'all',
    words(kind),
    html`<code>${keyOf(finding)}</code>`,
    [places.join(', '), facts(finding.detail)].filter((part) => part !== '').join('; ') || '–',
    words(check_name),
    badge(repaired_at === null ? severity : 'repaired'),
  ]
}

function keyOf({ row_key, range_after, range_through }: ReportFinding): string {
  if (row_key !== null) return keyText(row_key)
  if (range_after === null && range_through === null) return '–'
  const from = range_after === null ? 'the first' : `after ${keyText(range_after)}`
  const to = range_through === null ? 'the last' : keyText(range_through)
  return `${from} to ${to}`
}

function keyText(key: readonly (string | null)[]): string {
  return key.map((part) => part ?? 'null').join(', ')
}
