-- Owns: every request for a function call: its nonce's hash, its holder, its end.
-- Called by: dispatch_lanes (send), accept_dispatch (arrive), claim_batch, finish_dispatch, watchdog.
-- Keeps: a nonce is stored only as its hash, serves once, expires, and is worth one attempt to claim.
create table migration.dispatches (
  id uuid primary key default gen_random_uuid(),
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  nonce_hash text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  finished_at timestamptz,
  finish_reason text,
  holder_pid integer,
  holder_started_at timestamptz,
  batches_completed integer not null default 0,
  constraint dispatches_nonce_unique unique (nonce_hash),
  constraint dispatches_expire_later check (expires_at > created_at),
  constraint dispatches_accepted_has_holder
    check ((accepted_at is null) = (holder_pid is null) and (accepted_at is null) = (holder_started_at is null)),
  constraint dispatches_finished_has_reason check ((finished_at is null) = (finish_reason is null))
);
create index dispatches_unfinished on migration.dispatches (migration_id) where finished_at is null;
create index dispatches_finished on migration.dispatches (finished_at) where finished_at is not null;
create index dispatches_migration on migration.dispatches (migration_id);
comment on table migration.dispatches is 'One row per function call asked for; its nonce only as a hash.';
comment on column migration.dispatches.holder_pid is
  'Server process of the call''s target connection; while it lives, the call counts as a lane.';
