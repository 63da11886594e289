-- Owns: one row per source → target table pair of a migration (EntityMigrationStatus).
-- Called by: start, claim_batch, carve_batch, complete_batch, fail_batch.
-- Keeps: read = loaded + dead-lettered + filtered; unique dependency order within a migration.
create table migration.entity_statuses (
  id uuid primary key default gen_random_uuid(),
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  entity_name text not null,
  target_entity text not null,
  dependency_order integer not null,
  status text not null default 'pending',
  records_total bigint not null default 0,
  records_processed bigint not null default 0,
  records_failed bigint not null default 0,
  records_filtered bigint not null default 0,
  records_read bigint not null default 0,
  started_at timestamptz,
  completed_at timestamptz,
  last_processed_id text,
  batch_size integer not null,
  throughput_per_second numeric(14, 2) not null default 0,
  definition jsonb not null,
  batches_created integer not null default 0,
  checkpoints_written integer not null default 0,
  prefix_through jsonb not null default '[]',
  pace_floor numeric,
  slow_batches integer not null default 0,
  copied_at timestamptz,
  updated_at timestamptz not null default now(),
  constraint entity_statuses_status_known
    check (status in ('pending', 'running', 'completed', 'failed', 'skipped')),
  constraint entity_statuses_order_unique unique (migration_id, dependency_order),
  constraint entity_statuses_entity_unique unique (migration_id, entity_name, target_entity),
  constraint entity_statuses_rows_within_total check (records_processed + records_failed <= records_total),
  constraint entity_statuses_rows_accounted_for
    check (records_read = records_processed + records_failed + records_filtered),
  constraint entity_statuses_counters_not_negative check (
    least(records_total, records_processed, records_failed, records_filtered) >= 0),
  constraint entity_statuses_started_before_completed check (started_at <= completed_at),
  constraint entity_statuses_started_when_running
    check (status in ('pending', 'skipped') or started_at is not null),
  constraint entity_statuses_ended_has_time
    check ((status in ('completed', 'failed', 'skipped')) = (completed_at is not null)),
  constraint entity_statuses_batch_size_positive check (batch_size > 0),
  constraint entity_statuses_prefix_is_key check (jsonb_typeof(prefix_through) = 'array')
);
create index entity_statuses_entity_order on migration.entity_statuses (entity_name, dependency_order);
create index entity_statuses_open on migration.entity_statuses (migration_id)
  where status in ('pending', 'running');
comment on table migration.entity_statuses is 'Progress of one source → target table pair within one migration.';
comment on column migration.entity_statuses.definition is
  'The compiled entity (columns, key, source and target table) that the functions read; names only.';
comment on column migration.entity_statuses.batch_size is
  'Rows that the next batch will ask for: follows measured time, halved when a function died.';
comment on column migration.entity_statuses.last_processed_id is
  'End of the contiguous committed prefix: a JSON array of key texts as the server printed them.';
comment on column migration.entity_statuses.pace_floor is 'Fewest milliseconds per MiB that a batch of this entity took.';
comment on column migration.entity_statuses.slow_batches is 'Batches in a row that took 8 times as long and more.';
comment on column migration.entity_statuses.prefix_through is 'The same position as jsonb; [] before the first row.';
comment on column migration.entity_statuses.copied_at is
  'When the last row was in; an entity with late references is completed later, when these are settled.';
comment on column migration.entity_statuses.records_total is 'Estimate at first; raised when more rows were read.';

create table migration.entity_dependencies (
  entity_status_id uuid not null references migration.entity_statuses (id) on delete cascade,
  kind text not null,
  depends_on uuid not null references migration.entity_statuses (id) on delete cascade,
  until text not null,
  primary key (entity_status_id, kind, depends_on),
  constraint entity_dependencies_kind_known check (kind in ('copy', 'settle')),
  constraint entity_dependencies_until_known check (until in ('copied', 'completed'))
);
create index entity_dependencies_depends_on on migration.entity_dependencies (depends_on);
comment on table migration.entity_dependencies is
  'What the copy of an entity, or the look at its late references, waits for: another entity that is copied or completed.';
