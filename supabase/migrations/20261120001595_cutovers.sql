-- Owns: cut-overs: where each stands, what it did, and whether it froze the source.
-- Called by: cutover.sql, cutover_chain.sql.
-- Keeps: a frozen source is on record before it is frozen, and until it is not any more.
create table migration.cutovers (
  id uuid primary key default gen_random_uuid(),
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  is_rehearsal boolean not null,
  state text not null default 'checking',
  freeze_mode text not null,
  freeze_role text,
  drain_scope text not null,
  verification_mode text not null,
  requested_by text not null,
  began_at timestamptz not null,
  phase_began_at timestamptz not null,
  pass_id uuid,
  gate_id uuid,
  not_before timestamptz not null default '-infinity',
  frozen_at timestamptz,
  former_setting text,
  is_ours_to_unfreeze boolean not null default false,
  unfrozen_at timestamptz,
  ended_at timestamptz,
  failure_code text,
  failure_reason text,
  report jsonb not null default '{"phases": []}',
  constraint cutovers_state_known check (state in ('checking', 'sweeping', 'freezing', 'draining', 'sequences', 'verifying',
    'analyzing', 'unfreezing', 'completed', 'failed', 'dry_run_done')),
  constraint cutovers_freeze_known check (freeze_mode in ('operator', 'role')),
  constraint cutovers_role_named check ((freeze_mode = 'role') = (freeze_role is not null)),
  constraint cutovers_drain_known check (drain_scope in ('deletes', 'hash')),
  constraint cutovers_mode_known check (verification_mode in ('sample', 'full')),
  constraint cutovers_rehearsal_freezes_nothing check (not is_rehearsal or frozen_at is null),
  constraint cutovers_ours_was_frozen check (not is_ours_to_unfreeze or (freeze_mode = 'role' and frozen_at is not null)),
  constraint cutovers_ended_has_time check ((state in ('completed', 'failed', 'dry_run_done')) = (ended_at is not null)),
  constraint cutovers_failure_has_code check (state <> 'failed' or failure_code is not null),
  constraint cutovers_failed_is_unfrozen check (state <> 'failed' or not is_ours_to_unfreeze or unfrozen_at is not null),
  constraint cutovers_report_is_object check (jsonb_typeof(report) = 'object')
);
create index cutovers_migration on migration.cutovers (migration_id, began_at desc);
create unique index cutovers_one_at_work on migration.cutovers (migration_id) where ended_at is null;
comment on table migration.cutovers is 'One row per cut-over or rehearsal of one: where it stands, how long each phase took, why it failed.';
comment on column migration.cutovers.drain_scope is 'The last sweep: deletes (changes and keys) or hash (all rows).';
comment on column migration.cutovers.pass_id is 'The pass of its present phase.';
comment on column migration.cutovers.gate_id is 'The comparison of both sides after the last sweep.';
comment on column migration.cutovers.not_before is 'Back-off before the source is tried to be unfrozen again.';
comment on column migration.cutovers.frozen_at is
  'From when on nothing was written at the source: the downtime is counted from here.';
comment on column migration.cutovers.former_setting is
  'What default_transaction_read_only of the role in this database was before; null: not set.';
comment on column migration.cutovers.is_ours_to_unfreeze is 'Whether the role was made read-only by this cut-over.';
comment on column migration.cutovers.report is 'phases with times and numbers, preconditions, verification; names, codes and counts only.';
