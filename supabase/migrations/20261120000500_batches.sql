-- Owns: the queue of claimable key ranges (BatchProcessingStatus), one partition per migration.
-- Called by: start (partition, first batches), claim, carve, load, failure, watchdog.
-- Keeps: ranges of an entity never overlap (unique lower bound, carved from one tail); a held batch
--   has a lease and a holder; successful + failed = batch_size.
create table migration.batches (
  migration_id uuid not null,
  id uuid not null default gen_random_uuid(),
  entity_status_id uuid not null references migration.entity_statuses (id) on delete cascade,
  kind text not null default 'copy',
  check_name text not null default '',
  pass_id uuid not null default '00000000-0000-0000-0000-000000000000',
  task jsonb not null default '{}',
  outcome jsonb not null default '[]',
  dependency_order integer not null,
  batch_number integer not null,
  batch_size bigint,
  status text not null default 'pending',
  records_read bigint not null default 0,
  records_successful bigint not null default 0,
  records_failed bigint not null default 0,
  records_filtered bigint not null default 0,
  bytes bigint not null default 0,
  started_at timestamptz,
  completed_at timestamptz,
  processing_duration_ms bigint,
  retry_count integer not null default 0,
  max_retries integer not null,
  deaths integer not null default 0,
  error_summary text,
  range_after jsonb not null default '[]',
  range_through jsonb,
  row_limit integer not null,
  attempt integer not null default 0,
  lease_until timestamptz,
  holder_pid integer,
  holder_started_at timestamptz,
  dispatch_id uuid,
  not_before timestamptz not null default '-infinity',
  created_at timestamptz not null default now(),
  primary key (migration_id, id),
  constraint batches_number_unique unique (migration_id, entity_status_id, batch_number),
  constraint batches_range_unique unique (migration_id, entity_status_id, pass_id, kind, check_name, range_after),
  constraint batches_kind_known check (kind in ('copy', 'settle', 'verify', 'repair', 'replay',
    'look', 'sync', 'reconcile', 'log', 'deletes', 'cutover')),
  constraint batches_status_known
    check (status in ('pending', 'processing', 'completed', 'failed', 'retrying')),
  constraint batches_rows_add_up check (
    status <> 'completed' or records_successful + records_failed = batch_size),
  constraint batches_rows_accounted_for
    check (records_read = records_successful + records_failed + records_filtered),
  constraint batches_size_counts_unfiltered check (batch_size = records_read - records_filtered),
  constraint batches_completed_is_measured check ((status = 'completed') =
    (batch_size is not null and completed_at is not null and processing_duration_ms is not null)),
  constraint batches_started_before_completed check (started_at <= completed_at),
  constraint batches_retries_within_maximum check (retry_count between 0 and max_retries),
  constraint batches_held_has_lease check ((status = 'processing') =
    (lease_until is not null and holder_pid is not null and holder_started_at is not null)),
  constraint batches_row_limit_positive check (row_limit > 0),
  constraint batches_range_is_keys check (
    jsonb_typeof(range_after) = 'array' and jsonb_typeof(range_through) = 'array')
) partition by list (migration_id);
create index batches_entity_status_id on migration.batches (entity_status_id);
create index batches_claimable on migration.batches (migration_id, dependency_order, batch_number)
  where status in ('pending', 'retrying');
create index batches_held on migration.batches (migration_id, lease_until) where status = 'processing';
create index batches_pass on migration.batches (migration_id, pass_id) where kind <> 'copy';
create index batches_open on migration.batches (migration_id, entity_status_id)
  where status <> 'completed';
comment on table migration.batches is 'One claimable key range of one entity; the queue that every function works on.';
comment on column migration.batches.check_name is 'What a batch of kind verify looks at: rows, schema, queries.';
comment on column migration.batches.pass_id is 'The verification or repair that it belongs to; zeros for the copy itself.';
comment on column migration.batches.task is
  'Settings for the holder. Of a verification: mode, seed, sample_rows; of a sweep: scope, and the window or keys that it is about.';
comment on column migration.batches.outcome is 'What a check reported, added up when its pass ends.';
comment on column migration.batches.not_before is
  'Back-off; infinity: it waits for another batch or entity, which opens it.';
comment on column migration.batches.range_after is
  'Exclusive lower bound: a JSON array of key texts as the server printed them; [] is the beginning.';
comment on column migration.batches.range_through is 'Inclusive upper bound; null: to the end.';
comment on column migration.batches.row_limit is 'Rows that the holder may carve off this range.';
comment on column migration.batches.attempt is 'The fence: raised by every claim, named by every write.';
comment on column migration.batches.deaths is 'Times that its function died or overslept its lease; 8 park the migration.';
comment on column migration.batches.batch_size is 'Rows read less rows filtered; known when completed.';
comment on column migration.batches.holder_pid is
  'Server process of the holder''s target connection; with holder_started_at it names one process for good.';

create function migration._create_batch_partition(p_migration_id uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_name text := 'batches_' || replace(p_migration_id::text, '-', '');
begin
  -- created apart and attached, because "partition of" would lock out every running migration
  execute format('create table migration.%I (like migration.batches including all)', v_name);
  execute format('alter table migration.%I enable row level security', v_name);
  execute format('comment on table migration.%I is %L', v_name, 'Batches of one migration.');
  execute format('alter table migration.batches attach partition migration.%I for values in (%L)',
    v_name, p_migration_id);
end
$$;
comment on function migration._create_batch_partition(uuid) is
  'Gives a migration its own partition of batches, so that old ones can be dropped whole.';
