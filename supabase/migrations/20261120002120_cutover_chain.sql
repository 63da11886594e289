-- Owns: the chain of a cut-over: from the look at its conditions to the gate, pass by pass.
-- Called by: claim_batch (advance_cutover), function control (abort_cutover), dispatch_lanes (_cutover_waits).
-- Keeps: a migration in sync mode is completed by a passed comparison after the last sweep alone; whatever fails
--   after the freeze unfreezes, again and again until it is done. The chain moves on in a transaction of its
--   own, in the order of all locks: entities, orchestration, schedules, audit head, lanes.
create function migration._cutover_waits(p_cutover_id uuid) returns boolean
language sql stable set search_path = '' as $$
  select exists (select from migration.cutovers c where c.id = p_cutover_id and c.ended_at is null and c.not_before <= migration.clock())
$$;
comment on function migration._cutover_waits(uuid) is 'Whether a cut-over without a pass at work is to be moved on.';

create function migration._next_phase(p_cutover migration.cutovers) returns text
language sql immutable set search_path = '' as $$
  select case p_cutover.state
    when 'checking' then 'sweeping'
    -- what is done before the freeze need not be after it
    when 'sweeping' then 'analyzing'
    when 'analyzing' then case when p_cutover.is_rehearsal then 'draining' else 'freezing' end
    when 'freezing' then 'draining'
    when 'draining' then 'sequences'
    when 'sequences' then 'verifying'
    when 'verifying' then case when p_cutover.is_rehearsal then 'dry_run_done' else 'completed' end
    when 'unfreezing' then 'failed' end
$$;
comment on function migration._next_phase(migration.cutovers) is 'What follows a phase that went well.';

create function migration._phase_facts(p_pass migration.verifications) returns jsonb
language sql stable set search_path = '' as $$
  select case p_pass.kind
    when 'cutover' then (select b.outcome -> 0 from migration.batches b
       where b.migration_id = p_pass.migration_id and b.pass_id = p_pass.id limit 1)
    when 'sync' then (select jsonb_build_object('sweep', s.sweep_id, 'scope', s.scope, 'inserted', s.records_inserted,
         'updated', s.records_updated, 'deleted', s.records_deleted, 'marked', s.records_marked, 'refused', s.records_refused)
       from migration.sweeps s where s.sweep_id = p_pass.id)
    else jsonb_build_object('verification', p_pass.id, 'mode', p_pass.mode, 'status', p_pass.status,
       'records', p_pass.records_validated, 'issues', p_pass.issues_found) end
$$;
comment on function migration._phase_facts(migration.verifications) is 'What the pass of a phase has to tell the report.';

create function migration._note_phase(p_cutover migration.cutovers, p_facts jsonb) returns void
language sql set search_path = '' as $$
  update migration.cutovers c
     set phase_began_at = migration.clock(), report = jsonb_set(c.report, '{phases}', c.report -> 'phases' || jsonb_build_array(
           jsonb_build_object('phase', c.state, 'began_at', c.phase_began_at, 'ended_at', migration.clock(),
             'duration_ms', round(extract(epoch from migration.clock() - c.phase_began_at) * 1000)) || coalesce(p_facts, '{}')))
   where c.id = p_cutover.id
$$;
comment on function migration._note_phase(migration.cutovers, jsonb) is 'Writes into the report how long the present phase took, and what it did.';

create function migration._begin_phase(p_cutover migration.cutovers, p_state text) returns void
language plpgsql set search_path = '' as $$
declare
  v_gate uuid;
