-- Owns: sync mode and the beginning of a sweep.
-- Called by: accounting.sql (sync mode begins when the steps are done), function control (sync), schedules.
-- Keeps: one sweep of a migration at a time, and none beside another pass; each has a row in
--   orchestrations (its id is the pass's) that never is open itself.
create function migration._sync_definition(p_definition jsonb) returns jsonb
language sql immutable set search_path = '' as $$
  select p_definition || coalesce(p_definition #> '{sync,stage}', '{}')
$$;
comment on function migration._sync_definition(jsonb) is
  'An entity as a sweep stages it: a plain one by its implicit mapping. shared/projection/sync.ts is the same.';

create function migration._wants_sync(p_migration migration.orchestrations) returns boolean
language sql immutable set search_path = '' as $$ select p_migration.plan ? 'sync' $$;
comment on function migration._wants_sync(migration.orchestrations) is 'Whether the plan keeps the target in step with its source.';

create function migration._is_syncing(p_migration_id uuid) returns boolean
language sql stable set search_path = '' as $$
  select exists (select from migration.sync_states s where s.migration_id = p_migration_id and s.ended_at is null)
$$;
comment on function migration._is_syncing(uuid) is 'Whether a migration is in sync mode, halted or not.';

create function migration._forget_positions(p_migration_id uuid) returns void
language sql set search_path = '' as $$
  -- kept here and not in the sweep that is to come: that one may be broken off
  update migration.sync_positions p set watermark = '{}', hash_at = null where p.migration_id = p_migration_id;
  -- another server's ids and clock date nothing
  delete from migration.sync_looks l where l.migration_id = p_migration_id
$$;
comment on function migration._forget_positions(uuid) is
  'Has all rows compared, by every sweep until one has done it: what was known of the source is worth nothing any more.';

create function migration._enter_sync(p_migration_id uuid) returns void
language plpgsql set search_path = '' as $$
begin
  insert into migration.sync_states (migration_id, began_at, plan_fingerprint)
  select o.id, migration.clock(), o.plan_fingerprint from migration.orchestrations o where o.id = p_migration_id
  on conflict (migration_id) do update set began_at = excluded.began_at, ended_at = null, caught_up_at = null, source = '{}',
    plan_fingerprint = excluded.plan_fingerprint, halted_at = null, halted_code = null, halted_reason = null;
  insert into migration.sync_positions (entity_status_id, migration_id)
  select e.id, p_migration_id from migration.entity_statuses e where e.migration_id = p_migration_id and e.status = 'completed'
  on conflict (entity_status_id) do update set changes_at = null, deletes_at = null;
  perform migration._forget_positions(p_migration_id);
  perform migration._write_schedules(p_migration_id);
  perform migration._emit(p_migration_id, 'sync_began');
end
$$;
comment on function migration._enter_sync(uuid) is
  'Begins sync mode, with every position at nothing: the first sweep compares all rows. Call it under the orchestration''s lock.';

create function migration._open_sweep(p_migration_id uuid, p_scope text, p_actor text, p_task jsonb default '{}') returns uuid
language plpgsql set search_path = '' as $$
declare
  v_id uuid := migration._open_pass(p_migration_id, 'sync', '{}', false, null, p_actor);
begin
  -- of a row that was refused, only the sweep that refused it knows that its old version is to go
  delete from migration.gone_rows g where g.migration_id = p_migration_id and g.reason = 'refused' and g.state = 'pending';
  insert into migration.orchestrations (id, parent_id, migration_type, status, started_at, total_entities, configuration,
    lanes_allowed, created_by, plan, plan_fingerprint, source_fingerprint, created_at)
  select v_id, o.id, 'incremental', 'running', migration.clock(),
         (select count(*) from migration.sync_positions p where p.migration_id = o.id), p_task || jsonb_build_object('scope', p_scope),
         o.lanes_allowed, p_actor, '{}', o.plan_fingerprint, o.source_fingerprint, migration.clock()
    from migration.orchestrations o where o.id = p_migration_id;
  perform migration._write_batch_of_all(p_migration_id, v_id, 'look', '', p_task || jsonb_build_object('scope', p_scope));
  return v_id;
end
$$;
comment on function migration._open_sweep(uuid, text, text, jsonb) is
  'Opens a sweep: its pass, its row in orchestrations, and the look that decides what there is to do. Call it under the orchestration''s lock; the caller dispatches.';

create function migration._refuse_sweep(p_migration migration.orchestrations) returns void
language plpgsql set search_path = '' as $$
declare
  v_state migration.sync_states;
begin
  select * into v_state from migration.sync_states s where s.migration_id = p_migration.id and s.ended_at is null;
  if not found then
    perform migration._raise('SF409', 'sync_not_begun', 'This migration is not in sync mode.',
      'Give its plan a sync section; it begins when rows and steps are done.');
  end if;
  if v_state.halted_at is not null then
    perform migration._raise('SF409', 'sync_halted', format('Sync is halted: %s.', v_state.halted_code),
      'Look at migration.sync_status for what to do, then resume it.');
  end if;
  if p_migration.verification_id is not null then
    perform migration._raise('SF409', 'pass_running', 'A sweep or another pass over this migration is at work.', 'Wait for it: see status.');
  end if;
  if p_migration.control_state <> 'active' or p_migration.status not in ('running', 'completed') then
    perform migration._refuse('sync', p_migration);
  end if;
end
$$;
comment on function migration._refuse_sweep(migration.orchestrations) is 'Raises SF409 where no sweep of a migration may begin now.';

create function migration.sweep(p_migration_id uuid, p_actor text, p_scope text default 'changes', p_task jsonb default '{}') returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations;
  v_id uuid;
begin
  if p_scope not in ('changes', 'deletes', 'hash') then
    perform migration._raise('SF422', 'scope_unknown', 'There is no such scope of a sweep.', 'Choose changes, deletes or hash.');
  end if;
  perform from migration.entity_statuses e where e.migration_id = p_migration_id order by e.id for no key update;
  perform from migration.orchestrations o where o.id = p_migration_id for no key update;
  v_migration := migration._orchestration(p_migration_id);
  perform migration._refuse_sweep(v_migration);
  v_id := migration._open_sweep(p_migration_id, p_scope, p_actor, p_task);
  perform migration.audit(p_actor, 'migration.sweep', p_migration_id, jsonb_build_object('sweep', v_id, 'scope', p_scope));
  perform migration.dispatch_lanes(p_migration_id);
  return migration._brief(p_migration_id) || jsonb_build_object('sweep_id', v_id);
end
$$;
comment on function migration.sweep(uuid, text, text, jsonb) is
  'Begins a sweep: changes, deletes (all keys are compared, too) or hash (all rows are). SF404, SF409, SF422.';

create function migration.begin_sync(p_migration_id uuid, p_actor text) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations;
begin
  perform from migration.entity_statuses e where e.migration_id = p_migration_id order by e.id for no key update;
  perform from migration.orchestrations o where o.id = p_migration_id for no key update;
  v_migration := migration._orchestration(p_migration_id);
  if v_migration.status <> 'completed' or migration._is_syncing(p_migration_id) then
    perform migration._refuse('sync', v_migration);
  end if;
  if not migration._wants_sync(v_migration) then
    perform migration._raise('SF422', 'sync_not_planned', 'The plan of this migration has no sync section.', 'Give it a mended plan that has one.');
  end if;
  perform migration._enter_sync(p_migration_id);
  perform migration.audit(p_actor, 'migration.begin_sync', p_migration_id);
  return migration.sweep(p_migration_id, p_actor, 'hash');
end
$$;
comment on function migration.begin_sync(uuid, text) is
  'Puts a completed migration whose plan has a sync section into sync mode, and begins the first sweep. SF404, SF409, SF422.';

create function migration._halt_sync(p_migration_id uuid, p_code text, p_reason text) returns void
language plpgsql set search_path = '' as $$
begin
  update migration.sync_states s set halted_at = migration.clock(), halted_code = p_code, halted_reason = p_reason
   where s.migration_id = p_migration_id and s.halted_at is null;
  perform migration._emit(p_migration_id, 'sync_halted', jsonb_build_object('code', p_code));
  perform migration._abort_pass(p_migration_id, p_code);
end
$$;
comment on function migration._halt_sync(uuid, text, text) is
  'Stops sync until somebody has looked, and the sweep at work with it. Call it under the orchestration''s lock.';
