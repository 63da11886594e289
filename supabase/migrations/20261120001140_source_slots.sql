-- Owns: the replication slots that migrations keep at their sources, and the entities that a slot could not
--   tell key by key.
-- Called by: log.sql.
-- Keeps: a slot is in here before it exists and until it is dropped, even where its migration is gone:
--   one that is forgotten fills the disk of the source.
create table migration.source_slots (
  migration_id uuid primary key,
  source_secret text not null,
  slot_name text not null,
  read_through pg_lsn,
  unsettled text,
  publication text,
  facts jsonb not null default '{}',
  noted_at timestamptz not null,
  constraint source_slots_facts_is_object check (jsonb_typeof(facts) = 'object'),
  constraint source_slots_made_has_publication check ((read_through is null) = (publication is null))
);
comment on table migration.source_slots is
  'Replication slots that this project has at sources: one a migration, while that follows the log of its source.';
comment on column migration.source_slots.migration_id is 'No reference: a slot can outlive the records of its migration.';
comment on column migration.source_slots.read_through is
  'What commits before it is recorded in changed_keys, or was there for the last comparison of all rows; null: the slot may not exist yet.';
comment on column migration.source_slots.unsettled is
  'Transactions that were at work when the slot was made, as a snapshot: once they have ended, all rows are compared again, because one of them may have committed before the slot began without being visible yet.';
comment on column migration.source_slots.publication is 'Fingerprint of the publication; with another one, the slot is made anew.';
comment on column migration.source_slots.facts is
  'As last seen: lag_bytes, retained_bytes, wal_status, safe_wal_bytes, committed_at, read_at.';

create table migration.log_overruns (
  entity_status_id uuid primary key references migration.entity_statuses (id) on delete cascade,
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  pass_id uuid not null,
  reason text not null,
  noted_at timestamptz not null,
  constraint log_overruns_reason_known check (reason in ('truncated', 'too_many_keys', 'key_not_shown', 'slot_made', 'slot_settled'))
);
create index log_overruns_migration on migration.log_overruns (migration_id);
comment on table migration.log_overruns is
  'Entities whose rows are all compared because the log does not tell their keys; kept until a sweep that does it is completed.';
comment on column migration.log_overruns.pass_id is 'The sweep that compares them.';
