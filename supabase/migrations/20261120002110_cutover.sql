-- Owns: the beginning of a cut-over, and what the batches of its phases report.
-- Called by: function control (cutover), cutover_chain.sql (_open_cutover_pass), function process-batch
--   (note_frozen, complete_cutover).
-- Keeps: no cut-over without its conditions and the plan's name; a freeze is on record before it happens.
create function migration._cutover_refusal(p_migration migration.orchestrations) returns text
language sql stable set search_path = '' as $$
  select case
    when not migration._is_syncing(p_migration.id) then 'sync_not_begun'
    when p_migration.cutover_id is not null then 'cutover_running'
    when y.halted_at is not null then 'sync_halted'
    when p_migration.control_state <> 'active' then 'transition_illegal'
    when p_migration.verification_id is not null then 'pass_running'
    when y.caught_up_at is null then 'sync_not_caught_up'
    when exists (select from migration.gone_rows g where g.migration_id = p_migration.id and g.state = 'held') then 'gone_rows_held'
    when exists (select from migration.sync_positions s where s.migration_id = p_migration.id
      and migration.clock() - greatest(s.changes_at, s.hash_at) > interval '1 hour') then 'sync_lags' end
    from (values (1)) one left join migration.sync_states y on y.migration_id = p_migration.id
$$;
comment on function migration._cutover_refusal(migration.orchestrations) is
  'Why a migration cannot be cut over now, as far as the target knows; null where nothing stands against it.';

create function migration._refuse_cutover(p_code text) returns void
language sql set search_path = '' as $$
  select migration._raise('SF409', p_code, r.message, r.hint)
    from (values
      ('sync_not_begun', 'This migration is not in sync mode.', 'Give its plan a sync section; it begins when rows and steps are done.'),
      ('cutover_running', 'A cut-over of this migration is at work.', 'Follow it: ferry status. To call it off: ferry cutover ID --abort.'),
      ('sync_halted', 'Sync of this migration is halted.', 'Look at migration.sync_status for what to do, then resume it.'),
      ('transition_illegal', 'This migration is not active.', 'Resume it, and let a sweep end.'),
      ('pass_running', 'A sweep or another pass over this migration is at work.', 'Wait for it: see status.'),
      ('sync_not_caught_up', 'The first sweep after the copy has not ended.', 'Wait for it: see status.'),
      ('gone_rows_held', 'Rows that are gone at the source are still referred to in the target.', 'Look at migration.gone_rows and the dead letters with delete_refused.'),
      ('sync_lags', 'An entity has not been swept for more than an hour.', 'Sweep first: ferry sync ID --scope deletes --wait. Look at migration.sync_lag.')
    ) r (code, message, hint) where r.code = p_code
$$;
comment on function migration._refuse_cutover(text) is 'Raises SF409 with what stands against a cut-over; of no effect for null.';

