-- Owns: what the batches of a sweep add to it, and how it ends.
-- Called by: function process-batch (complete_sync), look.sql, deletes.sql.
-- Keeps: positions move when everything before them is written, in one transaction with the sweep's end;
--   counters of an entity are the truth of now: processed = rows in the target, failed = live dead letters.
create function migration._live_letters(p_entity_status_id uuid) returns bigint
language sql stable set search_path = '' as $$
  select count(*) from migration.errors d
   where d.entity_status_id = p_entity_status_id and d.is_dead_letter and (not d.is_resolved or d.resolution = 'dismissed')
     and d.error_code <> 'delete_refused'
$$;
comment on function migration._live_letters(uuid) is 'Rows of an entity that the target does not have because it refused them; one that could not be deleted is there.';

create function migration._move_ledger(p_entity_status_id uuid, p_more bigint, p_left_out bigint) returns void
language sql set search_path = '' as $$
  update migration.entity_statuses e
     set records_processed = n.processed, records_failed = n.letters, records_filtered = n.filtered,
         records_read = n.processed + n.letters + n.filtered, records_total = n.processed + n.letters + n.filtered, updated_at = migration.clock()
    from (select greatest(0, x.records_processed + p_more) as processed, x.records_filtered + p_left_out as filtered,
                 migration._live_letters(x.id) as letters
            from migration.entity_statuses x where x.id = p_entity_status_id) n
   where e.id = p_entity_status_id
$$;
comment on function migration._move_ledger(uuid, bigint, bigint) is
  'Counters of an entity once more rows of it are in the target, and more of the source are left out.';

