/**
 * A report as one HTML page: nothing is fetched, nothing runs. Its content policy forbids both, so that a
 * name from a database could do no harm even if it were not escaped.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stateOf } from '../ferry/report.ts'
import { figure } from './chart.ts'
import type { MigrationReport } from './document.ts'
import { headline, phases, tiles } from './headline.ts'
import { html, trusted } from './markup.ts'
import { clockTime } from './measure.ts'
import { paceChart } from './pace-chart.ts'
import { rowsChart } from './rows-chart.ts'
import {
  callSection,
  entitySection,
  errorSection,
  eventSection,
  refusedSection,
  stepSection,
} from './sections.ts'
import { syncSection } from './sync.ts'
import { timelineChart } from './timeline-chart.ts'
import { verificationSection } from './verification.ts'

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%230e8f74'/%3E%3Cpath d='M4 8.5l3 3 5-7' fill='none' stroke='white' stroke-width='2'/%3E%3C/svg%3E"

/** By this a page is known as a report, which a newer one may take the place of. */
const MARK = '<!doctype html>\n<html lang="en" data-report="supaferry">'

const style = readFileSync(join(import.meta.dirname, 'page.css'), 'utf8')

/** Whether a file begins as a report does. */
export function isReport(text: string): boolean {
  return text.startsWith(MARK)
}

/** The whole page. The same report makes the same page, but for the ids of drawings. */
export function page(report: MigrationReport): string {
  const { migration, reported_at } = report
  const title = `${migration.plan_name ?? 'migration'}: ${stateOf(migration)}`
  const charts = [paceChart(report), timelineChart(report), rowsChart(report)]
  const { markup } = html`${trusted(MARK)}
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${trusted(style)}</style>
</head>
<body>
${headline(report)}<main>
${tiles(report)}${phases(report)}${charts.flatMap((chart) => (chart ? [figure(chart)] : []))}
${syncSection(report)}${verificationSection(report)}${refusedSection(report)}${errorSection(report)}${entitySection(report)}${stepSection(report)}
${callSection(report)}${eventSection(report)}</main>
<footer><p>Made by Supaferry, ${clockTime(reported_at)}. Names, counts and times; of a row nothing but its key.</p></footer>
</body>
</html>
`
  return markup
}