create function migration._cutover_conditions(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select jsonb_build_object(
    'oldest_lag_seconds', (select round(extract(epoch from max(migration.clock() - greatest(s.changes_at, s.hash_at))), 1)
       from migration.sync_positions s where s.migration_id = p_migration_id),
    'refused_rows', o.records_failed, 'refused', migration._dead_letters_at_a_look(o.id),
    'schedules', migration._schedules(o.id))
    from migration.orchestrations o where o.id = p_migration_id
$$;
comment on function migration._cutover_conditions(uuid) is 'What a cut-over tells of the state that it began in.';

create function migration.cutover(p_migration_id uuid, p_actor text, p_confirm text, p_is_rehearsal boolean) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations := migration._lock_for_sync(p_migration_id);
  v_settings jsonb := coalesce(v_migration.plan #> '{sync,cutover}', '{}');
  v_role text := v_settings #>> '{freeze,role}';
  v_id uuid;
begin
  if not p_is_rehearsal and p_confirm is distinct from v_migration.plan ->> 'name' then
    perform migration._raise('SF422', 'cutover_not_confirmed', 'A cut-over has to be confirmed with the name of the plan.',
      format('Give it as it is: --confirm %s. To rehearse without: --dry-run.', v_migration.plan ->> 'name'));
  end if;
  perform migration._refuse_cutover(migration._cutover_refusal(v_migration));
  insert into migration.cutovers (migration_id, is_rehearsal, freeze_mode, freeze_role, drain_scope, verification_mode,
    requested_by, began_at, phase_began_at, report)
  values (p_migration_id, p_is_rehearsal, case when v_role is null then 'operator' else 'role' end, v_role,
    -- growing ids tell nothing of changed rows
    case when v_settings ->> 'drain' = 'hash' or exists (select from migration.entity_statuses e
      where e.migration_id = p_migration_id and e.definition #>> '{sync,strategy}' = 'id') then 'hash' else 'deletes' end, coalesce(v_settings ->> 'verification', 'full'),
    p_actor, migration.clock(), migration.clock(), jsonb_build_object('phases', '[]'::jsonb, 'conditions', migration._cutover_conditions(p_migration_id)))
  returning id into v_id;
  update migration.orchestrations o set cutover_id = v_id where o.id = p_migration_id;
  perform migration._emit(p_migration_id, 'cutover_started', jsonb_build_object('cutover', v_id, 'dry_run', p_is_rehearsal));
  perform migration._open_cutover_pass(v_id, 'check');
  perform migration.audit(p_actor, 'migration.cutover', p_migration_id, jsonb_build_object('cutover', v_id, 'dry_run', p_is_rehearsal));
  perform migration.dispatch_lanes(p_migration_id);
  return migration._brief(p_migration_id) || jsonb_build_object('cutover_id', v_id);
end
$$;
comment on function migration.cutover(uuid, text, text, boolean) is
  'Begins the cut-over of a migration in sync mode, or a rehearsal that freezes nothing and completes nothing. SF404, SF409, SF422.';

create function migration._open_cutover_pass(p_cutover_id uuid, p_check text) returns void
language plpgsql set search_path = '' as $$
declare
  v_cutover migration.cutovers;
  v_pass_id uuid;
begin
  select * into v_cutover from migration.cutovers c where c.id = p_cutover_id;
  insert into migration.verifications (migration_id, kind, mode, is_gate, seed, sample_rows, requested_by, started_at)
  values (v_cutover.migration_id, 'cutover', v_cutover.verification_mode, false, 0, 1, v_cutover.requested_by, migration.clock())
  returning id into v_pass_id;
  update migration.orchestrations o set verification_id = v_pass_id where o.id = v_cutover.migration_id;
  update migration.cutovers c set pass_id = v_pass_id where c.id = p_cutover_id;
  perform migration._write_batch_of_all(v_cutover.migration_id, v_pass_id, 'cutover', p_check, jsonb_strip_nulls(jsonb_build_object(
    'phase', p_check, 'role', v_cutover.freeze_role, 'former', v_cutover.former_setting, 'rehearsal', v_cutover.is_rehearsal)));
end
$$;
comment on function migration._open_cutover_pass(uuid, text) is
  'Opens the pass of one phase with its one batch: check, freeze, sequences, analyze or unfreeze. The caller holds the locks and dispatches.';

create function migration.note_frozen(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_former text) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
begin
  perform migration._hold_pass(v_batch);
  -- what a second try finds is what the first has made
  update migration.cutovers c set frozen_at = migration.clock(), former_setting = p_former, is_ours_to_unfreeze = true
   where c.pass_id = v_batch.pass_id and not c.is_ours_to_unfreeze;
  if found then
    perform migration.audit('process-batch', 'cutover.freezing', p_migration_id, jsonb_build_object('pass', v_batch.pass_id));
  end if;
end
$$;
comment on function migration.note_frozen(uuid, uuid, integer, text) is
  'Puts on record, before it happens, that a role at the source is made read-only, and what its setting was. SF001 when fenced.';

create function migration.hold_cutover(p_migration_id uuid, p_batch_id uuid, p_attempt integer) returns void
language sql set search_path = '' as $$
  select migration._hold_pass(migration._hold(p_migration_id, p_batch_id, p_attempt))
$$;
comment on function migration.hold_cutover(uuid, uuid, integer) is
  'The fence of a phase that changes the target in its one transaction. SF001 when fenced or when the pass has ended.';

create function migration.changed_tables(p_migration_id uuid) returns table (schema_name text, table_name text)
language sql stable set search_path = '' as $$
  select e.definition #>> '{target,schema}', e.definition #>> '{target,table}' from migration.entity_statuses e
   where e.migration_id = p_migration_id and exists (
     select from migration.sweep_entities s join migration.sync_states y on y.migration_id = p_migration_id
       join migration.orchestrations o on o.id = s.sweep_id and o.created_at >= y.began_at
      where s.entity_status_id = e.id and s.records_inserted + s.records_updated + s.records_deleted + s.records_marked > 0)
   order by e.dependency_order
$$;
comment on function migration.changed_tables(uuid) is 'Tables of the target that sweeps have changed since sync mode began.';

create function migration.complete_cutover(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_outcome jsonb, p_last_of_call boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
begin
  perform migration._close_batch(v_batch, 0, jsonb_build_array(p_outcome));
  perform migration._hold_pass(v_batch);
  update migration.verifications v set completed_at = migration.clock(), status = case when p_outcome ? 'refusal' then 'failed' else 'passed' end
   where v.id = v_batch.pass_id;
  update migration.orchestrations o set verification_id = null where o.id = p_migration_id;
  update migration.cutovers c
     set not_before = '-infinity',
         frozen_at = case when v_batch.check_name = 'freeze' and not p_outcome ? 'refusal' then coalesce(c.frozen_at, v_batch.started_at) else c.frozen_at end,
         unfrozen_at = case when v_batch.check_name = 'unfreeze' then migration.clock() else c.unfrozen_at end
   where c.pass_id = v_batch.pass_id;
  perform pg_notify('supaferry_news', '');
  perform migration._leave_call(v_batch, p_last_of_call, false);
end
$$;
comment on function migration.complete_cutover(uuid, uuid, integer, jsonb, boolean) is
  'Closes the batch of a phase with what it did; a refusal in it (code, message) stops the cut-over. Whoever claims next moves the chain on. SF001 when fenced.';
