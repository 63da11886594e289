-- Owns: what the batches of a pass report, how a pass ends, and the gate.
-- Called by: function process-batch (complete_check), failure.sql and control.sql (_abort_pass).
-- Keeps: a migration is completed by a passed gate alone; a pass that has ended takes nothing any
--   more. Lock order as everywhere: batch, entity, orchestration, audit head, lanes.
create function migration._hold_pass(p_batch migration.batches) returns void
language plpgsql set search_path = '' as $$
begin
  perform from migration.orchestrations o
    where o.id = p_batch.migration_id and o.verification_id = p_batch.pass_id and o.control_state <> 'cancelled'
      for no key update;
  if not found then
    perform migration._raise('SF001', 'fenced', 'This pass has ended.', 'Nothing to do.');
  end if;
end
$$;
comment on function migration._hold_pass(migration.batches) is
  'Locks the orchestration where the batch''s pass is still the one at work, else raises SF001.';

create function migration._has_open_batches(p_migration_id uuid, p_pass_id uuid) returns boolean
language sql volatile set search_path = '' as $$
  select exists (select from migration.batches b
    where b.migration_id = p_migration_id and b.pass_id = p_pass_id and b.status <> 'completed')
$$;
comment on function migration._has_open_batches(uuid, uuid) is
  'Whether a pass has work left. Call it under the orchestration''s lock, or two last batches each see the other.';

create function migration._leave_call(p_batch migration.batches, p_last_of_call boolean, p_dispatch boolean) returns void
language plpgsql set search_path = '' as $$
begin
  update migration.dispatches d set batches_completed = d.batches_completed + 1,
         finished_at = case when p_last_of_call then migration.clock() end,
         finish_reason = case when p_last_of_call then 'budget' end
   where d.id = p_batch.dispatch_id and d.finished_at is null;
  if p_last_of_call or p_dispatch then
    perform migration.dispatch_lanes(p_batch.migration_id);
  end if;
end
$$;
comment on function migration._leave_call(migration.batches, boolean, boolean) is
  'Counts a batch in its call, ends the call where it was the last one, and asks for calls where work has come up.';

create function migration._finding_kinds(p_pass_id uuid, p_entity_status_id uuid, p_check text) returns jsonb
language sql stable set search_path = '' as $$
  select jsonb_object_agg(k.kind, k.number) from (
    select f.kind, count(*) as number from migration.findings f
     where f.verification_id = p_pass_id and f.entity_status_id = p_entity_status_id and f.check_name = p_check
     group by f.kind) k
$$;
comment on function migration._finding_kinds(uuid, uuid, text) is 'Findings of one check of an entity by kind; null where it has none.';

create function migration._counts(p_pass migration.verifications) returns table (
  id uuid, entity_name text, source_rows bigint, target_rows bigint, records_read bigint, records_failed bigint,
  records_filtered bigint, batches_read bigint, validated bigint, issues bigint)
language sql stable set search_path = '' as $$
  select e.id, e.entity_name, t.source_rows, t.target_rows, e.records_read, e.records_failed, e.records_filtered,
         copied.read, greatest(t.source_rows, t.target_rows, copied.read, e.records_read),
         -- a row that is kept is there, and has a dead letter
         greatest(abs(t.source_rows - t.target_rows - e.records_failed + (select count(*) from migration._kept_rows(e.id))),
           abs(copied.read - e.records_read))
    from (select b.entity_status_id, sum((r ->> 'source_rows')::bigint)::bigint as source_rows,
                 sum((r ->> 'target_rows')::bigint)::bigint as target_rows
            from migration.batches b cross join lateral jsonb_array_elements(b.outcome) r
           where b.migration_id = p_pass.migration_id and b.pass_id = p_pass.id and b.check_name = 'rows'
             and r ->> 'check' in ('counts', 'checksum', 'sample')
           group by b.entity_status_id) t
    join migration.entity_statuses e on e.id = t.entity_status_id
   cross join lateral (
     -- once it follows its source, an entity's counters are those of now
     select case when exists (select from migration.sync_positions p where p.entity_status_id = e.id) then e.records_read
       else coalesce(sum(b.records_read), 0)::bigint end as read from migration.batches b
     where b.migration_id = e.migration_id and b.entity_status_id = e.id and b.kind = 'copy') copied
$$;
comment on function migration._counts(migration.verifications) is
  'Rows on both sides and in the ledger per entity of a pass; issues is by how many they disagree.';

create function migration._write_counts(p_pass migration.verifications) returns void
language plpgsql set search_path = '' as $$
declare
  v_count record;
  v_named bigint;
