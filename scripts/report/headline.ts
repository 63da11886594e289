/** The top of the page: what was moved, how it ended, the numbers that matter. */
import { grouped, rate } from '../ferry/display/format.ts'
import { stateOf } from '../ferry/report.ts'
import type { MigrationReport } from './document.ts'
import { html, type Markup } from './markup.ts'
import { bytes, clockTime, plural, secondsBetween, took } from './measure.ts'
import { badge } from './table.ts'

export function headline(report: MigrationReport): Markup {
  const { migration } = report
  const name = migration.plan_name ?? 'migration'
  const began = migration.started_at ?? migration.created_at
  return html`<header>
<p class="eyebrow">Migration report</p>
<div class="title"><h1>${name}</h1>${badge(stateOf(migration))}</div>
<p class="facts"><span>${clockTime(began)}</span><span class="id">${migration.migration_id}</span></p>
${failure(report)}</header>
`
}

function failure({ migration }: MigrationReport): Markup | undefined {
  const { failure_code, failure_reason } = migration
  if (failure_code === null) return undefined
  return html`<p class="banner bad" role="status"><strong>${failure_code}</strong> ${failure_reason ?? ''}</p>
`
}

interface Tile {
  readonly id: string
  readonly label: string
  readonly value: string
  readonly note: string
  readonly tone?: 'refused' | 'filtered' | 'good' | 'bad'
}

export function tiles(report: MigrationReport): Markup {
  return html`<section aria-label="In numbers"><dl class="tiles">${tilesOf(report).map(tile)}</dl></section>
`
}

function tile({ id, label, value, note, tone }: Tile): Markup {
  return html`<div class="card tile ${tone ?? ''}" id="tile-${id}"><dt>${label}</dt><dd><span class="big">${value}</span><span class="note">${note}</span></dd></div>
`
}

function tilesOf({
  migration,
  entities,
  verification,
  pace,
  reported_at,
}: MigrationReport): Tile[] {
  const seconds = secondsBetween(migration.started_at, migration.completed_at ?? reported_at)
  const size = entities.reduce((sum, entity) => sum + entity.bytes, 0)
  const copying = secondsBetween(migration.started_at, migration.copied_at)
  const meanRate = copying ? rate(migration.records_processed / copying) : ''
  const { records_failed: refused, records_filtered: filtered } = migration
  return [
    {
      id: 'moved',
      label: 'Rows moved',
      value: grouped(migration.records_processed),
      note: `${plural(migration.completed_entities, 'table')} of ${grouped(migration.total_entities)}`,
    },
    {
      id: 'refused',
      label: 'Refused',
      value: grouped(refused),
      note: refused > 0 ? 'see refused rows by reason' : 'none',
      ...(refused > 0 ? { tone: 'refused' } : {}),
    },
    {
      id: 'filtered',
      label: 'Filtered',
      value: grouped(filtered),
      note: filtered > 0 ? 'left out by the plan' : 'none',
      ...(filtered > 0 ? { tone: 'filtered' } : {}),
    },
    {
      id: 'duration',
      label: 'Duration',
      value: took(seconds),
      note: [meanRate && `${meanRate} copied`, size > 0 ? bytes(size) : '']
        .filter((part) => part !== '')
        .join(', '),
    },
    verdict(verification, pace !== null),
  ]
}

function verdict(verification: MigrationReport['verification'], hasBegun: boolean): Tile {
  const tile = { id: 'verified', label: 'Verified' }
  if (verification === null) {
    return { ...tile, value: '–', note: hasBegun ? 'not verified yet' : 'not begun' }
  }
  const { status, records_validated, findings_total, mode } = verification
  const found = findings_total === 0 ? 'no finding' : plural(findings_total, 'finding')
  return {
    ...tile,
    value: grouped(records_validated),
    note: `${status} (${mode}): ${found}`,
    ...(status === 'running' ? {} : { tone: status === 'passed' ? 'good' : 'bad' }),
  }
}

/** Copy, finish and verification as one bar, each as long as it took. */
export function phases({
  migration,
  reported_at,
  verification,
}: MigrationReport): Markup | undefined {
  const { started_at, copied_at } = migration
  if (started_at === null) return undefined
  const end = migration.completed_at ?? reported_at
  const copied = copied_at ?? end
  const finished = migration.finished_at ?? end
  const parts = [
    { color: 'copy', label: 'Copy', seconds: secondsBetween(started_at, copied) ?? 0 },
    {
      color: 'steps',
      label: 'Keys, indexes, constraints',
      seconds: copied_at ? (secondsBetween(copied, finished) ?? 0) : 0,
    },
    {
      color: 'verify',
      label: 'Verification',
      seconds: verification ? (secondsBetween(finished, end) ?? 0) : 0,
    },
  ].filter(({ seconds }) => seconds > 0)
  const total = parts.reduce((sum, { seconds }) => sum + seconds, 0)
  return html`<section class="card phases" aria-labelledby="phases-heading"><h2 id="phases-heading">Where the time went</h2>
<div class="stack" aria-hidden="true">${parts.map(
    ({ color, seconds }) =>
      html`<span style="flex-grow:${((seconds / total) * 1000).toFixed(0)};background:var(--${color})"></span>`,
  )}</div>
<ul class="legend">${parts.map(
    ({ color, label, seconds }) =>
      html`<li><span class="swatch" style="background:var(--${color})"></span>${label} <strong>${took(seconds)}</strong></li>`,
  )}</ul></section>
`
}
