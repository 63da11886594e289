-- Owns: what a failed, interrupted or dead batch becomes.
-- Called by: function process-batch (fail_batch, release_batch) and the watchdog (_bury_batch).
-- Keeps: bounded tries with back-off; a range that killed its function comes back halved; nothing is
--   retried that cannot get better by itself.
create function migration.fail_batch(
  p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_error_type text, p_error_code text,
  p_sqlstate text, p_message text, p_retryable boolean, p_context jsonb default '{}'
) returns text language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches;
  v_limit integer;
begin
  select * into v_batch from migration.batches b
   where b.migration_id = p_migration_id and b.id = p_batch_id
     and b.attempt = p_attempt and b.status = 'processing' for update;
  if not found then
    return 'ignored';  -- committed after all, or another attempt has it: a documented no-op
  end if;
  if p_error_code = 'fenced' then
    -- the migration or pass had ended when the work was done; it may have been taken up again since
    update migration.batches b
       set status = 'retrying', lease_until = null, holder_pid = null, holder_started_at = null
     where b.migration_id = p_migration_id and b.id = p_batch_id;
    return 'ignored';
  end if;
  -- connections come back, so they get all tries; the rest gets the documents' three
  v_limit := case when p_error_type = 'connection_error' then v_batch.max_retries else least(3, v_batch.max_retries) end;
  if p_retryable and v_batch.retry_count < v_limit then
    update migration.batches b
       set status = 'retrying', retry_count = b.retry_count + 1, error_summary = p_error_code,
           not_before = migration.clock() + migration._backoff(b.retry_count + 1),
           lease_until = null, holder_pid = null, holder_started_at = null
     where b.migration_id = p_migration_id and b.id = p_batch_id;
    perform migration._record_error(v_batch, p_error_type, p_error_code, p_sqlstate, p_message, p_context);
    return 'retrying';
  end if;
  if not p_retryable and migration._stage_instead(v_batch) then
    perform migration._record_error(v_batch, p_error_type, p_error_code, p_sqlstate, p_message, p_context);
    perform migration._end_if_done(p_migration_id);  -- it may wait for a parent that has failed
    return 'retrying';
  end if;
  update migration.batches b
     set status = 'failed', error_summary = p_error_code,
         lease_until = null, holder_pid = null, holder_started_at = null
   where b.migration_id = p_migration_id and b.id = p_batch_id;
  if v_batch.kind not in ('copy', 'settle') then
    perform migration._record_error(v_batch, p_error_type, p_error_code, p_sqlstate, p_message, p_context);
    perform migration._abort_pass(p_migration_id, p_error_code, v_batch.pass_id);
    return 'failed';
  end if;
  update migration.entity_statuses e set status = 'failed', completed_at = migration.clock()
   where e.id = v_batch.entity_status_id and e.status = 'running';
  perform migration._record_error(v_batch, p_error_type, p_error_code, p_sqlstate, p_message, p_context);
  if p_error_code = 'refusals_exceeded' then
    perform migration._emit(p_migration_id, 'error_threshold', jsonb_build_object('entity', e.entity_name,
        'refused', e.records_failed, 'read', e.records_read))
       from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  end if;
  perform migration._emit(p_migration_id, 'entity_failed',
      jsonb_build_object('entity', e.entity_name, 'code', p_error_code))
     from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  if p_error_type = 'connection_error' then  -- every other entity would meet the same
    perform migration._fail(p_migration_id, p_error_code, p_message);
  else
    perform migration._open_others_steps(v_batch.entity_status_id);
    perform migration._end_if_done(p_migration_id);
  end if;
  return 'failed';
end
$$;
comment on function migration.fail_batch(uuid, uuid, integer, text, text, text, text, boolean, jsonb) is
  'Reports a caught failure of a held batch: retrying with back-off, failed, or ignored when fenced.';

create function migration.release_batch(p_migration_id uuid, p_batch_id uuid, p_attempt integer)
returns boolean language plpgsql set search_path = '' as $$
begin
  update migration.batches b
     set status = 'pending', lease_until = null, holder_pid = null, holder_started_at = null
   where b.migration_id = p_migration_id and b.id = p_batch_id
     and b.attempt = p_attempt and b.status = 'processing';
  return found;
end
$$;
comment on function migration.release_batch(uuid, uuid, integer) is
  'Gives a held batch back unharmed, because the isolate is about to be retired. False when fenced.';

create function migration._bury_batch(p_batch migration.batches, p_cause text) returns boolean
language plpgsql set search_path = '' as $$
declare
  v_parked boolean := p_batch.deaths + 1 >= 8;
begin
  update migration.batches b
     set status = case when v_parked then 'failed' else 'retrying' end, deaths = b.deaths + 1,
         row_limit = greatest(1, case b.kind when 'copy' then least(b.row_limit, e.batch_size) else b.row_limit end / 2), error_summary = p_cause,
         not_before = migration.clock() + case when b.deaths = 0 then interval '0' else migration._backoff(b.deaths) end,
         lease_until = null, holder_pid = null, holder_started_at = null
    from migration.entity_statuses e
   where b.migration_id = p_batch.migration_id and b.id = p_batch.id and e.id = b.entity_status_id;
  perform migration._record_error(p_batch, 'timeout', case when v_parked then 'batch_parked' else p_cause end, null,
    case p_cause when 'lease_expired' then 'The function held the batch past its lease and was cut off.'
                 else 'The function''s connection ended before the batch was committed.' end);
  if v_parked and p_batch.kind not in ('copy', 'settle') then
    perform migration._abort_pass(p_batch.migration_id, 'batch_parked', p_batch.pass_id);
  elsif v_parked then
    update migration.orchestrations o set control_state = 'parked'
     where o.id = p_batch.migration_id and o.control_state = 'active';
    perform migration._emit(p_batch.migration_id, 'migration_parked', jsonb_build_object('batch_number', p_batch.batch_number));
  end if;
  return v_parked and p_batch.kind in ('copy', 'settle');
end
$$;
comment on function migration._bury_batch(migration.batches, text) is
  'Takes a batch from a dead holder and halves it; after 8 deaths parks the migration instead, or ends the pass that it belongs to. Whether the migration was parked.';
