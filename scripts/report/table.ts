/** Tables that scroll inside their own frame where the page is narrower than they are. */
import { html, type Markup } from './markup.ts'

export interface Column {
  readonly heading: string
  readonly isNumber?: boolean
}

/** Cells in the order of the columns; the first names the row. */
export type Row = readonly (string | number | Markup)[]

/** @param caption what the table tells, for whoever hears it */
export function table(
  id: string,
  caption: string,
  columns: readonly Column[],
  rows: readonly Row[],
): Markup {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
<table id="${id}"><caption>${caption}</caption>
<thead><tr>${columns.map(
    ({ heading, isNumber }) =>
      html`<th scope="col"${isNumber ? NUMBER : undefined}>${heading}</th>`,
  )}</tr></thead>
<tbody>${rows.map((row) => tableRow(columns, row))}</tbody></table></div>
`
}

const NUMBER = html` class="number"`

function tableRow(columns: readonly Column[], row: Row): Markup {
  const cells = row.map((content, place) => {
    const style = columns[place]?.isNumber ? NUMBER : undefined
    return place === 0 ? html`<th scope="row">${content}</th>` : html`<td${style}>${content}</td>`
  })
  return html`<tr>${cells}</tr>
`
}

/** A state as a word with a colour; the word alone tells it as well. */
export function badge(state: string): Markup {
  return html`<span class="badge ${toneOf(state)}">${state.replaceAll('_', ' ')}</span>`
}

function toneOf(state: string): string {
  switch (state) {
    case 'completed':
    case 'passed':
      return 'good'
    case 'failed':
    case 'cancelled':
    case 'aborted':
      return 'bad'
    case 'warning':
    case 'paused':
    case 'parked':
    case 'skipped':
      return 'doubtful'
    default:
      return 'open'
  }
}

/** A bar as long as its share, behind a number that is written beside it. */
export function meter(share: number, color: string): Markup {
  const percent = (Math.min(1, Math.max(0, share)) * 100).toFixed(1)
  return html`<span class="meter" aria-hidden="true"><span style="width:${percent}%;background:var(--${color})"></span></span>`
}