create function migration._count_sync(p_batch migration.batches, p_counts jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  update migration.sweep_entities s
     set records_read = s.records_read + coalesce((p_counts ->> 'read')::bigint, 0),
         records_inserted = s.records_inserted + coalesce((p_counts ->> 'inserted')::bigint, 0),
         records_updated = s.records_updated + coalesce((p_counts ->> 'updated')::bigint, 0),
         records_deleted = s.records_deleted + coalesce((p_counts ->> 'deleted')::bigint, 0),
         records_marked = s.records_marked + coalesce((p_counts ->> 'marked')::bigint, 0),
         records_refused = s.records_refused + coalesce((p_counts ->> 'refused')::bigint, 0)
   where s.sweep_id = p_batch.pass_id and s.entity_status_id = p_batch.entity_status_id;
  perform migration._move_ledger(p_batch.entity_status_id,
    coalesce((p_counts ->> 'inserted')::bigint, 0) - coalesce((p_counts ->> 'deleted')::bigint, 0), 0);
end
$$;
comment on function migration._count_sync(migration.batches, jsonb) is
  'Adds what a batch did to its sweep and to its entity: read, inserted, updated, deleted, marked, refused.';

create function migration._settle_sweep(p_batch migration.batches) returns void
language plpgsql set search_path = '' as $$
declare
  v_settled record;
begin
  for v_settled in select s.*, s.refused + s.left_out as rows from migration._settle_circle(p_batch) s loop
    -- most of them came with this sweep
    update migration.sweep_entities s
       set records_refused = s.records_refused + v_settled.refused,
           records_inserted = s.records_inserted - least(s.records_inserted, v_settled.rows),
           records_deleted = s.records_deleted + v_settled.rows - least(s.records_inserted, v_settled.rows)
     where s.sweep_id = p_batch.pass_id and s.entity_status_id = v_settled.entity_status_id;
    perform migration._move_ledger(v_settled.entity_status_id, - v_settled.rows, v_settled.left_out);
  end loop;
end
$$;
comment on function migration._settle_sweep(migration.batches) is
  'Settles the circle of a sweep''s batch, once what it brought in is counted, and counts what went.';

create function migration._retry_refused(p_batch migration.batches) returns void
language plpgsql set search_path = '' as $$
declare
  v_done numeric := (select coalesce(sum(s.records_inserted + s.records_updated + s.records_deleted), 0)
    from migration.sweep_entities s where s.sweep_id = p_batch.pass_id);
begin
  -- what waited for a parent that has come, or lost against a row that has changed or gone; again as long as it leads to more
  update migration.orchestrations o set configuration = o.configuration || jsonb_build_object('retried_at', v_done)
   where o.id = p_batch.pass_id and coalesce((o.configuration ->> 'retried_at')::numeric, 0) < v_done;
  if not found then
    return;
  end if;
  insert into migration.changed_keys (migration_id, entity_status_id, source_key, noted_at)
  select p_batch.migration_id, x.entity_status_id, migration._key_array(x.source_record_id, migration._sync_definition(e.definition)), migration.clock()
    from migration.entity_statuses e
    join migration.errors x on x.entity_status_id = e.id and x.is_dead_letter and not x.is_resolved
   where e.migration_id = p_batch.migration_id and (
     x.error_code = 'reference_missing' and exists (
       select from migration.entity_dependencies d join migration.sweep_entities s on s.entity_status_id = d.depends_on
        where d.entity_status_id = e.id and s.sweep_id = p_batch.pass_id and s.records_inserted + s.records_updated > 0)
     or x.error_code = 'reference_missing' and exists (
       select from migration.sweep_entities s where s.sweep_id = p_batch.pass_id and s.entity_status_id = e.id and s.records_inserted > 0)
     or (x.error_code = 'duplicate' or x.sqlstate = '23505') and exists (
       select from migration.sweep_entities s where s.sweep_id = p_batch.pass_id and s.entity_status_id = e.id
         and s.records_updated + s.records_deleted > 0));
end
$$;
comment on function migration._retry_refused(migration.batches) is
  'Notes the keys of dead letters whose reason may have gone with this sweep: their rows are to be read again.';

create function migration._write_deletes(p_batch migration.batches) returns boolean
language plpgsql set search_path = '' as $$
begin
  if not migration._has_gone(p_batch.migration_id) or exists (select from migration.batches b
       where b.migration_id = p_batch.migration_id and b.pass_id = p_batch.pass_id and b.kind = 'deletes') then
    return false;
  end if;
  perform migration._write_batch_of_all(p_batch.migration_id, p_batch.pass_id, 'deletes', '', o.configuration)
     from migration.orchestrations o where o.id = p_batch.pass_id;
  return true;
end
$$;
comment on function migration._write_deletes(migration.batches) is
  'Queues the last batch of a sweep, which takes away what is gone. Whether there is anything, and no such batch yet.';

create function migration._end_sweep(p_batch migration.batches) returns void
language plpgsql set search_path = '' as $$
declare
  v_sweep migration.orchestrations;
  v_scope text;
begin
  select o.configuration ->> 'scope' into v_scope from migration.orchestrations o where o.id = p_batch.pass_id;
  update migration.sync_positions p
     set watermark = s.watermark_after, changes_at = (s.watermark_after ->> 'clock')::timestamptz,
         deletes_at = case when s.scope in ('deletes', 'hash') then (s.watermark_after ->> 'clock')::timestamptz else p.deletes_at end,
         hash_at = case when s.scope = 'hash' then (s.watermark_after ->> 'clock')::timestamptz else p.hash_at end
    from migration.sweep_entities s where s.sweep_id = p_batch.pass_id and s.entity_status_id = p.entity_status_id;
  update migration.orchestrations o
     set status = 'completed', completed_at = migration.clock(), progress_percentage = 100, completed_entities = o.total_entities,
         records_total = t.done + t.refused, records_read = t.done + t.refused, records_processed = t.done, records_failed = t.refused,
         error_count = t.refused, verification_id = null
    from (select coalesce(sum(s.records_inserted + s.records_updated + s.records_deleted + s.records_marked), 0) as done,
                 coalesce(sum(s.records_refused), 0) as refused
            from migration.sweep_entities s where s.sweep_id = p_batch.pass_id) t
   where o.id = p_batch.pass_id returning o.* into v_sweep;
  update migration.verifications v set status = 'passed', completed_at = migration.clock(), records_validated = v_sweep.records_read
   where v.id = p_batch.pass_id;
  update migration.orchestrations o
     set verification_id = null, records_read = t.processed + t.failed + t.filtered, records_processed = t.processed,
         records_failed = t.failed, records_filtered = t.filtered, records_total = t.processed + t.failed + t.filtered
    from (select sum(e.records_processed) as processed, sum(e.records_failed) as failed, sum(e.records_filtered) as filtered
            from migration.entity_statuses e where e.migration_id = p_batch.migration_id) t
   where o.id = p_batch.migration_id;
  update migration.sync_states s set caught_up_at = coalesce(s.caught_up_at, migration.clock()), plan_fingerprint = v_sweep.plan_fingerprint
   where s.migration_id = p_batch.migration_id;
  if v_sweep.records_read > 0 then
    perform migration._emit(p_batch.migration_id, 'sync_completed', jsonb_build_object('sweep', v_sweep.id, 'scope', v_scope,
      'records', v_sweep.records_processed, 'failed', v_sweep.records_failed));
    perform migration.audit('supaferry', 'sweep.completed', p_batch.migration_id, jsonb_build_object('sweep', v_sweep.id,
      'records', v_sweep.records_processed, 'failed', v_sweep.records_failed));
  end if;
  -- `ferry run` listens instead of asking often
  perform pg_notify('supaferry_news', '');
end
$$;
comment on function migration._end_sweep(migration.batches) is
  'Ends a sweep whose batches are done: positions, counters, its row in orchestrations.';

create function migration._end_sweep_if_done(p_batch migration.batches) returns boolean
language plpgsql set search_path = '' as $$
begin
  if migration._has_open_batches(p_batch.migration_id, p_batch.pass_id) then
    return false;
  end if;
  perform migration._retry_refused(p_batch);
  -- what a sweep that was broken off has left waits as well
  if migration._write_key_batches(p_batch) or migration._write_deletes(p_batch) then
    return false;
  end if;
  perform migration._end_sweep(p_batch);
  return true;
end
$$;
comment on function migration._end_sweep_if_done(migration.batches) is
  'Where a sweep has no open batch left: queues what comes after them (keys that wait to be read again, rows that are gone), or ends it. Whether it ended; the caller dispatches. Call it under the locks of the entities and the orchestration.';

create function migration.complete_sync(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_counts jsonb, p_last_of_call boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
begin
  perform migration._close_batch(v_batch, coalesce((p_counts ->> 'read')::bigint, 0));
  delete from migration.changed_keys k where k.batch_id = p_batch_id;
  perform from migration.entity_statuses e where e.migration_id = p_migration_id order by e.id for no key update;
  perform migration._hold_pass(v_batch);
  perform migration._count_sync(v_batch, p_counts);
  perform migration._settle_sweep(v_batch);
  perform migration._end_sweep_if_done(v_batch);
  perform migration._leave_call(v_batch, p_last_of_call, true);
end
$$;
comment on function migration.complete_sync(uuid, uuid, integer, jsonb, boolean) is
  'Closes a held batch of a sweep with what it did: read, inserted, updated, deleted, refused. The last one ends the sweep. SF001 when fenced.';
