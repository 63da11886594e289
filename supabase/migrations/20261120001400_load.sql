-- Owns: the frame of a batch's one transaction: begin_load, the rows, complete_batch, commit.
-- Called by: function process-batch.
-- Keeps: rows, counters, checkpoint, audit entry and next dispatch commit together or not at all,
--   fenced by the attempt; rows sent = rows that the server counts as inserted.
create function migration._target_of(p_definition jsonb) returns text
language sql immutable set search_path = '' as $$
  select format('%I.%I', p_definition #>> '{target,schema}', p_definition #>> '{target,table}')
$$;
comment on function migration._target_of(jsonb) is 'Quoted name of an entity''s target.';

create function migration._rows_inserted(p_definition jsonb) returns bigint
language sql volatile set search_path = '' as $$
  -- pg_partition_tree() knows partitioned tables and partitions only; union takes a doubled leaf away
  select sum(pg_stat_get_xact_tuples_inserted(leaf.relid))::bigint
    from (select migration._target_of(p_definition)::regclass as root) t,
         lateral (select t.root as relid
                   union select p.relid from pg_partition_tree(t.root) p where p.isleaf) leaf
$$;
comment on function migration._rows_inserted(jsonb) is
  'Rows inserted into an entity''s target that this session has not yet reported; a difference within one transaction is exact.';

create function migration._silence_triggers(p_definition jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  -- such a constraint is kept by a trigger: two equal rows would get in
  if exists (select from pg_catalog.pg_constraint c where c.condeferrable and c.contype in ('p', 'u', 'x')
               and c.conrelid = migration._target_of(p_definition)::regclass) then
    return;
  end if;
  perform set_config('session_replication_role', 'replica', true);
exception when insufficient_privilege then
  -- a role without this right may still fill a table that no trigger watches
  if exists (
    select from pg_catalog.pg_trigger t
     where t.tgenabled <> 'D' and t.tgrelid = migration._target_of(p_definition)::regclass) then
    perform migration._raise('SF422', 'triggers_not_silenced',
      'The target table has triggers or foreign keys, and the role may not switch them off for the load.',
      'Grant it: grant set on parameter session_replication_role to the role. Or let the migration make the table.');
  end if;
end
$$;
comment on function migration._silence_triggers(jsonb) is
  'Switches triggers and foreign keys off for this transaction, unless the table has a deferrable key; SF422 where the role may not and the table has some.';

create function migration.silence_log() returns void
language plpgsql set search_path = '' as $$
begin
  -- even a session that is ended in the middle of a COPY is logged with the row that it was at
  set local log_min_messages = panic;
exception when insufficient_privilege then
  null;
end
$$;
comment on function migration.silence_log() is
  'Keeps failures of this transaction out of the server''s log, which would quote rows; what fails is told by its code in migration.errors. Does nothing where the role may not.';

create function migration.begin_load(p_migration_id uuid, p_batch_id uuid, p_attempt integer)
returns void language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
begin
  perform migration.silence_log();
  perform migration._silence_triggers(e.definition)
     from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  perform set_config('statement_timeout',
    (greatest(1, extract(epoch from v_batch.lease_until - migration.clock())) * 1000)::bigint::text, true);
  perform set_config('lock_timeout', '10s', true);
  -- compiling a plan costs more than it saves on one range
  perform set_config('jit', 'off', true);
  perform set_config('migration.rows_before',
    (select migration._rows_inserted(e.definition)::text from migration.entity_statuses e
      where e.id = v_batch.entity_status_id), true);
end
$$;
comment on function migration.begin_load(uuid, uuid, integer) is
  'Opens the load of a held batch: takes the fence first, then the settings of the transaction. SF001 when fenced.';

create function migration._next_batch_size(p_now integer, p_rows bigint, p_milliseconds bigint, p_bytes bigint)
returns integer language sql immutable set search_path = '' as $$
  -- aims at 2 seconds and 32 MiB a batch; at most 4 times up, at most 4 times down; 1 to 500,000 rows
  select case when p_rows < p_now / 2 then p_now else greatest(1, least(500000, least(
    (p_now * least(4, greatest(0.25, 2000.0 / greatest(p_milliseconds, 1))))::bigint,
    (33554432.0 / greatest(1, p_bytes / greatest(p_rows, 1)))::bigint)))::integer end
$$;
comment on function migration._next_batch_size(integer, bigint, bigint, bigint) is
  'Rows for the next batch from rows, milliseconds and bytes of this one; a short last batch teaches nothing.';

create function migration._advance_prefix(p_batch migration.batches) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_through jsonb;
  v_next jsonb;
begin
  select e.prefix_through into v_through from migration.entity_statuses e where e.id = p_batch.entity_status_id;
  loop
    select b.range_through into v_next from migration.batches b
     where b.migration_id = p_batch.migration_id and b.entity_status_id = p_batch.entity_status_id
       and b.kind = p_batch.kind and b.range_after = v_through and b.status = 'completed';
    exit when v_next is null;
    v_through := v_next;
  end loop;
  return v_through;
end
$$;
comment on function migration._advance_prefix(migration.batches) is
  'End of the unbroken run of completed ranges from the beginning of an entity.';

create function migration._check_rows_inserted(p_batch migration.batches, p_records bigint) returns void
language plpgsql set search_path = '' as $$
declare
  v_definition jsonb := (select e.definition from migration.entity_statuses e where e.id = p_batch.entity_status_id);
begin
  if v_definition ? 'mapping' then
    return;  -- counted by the statements of load_stage: subtransactions that failed would count here, too
  end if;
  if migration._rows_inserted(v_definition) - current_setting('migration.rows_before')::bigint <> p_records then
    perform migration._raise('SF002', 'rows_not_accounted_for',
      'The target counted another number of inserted rows than were sent.',
      'Look for a rule or a BEFORE trigger on the target table that drops or adds rows.');
  end if;
end
$$;
comment on function migration._check_rows_inserted(migration.batches, bigint) is
  'Raises SF002 unless the target counted as many inserted rows since begin_load as were sent.';

create function migration._close_batch(p_batch migration.batches, p_rows bigint, p_outcome jsonb default '[]') returns void
language sql set search_path = '' as $$
  update migration.batches b
     set status = 'completed', completed_at = migration.clock(), outcome = p_outcome,
         records_read = p_rows, records_successful = p_rows, batch_size = p_rows,
         lease_until = null, holder_pid = null, holder_started_at = null,
         processing_duration_ms = extract(epoch from migration.clock() - b.started_at) * 1000
   where b.migration_id = p_batch.migration_id and b.id = p_batch.id
$$;
comment on function migration._close_batch(migration.batches, bigint, jsonb) is
  'Marks a held batch of a pass as completed: rows that it was about, and what it reports.';

create function migration.complete_batch(
  p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_records_read bigint,
  p_records_successful bigint, p_records_failed bigint, p_records_filtered bigint,
  p_bytes bigint, p_target_wait_ms bigint, p_last_of_call boolean
) returns jsonb language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_entity migration.entity_statuses;
  v_total_before bigint;
  v_status text;
begin
  select * into v_entity from migration.entity_statuses e where e.id = v_batch.entity_status_id for no key update;
  perform migration._check_rows_inserted(v_batch, p_records_successful);
  update migration.batches b
     set status = 'completed', completed_at = migration.clock(), records_read = p_records_read,
         records_successful = p_records_successful, records_failed = p_records_failed,
         records_filtered = p_records_filtered, batch_size = p_records_read - p_records_filtered,
         bytes = p_bytes, lease_until = null, holder_pid = null, holder_started_at = null,
         processing_duration_ms = extract(epoch from migration.clock() - b.started_at) * 1000
   where b.migration_id = p_migration_id and b.id = p_batch_id returning * into v_batch;
  v_total_before := v_entity.records_total;
  v_entity := migration._count_batch_in_entity(v_batch);
  perform migration._open_next(v_batch);
  perform migration._write_checkpoint(v_batch, v_entity);
  if not v_entity.definition ? 'mapping' then  -- the pace of a mapped entity is that of its rules
    perform migration._mind_pace(v_batch, p_target_wait_ms);
  end if;
  v_status := migration._count_batch_in_migration(v_batch, v_entity,
    v_entity.records_total - v_total_before);
  perform migration.audit('process-batch', 'batch.completed', p_migration_id, jsonb_build_object(
    'entity', v_entity.entity_name, 'batch_number', v_batch.batch_number, 'attempt', p_attempt,
    'read', p_records_read, 'loaded', p_records_successful, 'failed', p_records_failed,
    'filtered', p_records_filtered));
  update migration.dispatches d set batches_completed = d.batches_completed + 1,
         finished_at = case when p_last_of_call then migration.clock() end,
         finish_reason = case when p_last_of_call then 'budget' end
   where d.id = v_batch.dispatch_id and d.finished_at is null;
  if p_last_of_call or v_status = 'verifying' or migration._calls_wanted(p_migration_id) then
    perform migration.dispatch_lanes(p_migration_id);
  end if;
  return jsonb_build_object('entity_status', v_entity.status, 'migration_status', v_status);
end
$$;
comment on function migration.complete_batch(uuid, uuid, integer, bigint, bigint, bigint, bigint, bigint, bigint, boolean) is
  'Closes the load of a held batch: counters, checkpoint, audit entry and, at the end of a call, the next dispatch. SF001 when fenced, SF002 when rows do not add up.';
