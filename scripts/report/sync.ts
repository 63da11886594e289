/** A migration that follows its source, or did: how its tables stand, and its newest cut-over. */
import { changesOf, type SyncReport, syncState } from '../ferry/sync-report.ts'
import type { MigrationReport } from './document.ts'
import { html, type Markup } from './markup.ts'
import { clockTime, took } from './measure.ts'
import { badge, type Column, type Row, table } from './table.ts'

const text = (heading: string): Column => ({ heading })
const number = (heading: string): Column => ({ heading, isNumber: true })

export function syncSection({ sync }: MigrationReport): Markup | undefined {
  if (sync === null) return undefined
  const columns = [text('Entity'), text('Strategy'), number('Lag'), text('Newest sweep')]
  const rows = sync.entities.map(
    (entity): Row => [
      entity.entity_name,
      entity.strategy ?? '–',
      took(entity.lag_seconds ?? undefined),
      changesOf(entity),
    ],
  )
  return html`<section class="card" id="sync" aria-labelledby="sync-heading"><h2 id="sync-heading">In step with the source</h2>
<p>${badge(syncState(sync))} ${sentence(sync)}</p>
${table('sync-table', 'Entities in step', columns, rows)}
${cutover(sync)}</section>
`
}

function sentence({ last_sweep_at, halted_code, halted_reason, remedy }: SyncReport): string {
  if (halted_code !== null) return `${halted_code}: ${halted_reason ?? ''} ${remedy ?? ''}`
  return last_sweep_at === null ? 'Not swept yet.' : `Newest sweep: ${clockTime(last_sweep_at)}.`
}

function cutover({ cutover: done }: SyncReport): Markup | undefined {
  if (done === null) return undefined
  const columns = [text('Phase'), number('Duration')]
  const rows = done.report.phases.map(
    ({ phase, duration_ms }): Row => [phase, took(duration_ms / 1000)],
  )
  const { downtime_ms = null } = done.report
  const downtime = downtime_ms === null ? '' : ` Downtime: ${took(downtime_ms / 1000)}.`
  const why =
    done.failure_code === null ? '' : ` ${done.failure_code}: ${done.failure_reason ?? ''}`
  return html`<h3>${done.is_rehearsal ? 'Rehearsal of the cut-over' : 'Cut-over'}</h3>
<p>${badge(done.state)}${downtime}${why}</p>
${table('cutover-table', 'Phases', columns, rows)}
`
}