begin
  for v_count in select * from migration._counts(p_pass) loop
    -- a pass that only counts still names the keys that one side alone has
    select count(*) into v_named from migration.findings f
     where f.verification_id = p_pass.id and f.entity_status_id = v_count.id and f.check_name = 'counts';
    if v_count.issues > 0 then
      insert into migration.findings (verification_id, migration_id, entity_status_id, check_name, kind, severity, detail, found_at)
      values (p_pass.id, p_pass.migration_id, v_count.id, 'counts', 'count', 'failed',
        to_jsonb(v_count) - array['id', 'entity_name', 'validated', 'issues'], migration.clock());
    end if;
    insert into migration.validation_results (migration_id, verification_id, entity_status_id, check_name,
      validation_type, entity_name, status, records_validated, issues_found, issue_details,
      validation_criteria, executed_at, execution_duration_ms)
    values (p_pass.migration_id, p_pass.id, v_count.id, 'counts', 'data_completeness', v_count.entity_name,
      case when v_count.issues + v_named = 0 then 'passed' else 'failed' end,
      greatest(v_count.validated, v_count.issues, v_named), greatest(v_count.issues, v_named),
      migration._finding_kinds(p_pass.id, v_count.id, 'counts'),
      jsonb_build_object('rule', 'source = target + dead letters; rows read by batches = by the entity',
        'source_rows', v_count.source_rows, 'target_rows', v_count.target_rows,
        'dead_letters', v_count.records_failed, 'filtered', v_count.records_filtered), migration.clock(), 0);
  end loop;
end
$$;
comment on function migration._write_counts(migration.verifications) is
  'The check of the counts: the totals of the checks over rows against each other and against the ledger of the copy.';

create function migration._is_spared(p_pass_id uuid, p_entity_status_id uuid, p_check text) returns boolean
language sql stable set search_path = '' as $$
  select count(*) > 0 and bool_and(f.severity = 'warning') from migration.findings f
   where f.verification_id = p_pass_id and f.entity_status_id = p_entity_status_id and f.check_name = p_check
$$;
comment on function migration._is_spared(uuid, uuid, text) is 'Whether all that a check of an entity has found are warnings.';

create function migration._write_results(p_pass migration.verifications) returns void
language sql set search_path = '' as $$
  insert into migration.validation_results (migration_id, verification_id, entity_status_id, check_name,
    validation_type, entity_name, status, records_validated, issues_found, issue_details,
    validation_criteria, executed_at, execution_duration_ms)
  select p_pass.migration_id, p_pass.id, e.id, r ->> 'check', min(r ->> 'type'), e.entity_name,
         case when bool_or(r ->> 'status' = 'failed') then
                case when migration._is_spared(p_pass.id, e.id, r ->> 'check') then 'warning' else 'failed' end
              when bool_or(r ->> 'status' = 'warning') then 'warning' else 'passed' end,
         sum((r ->> 'validated')::bigint), sum((r ->> 'issues')::bigint),
         migration._finding_kinds(p_pass.id, e.id, r ->> 'check'),
         (jsonb_agg(r -> 'criteria' order by b.batch_number) -> 0) || jsonb_strip_nulls(jsonb_build_object(
           'source_rows', sum((r ->> 'source_rows')::bigint), 'target_rows', sum((r ->> 'target_rows')::bigint))),
         max(b.completed_at), sum((r ->> 'duration_ms')::numeric)::bigint
    from migration.batches b
   cross join lateral jsonb_array_elements(b.outcome) r
    join migration.entity_statuses e on e.migration_id = b.migration_id
     and case when r ? 'entity' then e.entity_name = r ->> 'entity' else e.id = b.entity_status_id end
   where b.migration_id = p_pass.migration_id and b.pass_id = p_pass.id and b.status = 'completed'
     and r ->> 'check' <> 'counts'
   group by e.id, e.entity_name, r ->> 'check'
$$;
comment on function migration._write_results(migration.verifications) is
  'Adds what the batches of a pass reported up, by entity and check.';