begin
  update migration.cutovers c set state = p_state where c.id = p_cutover.id;
  case p_state
    when 'freezing' then perform migration._open_cutover_pass(p_cutover.id, 'freeze');
    when 'sweeping', 'draining' then
      perform migration.sweep(p_migration_id => p_cutover.migration_id, p_actor => 'cutover',
        -- what no strategy sees is found while nobody waits for it
        p_scope => case p_state when 'sweeping' then 'hash' else p_cutover.drain_scope end);
      update migration.cutovers c set pass_id = o.verification_id from migration.orchestrations o
       where c.id = p_cutover.id and o.id = p_cutover.migration_id;
    when 'sequences' then perform migration._open_cutover_pass(p_cutover.id, 'sequences');
    when 'verifying' then
      select migration._begin_verification(o.id, migration._verification_settings(o)
          || jsonb_build_object('mode', p_cutover.verification_mode), false, null, p_cutover.requested_by) into v_gate
        from migration.orchestrations o where o.id = p_cutover.migration_id;
      update migration.cutovers c set pass_id = v_gate, gate_id = v_gate where c.id = p_cutover.id;
    when 'analyzing' then perform migration._open_cutover_pass(p_cutover.id, 'analyze');
    when 'unfreezing' then perform migration._open_cutover_pass(p_cutover.id, 'unfreeze');
  end case;
end
$$;
comment on function migration._begin_phase(migration.cutovers, text) is 'Opens the pass of a phase. SF409 where a sweep cannot begin.';

create function migration._end_cutover(p_cutover_id uuid, p_state text) returns void
language plpgsql set search_path = '' as $$
declare
  v_cutover migration.cutovers;
  v_facts jsonb;
begin
  update migration.cutovers c
     set state = p_state, ended_at = migration.clock(), pass_id = null, report = c.report || jsonb_build_object('downtime_ms',
           round(extract(epoch from coalesce(c.unfrozen_at, migration.clock()) - c.frozen_at) * 1000))
   where c.id = p_cutover_id returning * into v_cutover;
  update migration.orchestrations o set cutover_id = null where o.id = v_cutover.migration_id;
  if p_state = 'completed' then
    update migration.verifications v set is_gate = true where v.id = v_cutover.gate_id;
    perform migration._end_sync(v_cutover.migration_id);
  end if;
  v_facts := jsonb_strip_nulls(jsonb_build_object('cutover', v_cutover.id, 'code', v_cutover.failure_code,
    'downtime_ms', v_cutover.report -> 'downtime_ms'));
  perform migration._emit(v_cutover.migration_id, case p_state when 'dry_run_done' then 'cutover_rehearsed' else 'cutover_' || p_state end, v_facts);
  perform migration.audit('supaferry', 'cutover.' || p_state, v_cutover.migration_id, v_facts, case p_state when 'failed' then 'failed' else 'ok' end);
  if p_state = 'completed' then
    perform migration._complete(v_cutover.migration_id);
  end if;
end
$$;
comment on function migration._end_cutover(uuid, text) is
  'Ends a cut-over: completed ends sync mode and, behind its gate, the migration; failed and dry_run_done leave it in sync mode.';

create function migration._fail_cutover(p_cutover migration.cutovers, p_code text, p_reason text) returns void
language plpgsql set search_path = '' as $$
begin
  update migration.cutovers c set failure_code = coalesce(c.failure_code, p_code), failure_reason = coalesce(c.failure_reason, p_reason)
   where c.id = p_cutover.id;
  if p_cutover.is_ours_to_unfreeze and p_cutover.unfrozen_at is null then
    -- what goes wrong meanwhile is tried again; a frozen source is never forgotten
    update migration.cutovers c set not_before = migration.clock() + interval '10 seconds' where c.id = p_cutover.id and c.state = 'unfreezing';
    perform migration._begin_phase(p_cutover, 'unfreezing');
  else
    perform migration._end_cutover(p_cutover.id, 'failed');
  end if;
end
$$;
comment on function migration._fail_cutover(migration.cutovers, text, text) is
  'Stops a cut-over: gives the source back first where it was frozen by it.';

