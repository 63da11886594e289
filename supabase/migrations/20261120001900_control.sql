-- Owns: the verbs of an operator.
-- Called by: function control.
-- Keeps: every verb is a guarded transition, audited; pausing lets running batches end, cancelling
--   lets nothing more commit.
create function migration._orchestration(p_migration_id uuid) returns migration.orchestrations
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations;
begin
  select * into v_migration from migration.orchestrations o where o.id = p_migration_id;
  if not found then
    perform migration._raise('SF404', 'migration_unknown', 'There is no such migration.', 'List them with status.');
  end if;
  return v_migration;
end
$$;
comment on function migration._orchestration(uuid) is 'A migration by its id; SF404 where there is none.';

create function migration._refuse(p_verb text, p_migration migration.orchestrations) returns void
language sql set search_path = '' as $$
  select migration._raise('SF409', 'transition_illegal', format('Cannot %s a migration that is %s and %s.',
    p_verb, p_migration.status, p_migration.control_state), 'Look at its status first.')
$$;
comment on function migration._refuse(text, migration.orchestrations) is 'Raises SF409 for a verb that does not fit the state.';

create function migration._brief(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select jsonb_build_object('migration_id', o.id, 'status', o.status, 'control_state', o.control_state)
    from migration.orchestrations o where o.id = p_migration_id
$$;
comment on function migration._brief(uuid) is 'What a verb answers: id, status, control_state.';

create function migration._refuse_while_cutting_over(p_migration_id uuid) returns void
language sql set search_path = '' as $$
  -- the source may be frozen: it has to be given back first
  select migration._raise('SF409', 'cutover_running', 'A cut-over of this migration is at work.',
      'Follow it: ferry status. To call it off: ferry cutover ID --abort.')
    from migration.orchestrations o where o.id = p_migration_id and o.cutover_id is not null
$$;
comment on function migration._refuse_while_cutting_over(uuid) is 'Raises SF409 where a cut-over of a migration is at work.';

create function migration._set_control_state(p_migration_id uuid, p_verb text, p_from text[], p_to text, p_actor text)
returns void language plpgsql set search_path = '' as $$
begin
  update migration.orchestrations o set control_state = p_to
   where o.id = p_migration_id and o.control_state = any (p_from) and o.cutover_id is null
     and (o.status in ('pending', 'running') or o.status = 'completed' and migration._is_syncing(o.id));
  if not found then
    perform migration._refuse_while_cutting_over(p_migration_id);
    perform migration._refuse(p_verb, migration._orchestration(p_migration_id));
  end if;
  perform migration.audit(p_actor, 'migration.' || p_verb, p_migration_id);
end
$$;
comment on function migration._set_control_state(uuid, text, text[], text, text) is
  'The guarded change of control_state of a migration that is unfinished or in sync mode, audited.';

create function migration.pause(p_migration_id uuid, p_actor text) returns jsonb
language plpgsql set search_path = '' as $$
begin
  perform migration._set_control_state(p_migration_id, 'pause', '{active}', 'paused', p_actor);
  perform migration._emit(p_migration_id, 'migration_paused');
  return migration._brief(p_migration_id);
end
$$;
comment on function migration.pause(uuid, text) is 'No batch is claimed from now on; those at work end. SF404, SF409.';

create function migration.resume(p_migration_id uuid, p_actor text) returns jsonb
language plpgsql set search_path = '' as $$
begin
  perform migration._set_control_state(p_migration_id, 'resume', '{paused}', 'active', p_actor);
  perform migration._emit(p_migration_id, 'migration_resumed');
  perform migration.dispatch_lanes(p_migration_id);
  return migration._brief(p_migration_id);
end
$$;
comment on function migration.resume(uuid, text) is 'Goes on after a pause. SF404, SF409.';

create function migration.cancel(p_migration_id uuid, p_actor text) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations := migration._lock_for_sync(p_migration_id);
begin
  perform migration._refuse_while_cutting_over(p_migration_id);
  if v_migration.status = 'completed' and migration._is_syncing(p_migration_id) then
    -- what was moved is completed; the following of its source is what ends
    perform migration._abort_pass(p_migration_id, 'cancelled');
    perform migration._end_sync(p_migration_id);
    update migration.orchestrations o set control_state = 'active' where o.id = p_migration_id and o.control_state <> 'active';
    perform migration.audit(p_actor, 'migration.cancel', p_migration_id);
    return migration._brief(p_migration_id);
  end if;
  perform migration._end_sync(p_migration_id);
  perform migration._set_control_state(p_migration_id, 'cancel', '{active,paused,parked}', 'cancelled', p_actor);
  perform migration._emit(p_migration_id, 'migration_cancelled');
  perform migration._fail(p_migration_id, 'cancelled', 'Cancelled by ' || p_actor || '.');
  perform migration._abort_pass(p_migration_id, 'cancelled');
  return migration._brief(p_migration_id);
end
$$;
comment on function migration.cancel(uuid, text) is
  'Ends a migration for good, or the sync mode of a completed one; batches at work cannot commit any more, committed rows stay. SF404, SF409.';

create function migration.retry(p_migration_id uuid, p_actor text) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations := migration._orchestration(p_migration_id);
begin
  if v_migration.control_state = 'cancelled'
     or not (v_migration.status = 'failed' or v_migration.control_state = 'parked'
             or (v_migration.status = 'running' and exists (select from migration.entity_statuses e
                  where e.migration_id = p_migration_id and e.status = 'failed'))) then
    perform migration._refuse('retry', v_migration);
  end if;
  perform migration._refuse_busy_targets(array(
    select e.target_entity from migration.entity_statuses e where e.migration_id = p_migration_id), p_migration_id);
  update migration.batches b set status = 'retrying', retry_count = 0, deaths = 0, not_before = '-infinity'
   where b.migration_id = p_migration_id and b.status in ('failed', 'retrying');
  update migration.steps s set status = 'pending', retry_count = 0, not_before = '-infinity'
   where s.migration_id = p_migration_id and s.status = 'failed';
  update migration.entity_statuses e set status = 'running', completed_at = null
   where e.migration_id = p_migration_id and e.status = 'failed';
  update migration.orchestrations o
     set status = 'running', control_state = 'active', completed_at = null, failure_code = null, failure_reason = null
   where o.id = p_migration_id;
  perform migration._schedule_step_jobs(p_migration_id);
  perform migration._end_if_done(p_migration_id);  -- nothing may be left but the verification
  perform migration._emit(p_migration_id, 'migration_retried');
  perform migration.audit(p_actor, 'migration.retry', p_migration_id);
  perform migration.dispatch_lanes(p_migration_id);
  return migration._brief(p_migration_id);
end
$$;
comment on function migration.retry(uuid, text) is
  'Takes a failed or parked migration up again from its last checkpoints. SF404, SF409.';