create function migration._end_verification(p_pass_id uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_pass migration.verifications;
begin
  select * into v_pass from migration.verifications v where v.id = p_pass_id;
  perform migration._write_counts(v_pass);
  perform migration._write_results(v_pass);
  update migration.verifications v
     set status = case when t.failed or exists (
           select from migration.findings f where f.verification_id = p_pass_id and f.severity = 'failed')
           then 'failed' else 'passed' end, completed_at = migration.clock(),
         records_validated = t.validated, issues_found = t.issues
    from (select coalesce(bool_or(r.status = 'failed'), false) as failed, coalesce(sum(r.issues_found), 0) as issues,
                 coalesce(sum(r.records_validated) filter (where r.check_name = 'counts'), 0) as validated
            from migration.validation_results r where r.verification_id = p_pass_id) t
   where v.id = p_pass_id returning v.* into v_pass;
  update migration.orchestrations o set verification_id = null where o.id = v_pass.migration_id;
  perform migration._emit(v_pass.migration_id, 'verification_' || v_pass.status, jsonb_build_object(
    'verification', v_pass.id, 'records', v_pass.records_validated, 'issues', v_pass.issues_found));
  if v_pass.is_gate and v_pass.status = 'passed' then
    perform migration._complete(v_pass.migration_id);
  elsif v_pass.is_gate then
    perform migration._fail(v_pass.migration_id, 'verification_failed',
      format('Verification found %s differences; see migration.verification_findings.', v_pass.issues_found));
  end if;
  perform migration.audit('supaferry', 'verification.' || v_pass.status, v_pass.migration_id, jsonb_build_object(
    'verification', v_pass.id, 'mode', v_pass.mode, 'records', v_pass.records_validated,
    'issues', v_pass.issues_found), case v_pass.status when 'passed' then 'ok' else 'failed' end);
end
$$;
comment on function migration._end_verification(uuid) is
  'Writes the results of a pass whose batches are done, and opens or shuts the gate. Call it under the orchestration''s lock.';

create function migration._abort_pass(p_migration_id uuid, p_code text, p_pass_id uuid default null) returns void
language plpgsql set search_path = '' as $$
declare
  v_pass migration.verifications;
begin
  update migration.orchestrations o set verification_id = null
   where o.id = p_migration_id and o.verification_id = coalesce(p_pass_id, o.verification_id);
  update migration.verifications v set status = 'aborted', completed_at = migration.clock(), failure_code = p_code
   where v.migration_id = p_migration_id and v.status = 'running' and v.id = coalesce(p_pass_id, v.id) returning v.* into v_pass;
  if not found then
    return;
  end if;
  update migration.orchestrations o set status = 'failed', completed_at = migration.clock(), failure_code = p_code
   where o.id = v_pass.id and o.parent_id is not null;
  perform migration._emit(p_migration_id, case v_pass.kind when 'verify' then 'verification_aborted' else v_pass.kind || '_aborted' end, jsonb_build_object('verification', v_pass.id, 'code', p_code));
  if v_pass.is_gate then
    perform migration._fail(p_migration_id, 'verification_aborted',
      format('A pass of kind %s could not be ended (%s); see migration.errors.', v_pass.kind, p_code));
  end if;
end
$$;
comment on function migration._abort_pass(uuid, text, uuid) is
  'Ends the pass at work, if any, without a result; a gate stays shut. With the pass of a batch: that one alone, where it still is at work.';

create function migration.complete_check(p_migration_id uuid, p_batch_id uuid, p_attempt integer,
  p_results jsonb, p_findings jsonb, p_last_of_call boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_rows bigint;
  v_ended boolean;
begin
  select coalesce(max((r ->> 'validated')::bigint), 0) into v_rows from jsonb_array_elements(p_results) r;
  perform migration._close_batch(v_batch, v_rows, p_results);
  perform migration._hold_pass(v_batch);
  insert into migration.findings (verification_id, migration_id, entity_status_id, check_name, kind, severity,
    row_key, range_after, range_through, columns, object_name, detail, found_at)
  select v_batch.pass_id, p_migration_id, coalesce(e.id, v_batch.entity_status_id), f ->> 'check', f ->> 'kind',
         f ->> 'severity', f -> 'key', nullif(f #> '{range,after}', 'null'), nullif(f #> '{range,through}', 'null'),
         array(select jsonb_array_elements_text(coalesce(f -> 'columns', '[]'))), f ->> 'object',
         coalesce(f -> 'detail', '{}'), migration.clock()
    from jsonb_array_elements(p_findings) f
    left join migration.entity_statuses e on e.migration_id = p_migration_id and e.entity_name = f ->> 'entity';
  if p_findings <> '[]' then
    perform migration._spare_kept_rows(v_batch);
  end if;
  v_ended := not migration._has_open_batches(p_migration_id, v_batch.pass_id);
  if v_ended then
    perform migration._end_verification(v_batch.pass_id);
  end if;
  perform migration._leave_call(v_batch, p_last_of_call, false);
end
$$;
comment on function migration.complete_check(uuid, uuid, integer, jsonb, jsonb, boolean) is
  'Closes a held batch of kind verify with its results and findings; the last one ends the pass. SF001 when fenced or when the pass has ended.';
