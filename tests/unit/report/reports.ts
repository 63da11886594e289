/** Reports as the database answers them, made up: every part that a page can show. */
import { MigrationReport } from '../../../scripts/report/document.ts'

export const BEGAN = Date.parse('2026-01-02T03:04:05.000Z')
export const at = (seconds: number) => new Date(BEGAN + seconds * 1000).toISOString()

type Migration = MigrationReport['migration']
type Entity = MigrationReport['entities'][number]
type Verification = NonNullable<MigrationReport['verification']>

export function migration(overrides: Partial<Migration> = {}): Migration {
  return {
    migration_id: '3f9c1111-2222-4333-8444-555555555555',
    plan_name: 'clinic',
    status: 'completed',
    control_state: 'active',
    progress_percentage: 100,
    total_entities: 3,
    completed_entities: 3,
    records_total: 1_234_567,
    records_read: 1_234_567,
    records_processed: 1_230_000,
    records_failed: 67,
    records_filtered: 4500,
    error_count: 9,
    total_steps: 4,
    completed_steps: 4,
    elapsed_seconds: 60,
    throughput_per_second: 20_576,
    eta_seconds: null,
    failure_code: null,
    failure_reason: null,
    created_at: at(0),
    sync_state: null,
    started_at: at(0),
    copied_at: at(40),
    finished_at: at(48),
    completed_at: at(60),
    ...overrides,
  }
}

export function entity(name: string, from: number, to: number, rows: number): Entity {
  return {
    entity_name: name,
    target_entity: name,
    status: 'completed',
    records_total: rows,
    records_processed: rows,
    records_failed: 0,
    records_filtered: 0,
    throughput_per_second: rows / (to - from),
    started_at: at(from),
    completed_at: at(to),
    batches: 12,
    bytes: rows * 180,
    retries: 0,
    deaths: 0,
    steps: 2,
    steps_failed: 0,
    steps_ms: 2500,
    steps_started_at: at(to),
    steps_completed_at: at(to + 3),
    verify_started_at: at(48),
    verify_completed_at: at(52 + (to % 8)),
  }
}

export function result(
  overrides: Partial<Verification['results'][number]> = {},
): Verification['results'][number] {
  return {
    entity_name: 'public.patients',
    check_name: 'checksum',
    validation_type: 'data_completeness',
    status: 'passed',
    records_validated: 10_000,
    issues_found: 0,
    execution_duration_ms: 420,
    ...overrides,
  }
}

export function finding(
  overrides: Partial<Verification['findings'][number]> = {},
): Verification['findings'][number] {
  return {
    entity_name: 'public.visits',
    check_name: 'checksum',
    kind: 'changed',
    severity: 'failed',
    row_key: ['4711'],
    range_after: null,
    range_through: null,
    columns: ['notes', 'updated_at'],
    object_name: null,
    detail: {},
    repaired_at: null,
    ...overrides,
  }
}

export function verification(overrides: Partial<Verification> = {}): Verification {
  return {
    kind: 'verify',
    mode: 'full',
    is_gate: true,
    status: 'passed',
    started_at: at(48),
    completed_at: at(60),
    records_validated: 1_230_000,
    issues_found: 0,
    failure_code: null,
    results: [result(), result({ check_name: 'counts', execution_duration_ms: 35 })],
    findings_total: 0,
    findings_by_kind: {},
    findings: [],
    ...overrides,
  }
}

/** A finished migration of three tables with a refused row here and there. */
export function report(overrides: Partial<MigrationReport> = {}): MigrationReport {
  const visits = { ...entity('public.visits', 4, 40, 1_000_000), records_failed: 67, retries: 3 }
  return MigrationReport.parse({
    reported_at: at(3600),
    migration: migration(),
    entities: [
      entity('public.patients', 0, 9, 180_000),
      visits,
      { ...entity('public.invoices', 9, 22, 50_000), records_filtered: 4500 },
    ],
    pace: {
      from: at(0),
      to: at(60),
      seconds: 0.3,
      copied: Array.from({ length: 200 }, (_none, index) => copiedAt(index)),
      bytes: Array.from({ length: 200 }, (_none, index) => copiedAt(index) * 180),
      verified: Array.from({ length: 200 }, (_none, index) => (index < 160 ? 0 : 30_000)),
      calls: Array.from({ length: 200 }, (_none, index) => callsAt(index)),
    },
    steps: [step('visits_pkey', 2500), step('visits_patient_fk', 800)],
    verification: verification(),
    sync: null,
    errors: [
      {
        entity_name: 'public.visits',
        error_type: 'connection_error',
        error_code: 'source_lost',
        sqlstate: '08006',
        errors: 7,
        unresolved: 7,
        last_at: at(21),
      },
    ],
    dead_letters: [
      {
        entity_name: 'public.visits',
        error_code: 'reference_missing',
        rule: 'patient',
        columns: ['patient_id'],
        refused: 60,
        unresolved: 58,
      },
      {
        entity_name: 'public.visits',
        error_code: 'range_violated',
        rule: null,
        columns: null,
        refused: 7,
        unresolved: 7,
      },
    ],
    events: [
      { type: 'migration_started', at: at(0), data: { entities: 3 } },
      { type: 'performance_anomaly', at: at(20), data: { lanes: 4, side: 'source' } },
      { type: 'migration_completed', at: at(60), data: { records: 1_230_000 } },
    ],
    calls: { asked: 30, accepted: 26, lost: 1, batches: 160, retries: 3, deaths: 1 },
    ...overrides,
  })
}

function step(object_name: string, duration_ms: number): MigrationReport['steps'][number] {
  return {
    entity_name: 'public.visits',
    kind: object_name.endsWith('pkey') ? 'primary_key' : 'foreign_key',
    object_name,
    status: 'completed',
    error_code: null,
    duration_ms,
  }
}

/** It runs up, holds, dips where a server suffered, and runs out. */
function copiedAt(index: number): number {
  if (index >= 133) return 0
  const dip = index > 64 && index < 76 ? 0.25 : 1
  return Math.round(9250 * Math.min(1, (index + 2) / 18) * dip * (1 + 0.14 * Math.sin(index / 3)))
}

function callsAt(index: number): number {
  if (index >= 133 && index < 160) return 0
  return Math.min(8, 1 + index / 4) / (index > 64 && index < 90 ? 2 : 1)
}
