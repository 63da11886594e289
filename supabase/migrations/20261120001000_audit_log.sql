-- Owns: who did what, append-only, each entry chained to the one before by its hash.
-- Called by: everything that changes a migration, last in its transaction.
-- Keeps: no entry is changed, removed or reordered without verify_audit() telling.
create table migration.audit_log (
  id bigint primary key,
  at timestamptz not null,
  actor text not null,
  action text not null,
  outcome text not null default 'ok',
  migration_id uuid,
  details jsonb not null default '{}',
  previous_hash text not null,
  hash text not null,
  constraint audit_log_outcome_known check (outcome in ('ok', 'refused', 'failed')),
  constraint audit_log_actor_not_empty check (actor <> '' and action <> ''),
  constraint audit_log_details_is_object check (jsonb_typeof(details) = 'object')
);
create index audit_log_migration on migration.audit_log (migration_id, id);
comment on table migration.audit_log is 'Append-only record of every operation; tamper-evident by a chain of SHA-256 hashes.';
comment on column migration.audit_log.migration_id is 'No foreign key: the entry outlives what it tells of.';
comment on column migration.audit_log.details is 'Ids, names and counts; never a value of a row.';

-- The head is one row of its own, so that a cut tail shows and appenders queue instead of forking.
create table migration.audit_head (
  only_row boolean primary key default true,
  last_id bigint not null,
  last_hash text not null,
  constraint audit_head_is_one_row check (only_row)
);
insert into migration.audit_head (last_id, last_hash) values (0, repeat('0', 64));
comment on table migration.audit_head is 'Number and hash of the newest audit entry.';

create function migration._audit_hash(p_entry migration.audit_log) returns text
language sql stable set search_path = '' set timezone = 'UTC' set datestyle = 'ISO, YMD' as $$
  select encode(sha256(convert_to(jsonb_build_array(
    p_entry.id, p_entry.at::text, p_entry.actor, p_entry.action, p_entry.outcome,
    p_entry.migration_id, p_entry.details, p_entry.previous_hash)::text, 'UTF8')), 'hex')
$$;
comment on function migration._audit_hash(migration.audit_log) is 'SHA-256 over an entry and the hash of the entry before.';

create function migration.audit(
  p_actor text, p_action text, p_migration_id uuid default null,
  p_details jsonb default '{}', p_outcome text default 'ok'
) returns bigint language plpgsql set search_path = '' as $$
declare
  v_entry migration.audit_log;
begin
  select h.last_id + 1, h.last_hash into v_entry.id, v_entry.previous_hash
    from migration.audit_head h for update;
  v_entry.at := migration.clock();
  v_entry.actor := p_actor;
  v_entry.action := p_action;
  v_entry.outcome := p_outcome;
  v_entry.migration_id := p_migration_id;
  v_entry.details := p_details;
  v_entry.hash := migration._audit_hash(v_entry);
  insert into migration.audit_log select v_entry.*;
  update migration.audit_head set last_id = v_entry.id, last_hash = v_entry.hash;
  return v_entry.id;
end
$$;
comment on function migration.audit(text, text, uuid, jsonb, text) is
  'Appends one entry. Locks the head until the transaction ends: call it last.';

create function migration._refuse_audit_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform migration._raise('SF409', 'audit_append_only', 'The audit log is append-only.');
  return null;
end
$$;
comment on function migration._refuse_audit_change() is 'Refuses every change of the audit log but an append.';
create trigger append_only before update or delete or truncate on migration.audit_log
  for each statement execute function migration._refuse_audit_change();

create function migration.verify_audit() returns table (id bigint, problem text)
language sql stable set search_path = '' as $$
  with chain as (
    select a.id, a.hash, a.previous_hash, migration._audit_hash(a.*) as expected,
           lag(a.hash, 1, repeat('0', 64)) over (order by a.id) as before,
           row_number() over (order by a.id) as position
      from migration.audit_log a)
  select c.id, 'changed' from chain c where c.hash <> c.expected
  union all
  select c.id, 'broken link' from chain c where c.previous_hash <> c.before or c.id <> c.position
  union all
  select h.last_id, 'tail is missing' from migration.audit_head h
   where not exists (select from migration.audit_log a where a.id = h.last_id and a.hash = h.last_hash)
     and h.last_id > 0
$$;
comment on function migration.verify_audit() is 'Every entry that was changed, moved or cut off; no row when the log is whole.';
