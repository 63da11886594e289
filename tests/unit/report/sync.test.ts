/** What is said of a migration that follows its source: in a look, in the report's lines and on its page. */
import { describe, expect, it } from 'vitest'
import { frame } from '../../../scripts/ferry/display/frame.ts'
import { SyncReport } from '../../../scripts/ferry/sync-report.ts'
import { page } from '../../../scripts/report/page.ts'
import { summaryLines } from '../../../scripts/report/summary.ts'
import { report as look, migration } from '../edge/reports.ts'
import { report } from './reports.ts'

const screen = { columns: 200, rows: 50, color: false }
const changes = {
  records_inserted: 12,
  records_updated: 0,
  records_deleted: 3,
  records_marked: 0,
  records_refused: 1,
}

const sync = (overrides: object = {}) =>
  SyncReport.parse({
    state: 'syncing',
    halted_code: null,
    halted_reason: null,
    remedy: null,
    last_sweep_at: '2026-01-02T03:04:05.1+00:00',
    next_run_at: '2026-01-02T03:04:35+00:00',
    lag_seconds: 4.2,
    gone_rows_held: 0,
    schedules: [],
    entities: [
      {
        entity_name: 'public.<b>',
        strategy: 'timestamp',
        lag_seconds: 4.2,
        gone_rows_held: 0,
        ...changes,
      },
    ],
    sweep: {
      sweep_id: '3f9c1111-2222-4333-8444-555555555555',
      scope: 'changes',
      status: 'completed',
      failure_code: null,
      started_at: '2026-01-02T03:04:05.1+00:00',
      completed_at: '2026-01-02T03:04:06+00:00',
      duration_seconds: 0.9,
      ...changes,
    },
    cutover: null,
    ...overrides,
  })

const halted = {
  state: 'halted',
  halted_code: 'source_went_back',
  halted_reason: 'The source is at an earlier time.',
  remedy: 'Find out which server answers.',
}

const cutover = {
  id: '3f9c1111-2222-4333-8444-555555555555',
  is_rehearsal: false,
  state: 'completed',
  freeze_mode: 'operator',
  frozen_at: '2026-01-02T03:04:05+00:00',
  unfrozen_at: null,
  ended_at: '2026-01-02T03:04:08+00:00',
  failure_code: null,
  failure_reason: null,
  report: { phases: [{ phase: 'freezing', duration_ms: 1100 }], downtime_ms: 3200 },
}

describe('sync mode', () => {
  it('is a state with a lag instead of a bar that never ends', () => {
    const shown = look({ migration: migration({ sync_state: 'syncing' }), sync: sync() })
    expect(frame(shown, screen)[0]).toBe(
      'clinic 3f9c1111  in sync   lag 5s · last sweep 03:04:05: 12 inserted, 3 deleted, 1 refused · next 03:04:35',
    )
  })

  it('tells why it is halted', () => {
    const shown = look({ migration: migration({ sync_state: 'halted' }), sync: sync(halted) })
    expect(frame(shown, screen).slice(0, 2)).toEqual([
      'clinic 3f9c1111  halted   source_went_back · lag 5s',
      'The source is at an earlier time.',
    ])
  })

  it('has a line in the summary, and a section on the page', () => {
    const full = report({ sync: sync() })
    expect(summaryLines(full, screen)).toContainEqual(
      expect.stringMatching(/sync {6}in sync, lag 5s/),
    )
    expect(page(full)).toContain('In step with the source')
    expect(page(full)).toContain('public.&lt;b&gt;')
    expect(page(report({ sync: sync(halted) }))).toContain('Find out which server answers.')
    expect(page(report())).not.toContain('In step with the source')
  })

  it('ends with a cut-over and its downtime', () => {
    const full = page(report({ sync: sync({ state: 'cut_over', cutover }) }))
    expect(full).toContain('cut over')
    expect(full).toContain('Downtime: 3.2')
  })
})
