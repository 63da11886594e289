-- Owns: what is done to the target's tables after their rows are in: keys, indexes, constraints,
--   sequences, statistics; one row per statement.
-- Called by: start (plans them), complete_batch (opens them), run_steps (runs them).
-- Keeps: a step runs once, after the rows of its tables are in and the stages before it are done; its
--   row lock is its claim, so that a dead server process gives it back at once.
create table migration.steps (
  id uuid primary key default gen_random_uuid(),
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  entity_status_id uuid not null references migration.entity_statuses (id) on delete cascade,
  referenced_entity_status_id uuid references migration.entity_statuses (id) on delete cascade,
  kind text not null,
  stage smallint not null,
  object_name text not null,
  statement text not null,
  weight bigint not null default 0,
  is_ready boolean not null default false,
  status text not null default 'pending',
  retry_count integer not null default 0,
  not_before timestamptz not null default '-infinity',
  error_code text,
  started_at timestamptz,
  completed_at timestamptz,
  duration_ms bigint,
  constraint steps_kind_known check (kind in (
    'primary_key', 'unique', 'exclusion', 'index', 'check', 'foreign_key', 'validate', 'sequence', 'setting', 'analyze')),
  constraint steps_status_known check (status in ('pending', 'completed', 'failed')),
  constraint steps_completed_is_measured check (
    (status = 'completed') = (completed_at is not null and duration_ms is not null)),
  constraint steps_started_before_completed check (started_at <= completed_at),
  constraint steps_stage_positive check (stage > 0),
  constraint steps_object_unique unique (migration_id, entity_status_id, kind, object_name)
);
create index steps_pending on migration.steps (migration_id, is_ready, weight desc)
  where status = 'pending';
create index steps_open_entity on migration.steps (entity_status_id, stage) where status = 'pending';
create index steps_open_referenced on migration.steps (referenced_entity_status_id, stage)
  where status = 'pending';
create index steps_entity on migration.steps (entity_status_id);
create index steps_referenced on migration.steps (referenced_entity_status_id);
comment on table migration.steps is
  'Statements on the target after the copy: keys, indexes, constraints, sequences, statistics.';
comment on column migration.steps.stage is
  'Steps of one table run stage by stage; within a stage in any order, several at once.';
comment on column migration.steps.statement is
  'Compiled from the source''s catalog when the migration began; names and expressions only.';
comment on column migration.steps.weight is 'Estimated rows: the heaviest step is run first.';
comment on column migration.steps.is_ready is 'Whether the rows are in and every earlier stage of its tables is done.';
