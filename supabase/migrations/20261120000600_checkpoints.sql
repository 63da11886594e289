-- Owns: durable positions after commit (MigrationCheckpoint).
-- Called by: complete_batch, in the transaction that loaded the rows.
-- Keeps: numbered and dated in order within an entity; enough state to go on from.
create table migration.checkpoints (
  id uuid primary key default gen_random_uuid(),
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  entity_status_id uuid not null references migration.entity_statuses (id) on delete cascade,
  entity_name text not null,
  checkpoint_type text not null default 'batch_completion',
  batch_number integer not null,
  batch_id uuid,
  last_source_id text,
  records_processed bigint not null,
  system_state jsonb not null,
  created_at timestamptz not null default now(),
  is_resumable boolean not null default true,
  constraint checkpoints_type_known
    check (checkpoint_type in ('batch_completion', 'entity_completion', 'error_recovery')),
  constraint checkpoints_number_unique unique (entity_status_id, batch_number),
  constraint checkpoints_number_positive check (batch_number > 0),
  constraint checkpoints_records_not_negative check (records_processed >= 0),
  constraint checkpoints_state_recoverable
    check (system_state ?& array['kind', 'attempt', 'range_after', 'range_through', 'open_batches'])
);
create index checkpoints_migration_created on migration.checkpoints (migration_id, created_at);
comment on table migration.checkpoints is 'One row per committed batch: where the entity stands and how to go on.';
comment on column migration.checkpoints.batch_number is
  'Counts the committed batches of the entity; rises by one with every checkpoint, in whatever order lanes finish.';
comment on column migration.checkpoints.last_source_id is
  'End of the contiguous committed prefix: every row up to here has arrived or is accounted for.';
comment on column migration.checkpoints.batch_id is 'The batch; no foreign key, because batches are kept for a shorter time.';

create function migration._guard_checkpoint() returns trigger
language plpgsql set search_path = '' as $$
declare
  v_last migration.checkpoints;
begin
  select * into v_last from migration.checkpoints c
   where c.entity_status_id = new.entity_status_id order by c.batch_number desc limit 1;
  if new.batch_number <> coalesce(v_last.batch_number, 0) + 1 or new.created_at < v_last.created_at then
    perform migration._raise('SF409', 'checkpoint_out_of_order',
      'A checkpoint must follow the last one of its entity.');
  end if;
  return new;
end
$$;
comment on function migration._guard_checkpoint() is 'Refuses a checkpoint that is not the next of its entity, in number and time.';
create trigger guard before insert on migration.checkpoints
  for each row execute function migration._guard_checkpoint();
