-- Owns: the verbs of an operator over incremental sync.
-- Called by: function control; control.sql and cutover.sql (_end_sync).
-- Keeps: a halt ends by somebody's word alone; what is swept next compares all rows. Lock order as everywhere:
--   entities, orchestration, schedules, audit head, lanes.
create function migration._lock_for_sync(p_migration_id uuid) returns migration.orchestrations
language plpgsql set search_path = '' as $$
begin
  perform from migration.entity_statuses e where e.migration_id = p_migration_id order by e.id for no key update;
  perform from migration.orchestrations o where o.id = p_migration_id for no key update;
  return migration._orchestration(p_migration_id);
end
$$;
comment on function migration._lock_for_sync(uuid) is 'Locks a migration as a pass over it does; SF404 where there is none.';

create function migration._end_sync(p_migration_id uuid) returns void
language plpgsql set search_path = '' as $$
begin
  update migration.sync_states s set ended_at = migration.clock() where s.migration_id = p_migration_id and s.ended_at is null;
  if found then
    perform migration._end_schedules(p_migration_id);
    perform migration._emit(p_migration_id, 'sync_ended');
  end if;
end
$$;
comment on function migration._end_sync(uuid) is
  'Ends sync mode: no sweep begins any more. Of no effect where there is none. Call it under the orchestration''s lock.';

create function migration._amend_sync(p_migration migration.orchestrations, p_amendment jsonb, p_actor text) returns void
language plpgsql set search_path = '' as $$
begin
  if p_migration.verification_id is not null then
    perform migration._raise('SF409', 'pass_running', 'A sweep or another pass over this migration is at work.',
      'Wait for it: see status. A plan is mended between two of them.');
  end if;
  perform migration._amend(p_migration.id, p_amendment, p_actor);
  if migration._is_syncing(p_migration.id)
     and p_amendment #> '{plan,sync,schedule}' is distinct from p_migration.plan #> '{sync,schedule}' then
    perform migration._write_schedules(p_migration.id);
  end if;
end
$$;
comment on function migration._amend_sync(migration.orchestrations, jsonb, text) is
  'Takes a mended plan between two passes, and its schedules where they are other ones. SF409, SF422.';

create function migration.sync(p_migration_id uuid, p_actor text, p_scope text default 'changes',
  p_allow_deletes boolean default false, p_amendment jsonb default null) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations := migration._lock_for_sync(p_migration_id);
begin
  -- what its gate has compared stays as it is
  perform migration._refuse_while_cutting_over(p_migration_id);
  if p_amendment is not null then
    perform migration._amend_sync(v_migration, p_amendment, p_actor);
  end if;
  if exists (select from migration.cutovers c where c.migration_id = p_migration_id and c.state = 'completed') then
    -- the target lives a life of its own by now
    perform migration._raise('SF409', 'already_cut_over', 'This migration was cut over: its source is not followed any more.',
      'Begin a new migration where the target is to be filled anew.');
  end if;
  if not migration._is_syncing(p_migration_id) then
    return migration.begin_sync(p_migration_id, p_actor);
  end if;
  if p_allow_deletes then
    -- somebody has looked, and this is the answer
    update migration.sync_states s set halted_at = null, halted_code = null, halted_reason = null
     where s.migration_id = p_migration_id and s.halted_code = 'deletes_exceeded';
  end if;
  return migration.sweep(p_migration_id, p_actor, p_scope,
    case when p_allow_deletes then '{"allow_deletes": true}' else '{}' end::jsonb);
end
$$;
comment on function migration.sync(uuid, text, text, boolean, jsonb) is
  'One sweep now; of a completed migration whose plan has a sync section, the first one. With a mended plan: by that. SF404, SF409, SF422.';

create function migration.resume_sync(p_migration_id uuid, p_actor text, p_amendment jsonb default null) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations := migration._lock_for_sync(p_migration_id);
  v_code text;
begin
  perform migration._refuse_while_cutting_over(p_migration_id);
  select s.halted_code into v_code from migration.sync_states s
   where s.migration_id = p_migration_id and s.ended_at is null and s.halted_at is not null;
  if not found then
    perform migration._raise('SF409', 'sync_not_halted', 'Sync of this migration is not halted.', 'Look at its status first.');
  end if;
  if p_amendment is not null then
    perform migration._amend_sync(v_migration, p_amendment, p_actor);
  elsif v_code = 'source_schema_changed' then
    perform migration._raise('SF409', 'sync_needs_plan', 'The tables of the source are not those that the plan was compiled for.',
      'Give the plan again, mended or as it was: it is compiled for the tables as they are now.');
  end if;
  -- what the source is now is what it is held against from here on
  update migration.sync_states s set halted_at = null, halted_code = null, halted_reason = null,
         source = case when s.source ? 'log' then jsonb_build_object('log', s.source -> 'log') else '{}' end
   where s.migration_id = p_migration_id;
  perform migration._forget_positions(p_migration_id);
  perform migration._emit(p_migration_id, 'sync_resumed', jsonb_build_object('code', v_code));
  perform migration.audit(p_actor, 'migration.resume_sync', p_migration_id, jsonb_build_object('code', v_code,
    'amended', p_amendment is not null));
  return migration.sweep(p_migration_id, p_actor, 'hash');
end
$$;
comment on function migration.resume_sync(uuid, text, jsonb) is
  'Goes on after a halt that an operator has looked into, with a sweep that compares all rows. SF404, SF409, SF422.';

create function migration._forget_sweeps() returns void
language plpgsql set search_path = '' as $$
declare
  v_old uuid[];
begin
  select array_agg(o.id) into v_old from migration.orchestrations o
   where o.parent_id is not null and o.status = 'completed' and o.completed_at < migration.clock() - interval '7 days'
     and not exists (select from migration.sweep_entities s where s.sweep_id = o.id and s.records_inserted + s.records_updated
       + s.records_deleted + s.records_marked + s.records_refused > 0);
  delete from migration.batches b using migration.orchestrations o
   where o.id = any (v_old) and b.migration_id = o.parent_id and b.pass_id = o.id;
  delete from migration.verifications v where v.id = any (v_old);
  delete from migration.orchestrations o where o.id = any (v_old);
end
$$;
comment on function migration._forget_sweeps() is 'Removes sweeps that changed nothing after 7 days, with their passes and batches; what the others did is kept.';
