-- Owns: one row per migration (the documents' MigrationOrchestration) and its state machine.
-- Called by: start, complete_batch, fail_batch, the watchdog and the control verbs.
-- Keeps: read = loaded + dead-lettered + filtered; no illegal change of status.
create table migration.orchestrations (
  id uuid primary key default gen_random_uuid(),
  migration_type text not null default 'full_migration',
  status text not null default 'pending',
  control_state text not null default 'active',
  started_at timestamptz,
  completed_at timestamptz,
  progress_percentage numeric(5, 2) not null default 0,
  total_entities integer not null,
  completed_entities integer not null default 0,
  error_count bigint not null default 0,
  configuration jsonb not null default '{}',
  created_by text not null,
  plan jsonb not null,
  plan_fingerprint text not null,
  source_fingerprint text not null,
  records_total bigint not null default 0,
  records_read bigint not null default 0,
  records_processed bigint not null default 0,
  records_failed bigint not null default 0,
  records_filtered bigint not null default 0,
  lanes_allowed integer not null default 1,
  lanes_adjusted_at timestamptz not null default '-infinity',
  total_steps integer not null default 0,
  completed_steps integer not null default 0,
  copied_at timestamptz,
  finished_at timestamptz,
  verification_id uuid,
  parent_id uuid references migration.orchestrations (id) on delete cascade,
  cutover_id uuid,
  is_open boolean generated always as (parent_id is null and (status = 'running'
    or verification_id is not null or cutover_id is not null)) stored,
  failure_code text,
  failure_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint orchestrations_type_known
    check (migration_type in ('full_migration', 'incremental', 'schema_cleanup')),
  constraint orchestrations_status_known
    check (status in ('pending', 'running', 'completed', 'failed', 'rolling_back')),
  constraint orchestrations_control_state_known
    check (control_state in ('active', 'paused', 'cancelled', 'parked')),
  constraint orchestrations_progress_in_range check (progress_percentage between 0 and 100),
  constraint orchestrations_entities_add_up
    check (completed_entities between 0 and total_entities),
  constraint orchestrations_errors_not_negative check (error_count >= 0),
  constraint orchestrations_started_before_completed check (started_at <= completed_at),
  constraint orchestrations_started_when_running check (status = 'pending' or started_at is not null),
  constraint orchestrations_ended_has_time
    check ((status in ('completed', 'failed')) = (completed_at is not null)),
  constraint orchestrations_failure_has_code check ((status = 'failed') = (failure_code is not null)),
  constraint orchestrations_lanes_positive check (lanes_allowed > 0),
  constraint orchestrations_steps_add_up check (completed_steps between 0 and total_steps),
  constraint orchestrations_completed_is_whole check (status <> 'completed' or
    (completed_entities = total_entities and completed_steps = total_steps and progress_percentage = 100)),
  constraint orchestrations_rows_accounted_for
    check (records_read = records_processed + records_failed + records_filtered),
  constraint orchestrations_rows_within_total check (records_read <= records_total),
  constraint orchestrations_configuration_is_object check (jsonb_typeof(configuration) = 'object'),
  constraint orchestrations_sweeps_have_parent check ((parent_id is not null) = (migration_type = 'incremental'))
);
create index orchestrations_unfinished on migration.orchestrations (created_at)
  where status in ('pending', 'running');
create index orchestrations_sweeps on migration.orchestrations (parent_id, created_at) where parent_id is not null;
create index orchestrations_open on migration.orchestrations (created_at) where is_open;
comment on table migration.orchestrations is 'One migration: its plan, state, progress and counters.';
comment on column migration.orchestrations.control_state is
  'What an operator or the watchdog imposed (paused, cancelled, parked); apart from status, which is the documents'' state machine.';
comment on column migration.orchestrations.configuration is
  'functions_url, dispatch_mode (pg_net | notify), lanes, source_secret (a name, never an address), lease_seconds, max_retries, batch_rows.';
comment on column migration.orchestrations.plan is 'The plan as it was started; its fingerprint guards a resume.';
comment on column migration.orchestrations.records_total is
  'Estimate at first; raised with a growing source, exact when completed.';
comment on column migration.orchestrations.lanes_allowed is
  'Calls at once: as configured, fewer while the circuit breaker holds back.';
comment on column migration.orchestrations.copied_at is 'When the last row was in; the steps on the tables follow.';
comment on column migration.orchestrations.finished_at is 'When the steps were done; verification follows.';
comment on column migration.orchestrations.verification_id is 'The verification or repair at work, if any.';
comment on column migration.orchestrations.cutover_id is 'The cut-over at work, if any.';
comment on column migration.orchestrations.parent_id is
  'Of a sweep (migration_type incremental): the migration whose rows it brings up to date. Its batches are its parent''s.';
comment on column migration.orchestrations.is_open is 'Whether there may be batches to work on.';
comment on column migration.orchestrations.failure_reason is 'For a person; never a value of a row.';

create function migration._guard_orchestration() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.status is distinct from old.status and (old.status, new.status) not in (
    ('pending', 'running'), ('running', 'completed'), ('running', 'failed'),
    ('running', 'rolling_back'), ('rolling_back', 'pending'),
    ('failed', 'running')  -- retry, as the checkpoint state machine of the documents has it
  ) then
    perform migration._raise('SF409', 'transition_illegal',
      format('A migration cannot go from %s to %s.', old.status, new.status));
  end if;
  if old.control_state = 'cancelled' and new.control_state <> 'cancelled' then
    perform migration._raise('SF409', 'migration_cancelled', 'A cancelled migration stays cancelled.',
      'Start a new one.');
  end if;
  new.updated_at := migration.clock();
  return new;
end
$$;
comment on function migration._guard_orchestration() is 'Refuses every change of status that the state machine does not have.';
create trigger guard before update on migration.orchestrations
  for each row execute function migration._guard_orchestration();
