-- Owns: what was compared and found: one row per pass, per check of an entity (the documents'
--   DataValidationResult), and per difference.
-- Called by: verification.sql and repair.sql write; views, reports and analysts read.
-- Keeps: issues never exceed the records validated; a failure says what was found; keys are the only
--   values of rows.
create table migration.verifications (
  id uuid primary key default gen_random_uuid(),
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  kind text not null default 'verify',
  mode text not null,
  is_gate boolean not null,
  status text not null default 'running',
  entity_status_ids uuid[],
  seed bigint not null,
  sample_rows integer not null,
  requested_by text not null,
  started_at timestamptz not null,
  completed_at timestamptz,
  records_validated bigint not null default 0,
  issues_found bigint not null default 0,
  failure_code text,
  constraint verifications_kind_known check (kind in ('verify', 'repair', 'replay', 'sync', 'cutover')),
  constraint verifications_mode_known check (mode in ('counts', 'sample', 'full')),
  constraint verifications_status_known check (status in ('running', 'passed', 'failed', 'aborted')),
  constraint verifications_ended_has_time check ((status = 'running') = (completed_at is null)),
  constraint verifications_started_before_completed check (started_at <= completed_at),
  constraint verifications_aborted_has_code check ((status = 'aborted') = (failure_code is not null)),
  constraint verifications_sample_positive check (sample_rows > 0),
  constraint verifications_counters_not_negative check (least(records_validated, issues_found) >= 0)
);
create index verifications_migration on migration.verifications (migration_id, started_at desc);
create unique index verifications_one_at_work on migration.verifications (migration_id) where status = 'running';
comment on table migration.verifications is 'One pass over a migration: a comparison of both sides, a repair of what one found, a replay of dead letters, a sweep of incremental sync, or a phase of a cut-over.';
comment on column migration.verifications.is_gate is 'Whether the migration becomes completed or failed by it.';
comment on column migration.verifications.entity_status_ids is 'The entities that are looked at; null: all of them.';
comment on column migration.verifications.seed is 'Makes samples reproducible.';
comment on column migration.verifications.failure_code is 'Why a pass could not be ended; its findings say nothing then.';

create table migration.validation_results (
  id uuid primary key default gen_random_uuid(),
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  verification_id uuid not null references migration.verifications (id) on delete cascade,
  entity_status_id uuid not null references migration.entity_statuses (id) on delete cascade,
  check_name text not null,
  validation_type text not null,
  entity_name text not null,
  status text not null,
  records_validated bigint not null,
  issues_found bigint not null,
  issue_details jsonb,
  validation_criteria jsonb not null,
  executed_at timestamptz not null,
  execution_duration_ms bigint not null,
  constraint validation_results_type_known check (validation_type in
    ('referential_integrity', 'data_completeness', 'business_rules', 'performance')),
  constraint validation_results_status_known check (status in ('passed', 'failed', 'warning')),
  constraint validation_results_issues_within_records check (issues_found between 0 and records_validated),
  constraint validation_results_issues_have_details check (
    status = 'passed' or (issue_details is not null and issue_details <> '{}')),
  constraint validation_results_criteria_given check (
    jsonb_typeof(validation_criteria) = 'object' and validation_criteria <> '{}'),
  constraint validation_results_check_unique unique (verification_id, entity_status_id, check_name)
);
create index validation_results_migration on migration.validation_results (migration_id, executed_at desc);
create index validation_results_entity on migration.validation_results (entity_status_id);
comment on table migration.validation_results is 'One check of one entity in one pass: how much was looked at, what was found.';
comment on column migration.validation_results.issue_details is 'Kinds of findings with their numbers; never a value of a row.';
comment on column migration.validation_results.validation_criteria is 'What was checked.';

create table migration.findings (
  id uuid primary key default gen_random_uuid(),
  verification_id uuid not null references migration.verifications (id) on delete cascade,
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  entity_status_id uuid not null references migration.entity_statuses (id) on delete cascade,
  check_name text not null,
  kind text not null,
  severity text not null,
  row_key jsonb,
  range_after jsonb,
  range_through jsonb,
  columns text[] not null default '{}',
  object_name text,
  detail jsonb not null default '{}',
  found_at timestamptz not null,
  repair_batch_id uuid,
  repaired_at timestamptz,
  constraint findings_kind_known check (kind in ('missing', 'extra', 'changed', 'duplicates', 'range',
    'orphan', 'rule', 'schema', 'query', 'count')),
  constraint findings_severity_known check (severity in ('failed', 'warning')),
  constraint findings_key_is_array check (jsonb_typeof(row_key) = 'array'),
  constraint findings_range_is_keys check (
    jsonb_typeof(range_after) = 'array' and jsonb_typeof(range_through) = 'array')
);
create index findings_verification on migration.findings (verification_id, entity_status_id);
create index findings_migration on migration.findings (migration_id);
create index findings_entity on migration.findings (entity_status_id);
create index findings_repair on migration.findings (repair_batch_id) where repair_batch_id is not null;
comment on table migration.findings is 'One difference between both sides, down to the row and its columns.';
comment on column migration.findings.row_key is
  'Key texts as the server printed them; null where a finding is about no single row, or the table has no key.';
comment on column migration.findings.detail is 'Codes, names, counts and definitions; never a value of a row.';
