-- Owns: what a completed batch adds to its entity and its migration, and when these are done.
-- Called by: complete_batch only.
-- Keeps: read = loaded + dead-lettered + filtered at every level; an entity is complete when no batch
--   of it is open; rows that every batch touches are written last and in one order.
create function migration._count_batch_in_entity(p_batch migration.batches)
returns migration.entity_statuses language plpgsql set search_path = '' as $$
declare
  v_entity migration.entity_statuses;
  v_open boolean;
  v_unsettled boolean;
  v_prefix jsonb := migration._advance_prefix(p_batch);
begin
  select exists (select from migration.batches b
    where b.migration_id = p_batch.migration_id and b.entity_status_id = p_batch.entity_status_id
      and b.kind = 'copy' and b.status <> 'completed'),
    exists (select from migration.batches b
    where b.migration_id = p_batch.migration_id and b.entity_status_id = p_batch.entity_status_id
      and b.kind = 'settle' and b.status <> 'completed') into v_open, v_unsettled;
  update migration.entity_statuses e
     set records_read = e.records_read + p_batch.records_read,
         records_processed = e.records_processed + p_batch.records_successful,
         records_failed = e.records_failed + p_batch.records_failed,
         records_filtered = e.records_filtered + p_batch.records_filtered,
         records_total = case when v_open then greatest(e.records_total, e.records_read + p_batch.records_read)
                              else e.records_read + p_batch.records_read end,
         copied_at = case when not v_open then coalesce(e.copied_at, migration.clock()) end,
         status = case when v_open or v_unsettled then e.status else 'completed' end,
         completed_at = case when v_open or v_unsettled then e.completed_at else migration.clock() end,
         prefix_through = v_prefix, last_processed_id = nullif(v_prefix::text, '[]'),
         -- a batch that killed functions has taught how many rows are too many
         batch_size = migration._next_batch_size(case when p_batch.deaths > 0
           then least(e.batch_size, p_batch.row_limit) else e.batch_size end, p_batch.records_read,
           p_batch.processing_duration_ms, p_batch.bytes),
         throughput_per_second = (e.records_read + p_batch.records_read)
           / greatest(0.001, extract(epoch from migration.clock() - e.started_at)),
         checkpoints_written = e.checkpoints_written + 1, updated_at = migration.clock()
   where e.id = p_batch.entity_status_id returning * into v_entity;
  return v_entity;
end
$$;
comment on function migration._count_batch_in_entity(migration.batches) is 'Adds a completed batch to its entity; the entity as it is then.';

create function migration._write_checkpoint(p_batch migration.batches, p_entity migration.entity_statuses)
returns void language sql set search_path = '' as $$
  insert into migration.checkpoints (migration_id, entity_status_id, entity_name, checkpoint_type,
    batch_number, batch_id, last_source_id, records_processed, system_state, created_at)
  select p_batch.migration_id, p_entity.id, p_entity.entity_name,
         case when p_entity.status = 'completed' then 'entity_completion'
              when p_batch.retry_count + p_batch.deaths > 0 then 'error_recovery' else 'batch_completion' end,
         p_entity.checkpoints_written, p_batch.id, p_entity.last_processed_id, p_entity.records_processed,
         jsonb_build_object('kind', p_batch.kind, 'attempt', p_batch.attempt,
           'range_after', p_batch.range_after, 'range_through', p_batch.range_through,
           'batch_size', p_entity.batch_size,
           'open_batches', (select count(*) from migration.batches b
              where b.migration_id = p_batch.migration_id and b.entity_status_id = p_entity.id
                and b.kind = 'copy' and b.status <> 'completed')),
         migration.clock()
$$;
comment on function migration._write_checkpoint(migration.batches, migration.entity_statuses) is
  'Writes the checkpoint of a completed batch.';

create function migration._count_batch_in_migration(
  p_batch migration.batches, p_entity migration.entity_statuses, p_more_in_total bigint
) returns text language plpgsql set search_path = '' as $$
declare
  v_done boolean := p_entity.status = 'completed';
  v_migration migration.orchestrations;
  v_before numeric;
begin
  select o.progress_percentage into v_before from migration.orchestrations o where o.id = p_batch.migration_id for no key update;
  update migration.orchestrations o
     set records_read = o.records_read + p_batch.records_read,
         records_processed = o.records_processed + p_batch.records_successful,
         records_failed = o.records_failed + p_batch.records_failed,
         records_filtered = o.records_filtered + p_batch.records_filtered,
         records_total = o.records_total + p_more_in_total,
         completed_entities = o.completed_entities + v_done::integer,
         error_count = o.error_count + p_batch.records_failed,
         progress_percentage = least(99.99, trunc(100.0 * (o.records_read + p_batch.records_read)
           / greatest(1, o.records_total + p_more_in_total), 2))
   where o.id = p_batch.migration_id returning * into v_migration;
  if v_migration.control_state = 'cancelled' or v_migration.status <> 'running' then
    perform migration._raise('SF001', 'fenced', 'This migration has ended.', 'Nothing to do.');
  end if;
  if v_done then
    perform migration._emit(p_batch.migration_id, 'entity_completed', jsonb_build_object(
      'entity', p_entity.entity_name, 'records', p_entity.records_processed,
      'throughput', p_entity.throughput_per_second));
  end if;
  if v_done or floor(v_migration.progress_percentage / 5) > floor(v_before / 5) then
    perform migration._emit(p_batch.migration_id, 'migration_progress', jsonb_build_object(
      'entity', p_entity.entity_name, 'progress_percentage', v_migration.progress_percentage,
      'throughput', p_entity.throughput_per_second));
  end if;
  if p_entity.copied_at is not null then
    perform migration._open_waiting(p_batch.migration_id, p_entity.id);
  end if;
  if v_done then
    perform migration._open_steps(p_entity.id);
    return migration._end_if_done(p_batch.migration_id);
  end if;
  return v_migration.status;
