-- Owns: what happened, for subscribers, in the documents' event shape.
-- Called by: start, complete_batch, fail_batch, the control verbs.
-- Keeps: written in the transaction that it tells of.
create table migration.events (
  id bigint generated always as identity primary key,
  event_type text not null,
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  "timestamp" timestamptz not null default now(),
  data jsonb not null default '{}',
  constraint events_type_known check (event_type in (
    'migration_started', 'migration_progress', 'migration_completed', 'migration_failed',
    'migration_paused', 'migration_resumed', 'migration_cancelled', 'migration_parked',
    'migration_retried', 'entity_started', 'entity_completed', 'entity_failed',
    'verification_started', 'verification_passed', 'verification_failed', 'verification_aborted',
    'repair_started', 'repair_completed', 'repair_aborted',
    'replay_started', 'replay_completed', 'replay_aborted', 'plan_amended',
    'sync_began', 'sync_completed', 'sync_aborted', 'sync_halted', 'sync_resumed', 'sync_ended', 'source_replaced', 'log_slot_lagging',
    'cutover_started', 'cutover_aborted', 'cutover_completed', 'cutover_failed', 'cutover_rehearsed', 'error_threshold', 'performance_anomaly')),
  constraint events_data_is_object check (jsonb_typeof(data) = 'object')
);
create index events_migration on migration.events (migration_id, id);
comment on table migration.events is 'Events of a migration: event_type, migration_id, timestamp, data.';

create function migration._emit(p_migration_id uuid, p_event_type text, p_data jsonb default '{}')
returns void language sql set search_path = '' as $$
  insert into migration.events (event_type, migration_id, "timestamp", data)
  values (p_event_type, p_migration_id, migration.clock(), p_data);
  select pg_notify('supaferry_news', '')
$$;
comment on function migration._emit(uuid, text, jsonb) is 'Writes one event; data holds names, counts and percentages only.';
