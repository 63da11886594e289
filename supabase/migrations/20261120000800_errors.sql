-- Owns: what went wrong (MigrationError), dead letters included, by month.
-- Called by: fail_batch, the watchdog; mapping_load.sql and settle.sql write dead letters, replay.sql resolves them.
-- Keeps: a message, a known type, and no value of a row: callers hand in codes and names only.
create table migration.errors (
  id uuid not null default gen_random_uuid(),
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  entity_status_id uuid references migration.entity_statuses (id) on delete cascade,
  batch_id uuid,
  error_type text not null,
  error_code text not null,
  sqlstate text,
  error_message text not null,
  source_record_id text,
  source_data jsonb,
  context jsonb not null default '{}',
  stack_trace text,
  occurred_at timestamptz not null default now(),
  is_resolved boolean not null default false,
  resolution_notes text,
  is_dead_letter boolean not null default false,
  resolution text,
  resolved_at timestamptz,
  resolved_by text,
  replay_batch_id uuid,
  primary key (id, occurred_at),
  constraint errors_type_known check (error_type in (
    'connection_error', 'data_validation', 'constraint_violation', 'timeout', 'unknown')),
  constraint errors_message_not_empty check (error_message <> ''),
  constraint errors_context_is_object check (jsonb_typeof(context) = 'object'),
  constraint errors_dead_letter_has_key check (not is_dead_letter or
    (source_record_id is not null and entity_status_id is not null)),
  constraint errors_resolution_known check (resolution in ('replayed', 'superseded', 'gone', 'dismissed')),
  constraint errors_resolved_is_told check (is_resolved = (resolution is not null and resolved_at is not null)),
  constraint errors_nothing_of_the_row check (source_data is null and stack_trace is null)
) partition by range (occurred_at);
create index errors_migration on migration.errors (migration_id, occurred_at);
create index errors_entity on migration.errors (entity_status_id);
create index errors_dead_letters on migration.errors (entity_status_id, source_record_id) where is_dead_letter;
create index errors_replay on migration.errors (replay_batch_id) where replay_batch_id is not null;
create index errors_type_occurred on migration.errors (error_type, occurred_at);
create table migration.errors_default partition of migration.errors default;
comment on table migration.errors is 'What went wrong, with codes, names and keys only; partitioned by month.';
comment on table migration.errors_default is 'Catches a month without a partition; empty when housekeeping runs.';
comment on column migration.errors.source_data is
  'Of the documents; always null: a copy of a patient''s row outside its table is a leak.';
comment on column migration.errors.is_dead_letter is 'One row of the source that the target did not take; source_record_id is its key.';
comment on column migration.errors.resolution is
  'replayed: loaded after all; superseded: the target has a newer version; gone: the source has it no more, or the plan leaves it out by now; dismissed: by an operator.';
comment on column migration.errors.replay_batch_id is 'The batch that tries it again.';
comment on column migration.errors.batch_id is 'The batch; no foreign key, because batches are kept for a shorter time.';

create function migration._ensure_error_partition(p_at timestamptz) returns void
language plpgsql set search_path = '' as $$
declare
  v_from timestamptz := date_trunc('month', p_at, 'UTC');
  v_name text := 'errors_' || to_char(v_from at time zone 'UTC', 'YYYY_MM');
begin
  if to_regclass(format('migration.%I', v_name)) is not null then
    return;
  end if;
  -- like _create_batch_partition: attached, so that no running load waits
  execute format('create table migration.%I (like migration.errors including all)', v_name);
  execute format('alter table migration.%I enable row level security', v_name);
  execute format('comment on table migration.%I is %L', v_name, 'Errors of one month.');
  execute format('alter table migration.errors attach partition migration.%I for values from (%L) to (%L)',
    v_name, v_from, date_trunc('month', v_from at time zone 'UTC' + interval '1 month') at time zone 'UTC');
end
$$;
comment on function migration._ensure_error_partition(timestamptz) is
  'Makes the partition of errors for the month of a time, where it is missing.';

create function migration._record_error(
  p_batch migration.batches, p_error_type text, p_error_code text, p_sqlstate text,
  p_message text, p_context jsonb default '{}'
) returns void language plpgsql set search_path = '' as $$
begin
  insert into migration.errors (migration_id, entity_status_id, batch_id, error_type, error_code,
    sqlstate, error_message, context, occurred_at)
  values (p_batch.migration_id, p_batch.entity_status_id, p_batch.id, p_error_type, p_error_code,
    p_sqlstate, p_message, p_context || jsonb_build_object('attempt', p_batch.attempt,
      'batch_number', p_batch.batch_number, 'kind', p_batch.kind), migration.clock());
  update migration.orchestrations o set error_count = o.error_count + 1 where o.id = p_batch.migration_id;
end
$$;
comment on function migration._record_error(migration.batches, text, text, text, text, jsonb) is
  'Writes one error of a batch and counts it. Message and context hold codes and names, never a value of a row.';
