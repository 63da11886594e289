-- Owns: the state of incremental sync: of a migration, of each entity, of each sweep, and the keys that wait.
-- Called by: sweep.sql, look.sql, apply_changes.sql, sweep_end.sql and what hangs on them.
-- Keeps: a position only moves when the sweep that moves it has written everything before it.
create table migration.sync_states (
  migration_id uuid primary key references migration.orchestrations (id) on delete cascade,
  began_at timestamptz not null,
  caught_up_at timestamptz,
  ended_at timestamptz,
  source jsonb not null default '{}',
  plan_fingerprint text not null,
  halted_at timestamptz,
  halted_code text,
  halted_reason text,
  constraint sync_states_halt_has_code check ((halted_at is null) = (halted_code is null)),
  constraint sync_states_source_is_object check (jsonb_typeof(source) = 'object')
);
comment on table migration.sync_states is 'One row per migration that is kept in step with its source.';
comment on column migration.sync_states.caught_up_at is 'When the first sweep had brought in what was written during the copy.';
comment on column migration.sync_states.ended_at is 'When a cut-over or a cancellation ended it.';
comment on column migration.sync_states.source is
  'What the newest look saw of the source''s server: system, timeline, snapshot, position of its log.';
comment on column migration.sync_states.halted_code is
  'Why no sweep runs until somebody has looked: source_schema_changed, source_went_back, deletes_exceeded …';
comment on column migration.sync_states.halted_reason is 'For a person; never a value of a row.';

create table migration.sync_positions (
  entity_status_id uuid primary key references migration.entity_statuses (id) on delete cascade,
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  watermark jsonb not null default '{}',
  changes_at timestamptz,
  deletes_at timestamptz,
  hash_at timestamptz,
  constraint sync_positions_watermark_is_object check (jsonb_typeof(watermark) = 'object')
);
create index sync_positions_migration on migration.sync_positions (migration_id);
comment on table migration.sync_positions is 'How far an entity has followed its source.';
comment on column migration.sync_positions.watermark is
  'What the next sweep goes on from: through (server text of a time or an id), xmin and clock of the look that it was taken by.';
comment on column migration.sync_positions.changes_at is 'Clock of the look of the last sweep that brought its changes in.';
comment on column migration.sync_positions.deletes_at is 'The same of the last one that compared all keys.';
comment on column migration.sync_positions.hash_at is 'The same of the last one that compared all rows.';

create table migration.sync_looks (
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  source_next numeric not null,
  horizon timestamptz not null,
  looked_at timestamptz not null,
  primary key (migration_id, source_next)
);
comment on table migration.sync_looks is
  'What was known of the source when it had given out transaction ids below source_next: dates a transaction of which only the id is known.';
comment on column migration.sync_looks.horizon is 'No transaction with a later id can have begun before this time.';

create table migration.sweep_entities (
  sweep_id uuid not null references migration.orchestrations (id) on delete cascade,
  entity_status_id uuid not null references migration.entity_statuses (id) on delete cascade,
  scope text not null,
  strategy text not null,
  watermark_before jsonb not null,
  watermark_after jsonb not null,
  records_read bigint not null default 0,
  records_inserted bigint not null default 0,
  records_updated bigint not null default 0,
  records_deleted bigint not null default 0,
  records_marked bigint not null default 0,
  records_refused bigint not null default 0,
  primary key (sweep_id, entity_status_id),
  constraint sweep_entities_scope_known check (scope in ('changes', 'deletes', 'hash')),
  constraint sweep_entities_strategy_known check (strategy in ('timestamp', 'xmin', 'id', 'hash', 'log')),
  constraint sweep_entities_counters_not_negative check (least(records_read, records_inserted, records_updated,
    records_deleted, records_marked, records_refused) >= 0)
);
create index sweep_entities_entity on migration.sweep_entities (entity_status_id);
comment on table migration.sweep_entities is 'What one sweep did for one entity.';
comment on column migration.sweep_entities.watermark_after is 'Where the entity stands once the sweep is completed.';
comment on column migration.sweep_entities.records_read is 'Rows of the source that were looked at again.';
comment on column migration.sweep_entities.records_refused is 'Rows that the target did not take: each is a dead letter.';

create table migration.gone_rows (
  entity_status_id uuid not null references migration.entity_statuses (id) on delete cascade,
  source_key text collate "C" not null,
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  pass_id uuid not null,
  reason text not null default 'gone',
  state text not null default 'pending',
  noted_at timestamptz not null,
  primary key (entity_status_id, source_key),
  constraint gone_rows_reason_known check (reason in ('gone', 'refused')),
  constraint gone_rows_state_known check (state in ('pending', 'held', 'reported'))
);
create index gone_rows_pass on migration.gone_rows (migration_id, pass_id);
comment on table migration.gone_rows is
  'Rows of the target that have no row at the source any more, until the last batch of their sweep has taken them away.';
comment on column migration.gone_rows.source_key is 'Key text as in the map; of a row that no key leads to, = and its key in the target.';
comment on column migration.gone_rows.reason is 'gone at the source; or refused: its new version is a dead letter, and the plan takes the old one away.';
comment on column migration.gone_rows.state is 'held: a row that stays refers to it; reported: it stays, and somebody was told.';

create table migration.changed_keys (
  id bigint generated always as identity primary key,
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  entity_status_id uuid not null references migration.entity_statuses (id) on delete cascade,
  source_key jsonb not null,
  batch_id uuid,
  noted_at timestamptz not null,
  constraint changed_keys_key_is_array check (jsonb_typeof(source_key) = 'array')
);
create index changed_keys_entity on migration.changed_keys (entity_status_id);
create index changed_keys_batch on migration.changed_keys (batch_id);
create index changed_keys_migration on migration.changed_keys (migration_id);
comment on table migration.changed_keys is 'Keys whose rows are to be read again: taken from the source''s log, or left from a sweep that was broken off.';
comment on column migration.changed_keys.batch_id is 'The batch of kind sync that reads them; null: none yet.';
