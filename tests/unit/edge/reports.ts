import { Report } from '../../../scripts/ferry/report.ts'

type Overrides<T> = Partial<T>
type Entity = Report['entities'][number]

export function migration(overrides: Overrides<Report['migration']> = {}): Report['migration'] {
  return {
    migration_id: '3f9c1111-2222-4333-8444-555555555555',
    plan_name: 'clinic',
    status: 'running',
    control_state: 'active',
    progress_percentage: 43.21,
    total_entities: 3,
    completed_entities: 1,
    records_total: 100_000,
    records_read: 43_210,
    records_failed: 0,
    elapsed_seconds: 9.5,
    throughput_per_second: 4548.4,
    eta_seconds: 12,
    failure_code: null,
    failure_reason: null,
    finished_at: null,
    created_at: '2026-01-02T03:04:05.678901+00:00',
    sync_state: null,
    ...overrides,
  }
}

export function entity(overrides: Overrides<Entity> = {}): Entity {
  return {
    entity_name: 'public.visits',
    target_entity: 'clinic.visits',
    status: 'running',
    progress_percentage: 50,
    records_total: 66_420,
    records_read: 33_210,
    records_failed: 0,
    throughput_per_second: 12_345.6,
    eta_seconds: 3,
    ...overrides,
  }
}

export const done = (name: string, rows: number) =>
  entity({
    entity_name: name,
    target_entity: name,
    status: 'completed',
    progress_percentage: 100,
    records_total: rows,
    records_read: rows,
    throughput_per_second: 900,
    eta_seconds: null,
  })

export const waiting = (name: string, rows: number) =>
  entity({
    entity_name: name,
    target_entity: name,
    status: 'pending',
    progress_percentage: 0,
    records_total: rows,
    records_read: 0,
    throughput_per_second: 0,
    eta_seconds: null,
  })

export function report(overrides: Overrides<Report> = {}): Report {
  return Report.parse({
    migration: migration(),
    entities: [done('public.patients', 10_000), entity(), waiting('public.invoices', 23_580)],
    errors: [],
    dead_letters: [],
    verification: null,
    sync: null,
    ...overrides,
  })
}
