/** The tables below the charts: entities, steps, errors, calls, events. */
import { grouped, rate } from '../ferry/display/format.ts'
import type { MigrationReport } from './document.ts'
import { html, type Markup } from './markup.ts'
import { bytes, clockTime, facts, plural, secondsBetween, took, words } from './measure.ts'
import { badge, type Column, meter, type Row, table } from './table.ts'

const text = (heading: string): Column => ({ heading })
const number = (heading: string): Column => ({ heading, isNumber: true })

/** A card with a heading; the content's sentence or table below it. */
function section(id: string, heading: string, content: Markup): Markup {
  return html`<section class="card" id="${id}" aria-labelledby="${id}-heading"><h2 id="${id}-heading">${heading}</h2>
${content}</section>
`
}

export function entitySection({ entities }: MigrationReport): Markup {
  const columns = [
    text('Entity'),
    text('State'),
    number('Rows moved'),
    number('Refused'),
    number('Filtered'),
    number('Size'),
    number('Copy'),
    number('Rate'),
    number('Steps'),
    text('Target'),
  ]
  const rows = entities.map((entity): Row => {
    const copying = secondsBetween(entity.started_at, entity.completed_at)
    return [
      entity.entity_name,
      badge(entity.status),
      grouped(entity.records_processed),
      grouped(entity.records_failed),
      grouped(entity.records_filtered),
      bytes(entity.bytes),
      took(copying),
      rate(entity.throughput_per_second) || '–',
      entity.steps === 0 ? '–' : took(entity.steps_ms / 1000),
      entity.target_entity === entity.entity_name ? 'same name' : entity.target_entity,
    ]
  })
  return section('entities', 'Entities', table('entities-table', 'Entities', columns, rows))
}

/** Steps that are listed; the longest ones say where the time went. */
const MOST_STEPS = 20

export function stepSection({ steps, migration }: MigrationReport): Markup | undefined {
  const measured = steps.filter(({ status }) => status !== 'pending').slice(0, MOST_STEPS)
  if (measured.length === 0) return undefined
  const most = Math.max(1, ...measured.map(({ duration_ms }) => duration_ms ?? 0))
  const columns = [text('Object'), text('Entity'), text('Kind'), text('State'), number('Duration')]
  const rows = measured.map(
    (step): Row => [
      step.object_name,
      step.entity_name,
      words(step.kind),
      step.error_code === null
        ? badge(step.status)
        : html`${badge(step.status)} <code>${step.error_code}</code>`,
      html`${meter((step.duration_ms ?? 0) / most, 'steps')}${step.duration_ms === null ? '–' : took(step.duration_ms / 1000)}`,
    ],
  )
  const told = `${grouped(migration.completed_steps)} of ${plural(migration.total_steps, 'step')} done after the copy; the longest:`
  return section(
    'steps',
    'Keys, indexes, constraints',
    html`<p class="summary">${told}</p>${table('steps-table', 'The longest steps', columns, rows)}`,
  )
}

export function errorSection({ errors, migration }: MigrationReport): Markup {
  if (errors.length === 0) {
    return section('errors', 'Errors by reason', html`<p class="empty">No error was met.</p>`)
  }
  const most = Math.max(...errors.map((error) => error.errors))
  const columns = [
    text('Reason'),
    text('Entity'),
    text('Type'),
    text('SQLSTATE'),
    number('Times'),
    text('Last'),
  ]
  const rows = errors.map(
    (error): Row => [
      html`<code>${error.error_code ?? 'unknown'}</code>`,
      error.entity_name ?? 'all',
      words(error.error_type),
      error.sqlstate ?? '–',
      html`${meter(error.errors / most, 'refused')}${grouped(error.errors)}`,
      clockTime(error.last_at),
    ],
  )
  const told = `${plural(migration.error_count, 'error')} met; an error that was tried again with success counts as well.`
  return section(
    'errors',
    'Errors by reason',
    html`<p class="summary">${told}</p>${table('errors-table', 'Errors by reason', columns, rows)}`,
  )
}

/** Refused rows by reason; nothing where none were. */
export function refusedSection({ dead_letters }: MigrationReport): Markup | undefined {
  if (dead_letters.length === 0) return undefined
  const most = Math.max(...dead_letters.map(({ refused }) => refused))
  const columns = [
    text('Reason'),
    text('Entity'),
    text('Rule'),
    text('Columns'),
    number('Refused'),
    number('Still'),
  ]
  const rows = dead_letters.map(
    (letter): Row => [
      html`<code>${letter.error_code}</code>`,
      letter.entity_name,
      letter.rule ?? '–',
      letter.columns?.join(', ') || '–',
      html`${meter(letter.refused / most, 'refused')}${grouped(letter.refused)}`,
      grouped(letter.unresolved),
    ],
  )
  const refused = dead_letters.reduce((sum, letter) => sum + letter.refused, 0)
  const still = dead_letters.reduce((sum, letter) => sum + letter.unresolved, 0)
  const told = `${plural(refused, 'row')} refused, ${grouped(still)} of them neither loaded since nor put away; the view migration.dead_letters has their keys.`
  return section(
    'refused',
    'Refused rows by reason',
    html`<p class="summary">${told}</p>${table('refused-table', 'Refused rows by reason', columns, rows)}`,
  )
}

export function callSection({ calls }: MigrationReport): Markup {
  const counts: readonly [string, number][] = [
    ['Calls asked for', calls.asked],
    ['Accepted', calls.accepted],
    ['Lost', calls.lost],
    ['Batches', calls.batches],
    ['Tried again', calls.retries],
    ['Functions that died at work', calls.deaths],
  ]
  return section(
    'calls',
    'Calls and batches',
    html`<dl class="facts-grid">${counts.map(
      ([label, count]) => html`<div><dt>${label}</dt><dd>${grouped(count)}</dd></div>`,
    )}</dl>`,
  )
}

export function eventSection({ events, pace }: MigrationReport): Markup | undefined {
  if (events.length === 0) return undefined
  const from = pace?.from ?? events[0]?.at
  const columns = [text('Event'), number('After'), text('What')]
  const rows = events.map(
    ({ type, at, data }): Row => [words(type), took(secondsBetween(from, at)), facts(data) || '–'],
  )
  return section('events', 'Events', table('events-table', 'Events', columns, rows))
}