end
$$;
comment on function migration._count_batch_in_migration(migration.batches, migration.entity_statuses, bigint) is
  'Adds a completed batch, and what it changed of its entity''s total, to its migration; its status then. SF001 where it has ended meanwhile.';

create function migration._end_if_done(p_migration_id uuid) returns text
language plpgsql set search_path = '' as $$
declare
  v_failed text;
  v_migration migration.orchestrations;
begin
  if exists (select from migration.entity_statuses e
              where e.migration_id = p_migration_id and e.status in ('pending', 'running')
                and e.id not in (select migration._stuck_entities(p_migration_id))) then
    return 'running';
  end if;
  update migration.orchestrations o set copied_at = coalesce(o.copied_at, migration.clock())
   where o.id = p_migration_id and o.status = 'running';
  if exists (select from migration.steps s where s.migration_id = p_migration_id and s.status = 'pending'
               and not exists (select from migration._stuck_entities(p_migration_id) stuck(id)
                                where stuck.id in (s.entity_status_id, s.referenced_entity_status_id))) then
    return 'running';
  end if;
  select min(e.entity_name) into v_failed from migration.entity_statuses e
   where e.migration_id = p_migration_id and e.status = 'failed';
  if v_failed is not null then
    perform migration._fail(p_migration_id, 'entity_failed', format('Entity %s failed; see migration.errors.', v_failed));
    return 'failed';
  end if;
  select min(s.kind || ' ' || s.object_name) into v_failed from migration.steps s
   where s.migration_id = p_migration_id and s.status = 'failed';
  if v_failed is not null then
    perform migration._fail(p_migration_id, 'step_failed', format('Step %s failed; see migration.errors.', v_failed));
    return 'failed';
  end if;
  update migration.orchestrations o set finished_at = coalesce(o.finished_at, migration.clock())
   where o.id = p_migration_id and o.status = 'running' and o.verification_id is null returning * into v_migration;
  if not found then
    return 'running';
  end if;
  -- nobody else holds a row of an entity now: every batch and step is done
  if migration._wants_sync(v_migration) then
    if migration._is_syncing(p_migration_id) then
      return 'running';
    end if;
    perform migration._enter_sync(p_migration_id);
    perform migration._open_sweep(p_migration_id, 'hash', 'supaferry');
    return 'verifying';
  end if;
  perform migration._begin_verification(p_migration_id, migration._verification_settings(v_migration), true, null, 'supaferry');
  return 'verifying';
end
$$;
comment on function migration._end_if_done(uuid) is
  'Where every entity and step has ended: begins the verification that decides, or sync mode where the plan has it (verifying; the caller dispatches), or fails the migration when one of them failed.';

create function migration._complete(p_migration_id uuid) returns void
language plpgsql set search_path = '' as $$
begin
  -- the last batch may end after a pause
  update migration.orchestrations o
     set status = 'completed', control_state = 'active', completed_at = migration.clock(), progress_percentage = 100
   where o.id = p_migration_id and o.status = 'running';
  if found then
    perform migration._emit(p_migration_id, 'migration_completed', jsonb_build_object(
      'records', o.records_processed, 'failed', o.records_failed, 'filtered', o.records_filtered))
       from migration.orchestrations o where o.id = p_migration_id;
    perform migration.audit('supaferry', 'migration.completed', p_migration_id);
  end if;
end
$$;
comment on function migration._complete(uuid) is 'Ends a running migration as completed; only a passed gate calls it.';

create function migration._fail(p_migration_id uuid, p_code text, p_reason text) returns void
language plpgsql set search_path = '' as $$
begin
  update migration.orchestrations o
     set status = 'failed', completed_at = migration.clock(), failure_code = p_code, failure_reason = p_reason
   where o.id = p_migration_id and o.status = 'running';
  if found then
    perform migration._emit(p_migration_id, 'migration_failed', jsonb_build_object('code', p_code));
    perform migration.audit('supaferry', 'migration.failed', p_migration_id,
      jsonb_build_object('code', p_code), 'failed');
  end if;
end
$$;
comment on function migration._fail(uuid, text, text) is
  'Ends a running migration as failed; everything committed stays, and retry goes on from there.';