create function migration._failure_of_phase(p_cutover migration.cutovers, p_pass migration.verifications, out code text, out reason text)
language sql stable set search_path = '' as $$
  select coalesce(f.refusal ->> 'code', p_pass.failure_code, 'verification_failed'),
         coalesce(f.refusal ->> 'message', case when p_pass.status = 'aborted' then format('The phase %s could not be ended; see migration.errors.', p_cutover.state)
           else format('Both sides differ in %s places after the last sweep; see migration.verification_findings.', p_pass.issues_found) end)
    from (select case when p_pass.kind = 'cutover' then migration._phase_facts(p_pass) -> 'refusal' end as refusal) f
$$;
comment on function migration._failure_of_phase(migration.cutovers, migration.verifications) is 'Why a phase did not end well.';

create function migration.advance_cutover(p_migration_id uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations := migration._lock_for_sync(p_migration_id);
  v_cutover migration.cutovers;
  v_pass migration.verifications;
  v_next text;
  v_code text;
  v_reason text;
begin
  if v_migration.verification_id is not null or not migration._cutover_waits(v_migration.cutover_id) then
    return;  -- somebody else was faster, or its time has not come
  end if;
  select * into v_cutover from migration.cutovers c where c.id = v_migration.cutover_id;
  select * into v_pass from migration.verifications v where v.id = v_cutover.pass_id;
  perform migration._note_phase(v_cutover, migration._phase_facts(v_pass));
  v_next := migration._next_phase(v_cutover);
  if v_pass.status <> 'passed' then
    select f.code, f.reason into v_code, v_reason from migration._failure_of_phase(v_cutover, v_pass) f;
    -- a rehearsal compares while the source is written to: what it finds is told
    v_next := case when v_cutover.is_rehearsal and v_pass.kind = 'verify' and v_pass.status = 'failed' then 'dry_run_done' end;
    update migration.cutovers c set failure_code = v_code, failure_reason = v_reason where c.id = v_cutover.id and v_next is not null;
  end if;
  if v_next is null then
    perform migration._fail_cutover(v_cutover, v_code, v_reason);
  elsif v_next in ('completed', 'failed', 'dry_run_done') then
    perform migration._end_cutover(v_cutover.id, v_next);
  else
    begin
      perform migration._begin_phase(v_cutover, v_next);
    exception when sqlstate 'SF409' then
      get stacked diagnostics v_code = pg_exception_detail, v_reason = message_text;
      perform migration._fail_cutover(v_cutover, v_code, v_reason);
    end;
  end if;
  -- `ferry run` listens instead of asking often
  perform pg_notify('supaferry_news', '');
  perform migration.dispatch_lanes(p_migration_id);
end
$$;
comment on function migration.advance_cutover(uuid) is
  'Moves a cut-over on whose pass has ended: to its next phase, its end, or back. Safe at any moment, by anybody, twice.';

create function migration.abort_cutover(p_migration_id uuid, p_actor text) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations := migration._lock_for_sync(p_migration_id);
  v_cutover migration.cutovers;
begin
  select * into v_cutover from migration.cutovers c where c.id = v_migration.cutover_id and c.state <> 'unfreezing';
  if not found then
    perform migration._raise('SF409', 'cutover_not_running', 'No cut-over of this migration is at work that could be called off.', 'Look at its status first.');
  end if;
  perform migration._abort_pass(p_migration_id, 'cutover_aborted');
  perform migration._fail_cutover(v_cutover, 'cutover_aborted', format('Called off by %s.', p_actor));
  perform migration.audit(p_actor, 'migration.abort_cutover', p_migration_id, jsonb_build_object('cutover', v_cutover.id));
  perform migration.dispatch_lanes(p_migration_id);
  return migration._brief(p_migration_id) || jsonb_build_object('cutover_id', v_cutover.id);
end
$$;
comment on function migration.abort_cutover(uuid, text) is
  'Calls a cut-over off: gives the source back where it was frozen by it, and leaves the migration in sync mode. SF404, SF409.';
