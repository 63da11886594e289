-- Owns: taking a batch, and cutting it to size.
-- Called by: function process-batch, in two small transactions before each load.
-- Keeps: one holder per batch (row lock, lease, attempt); the upper key of a range is fixed before it
--   is read; the rest of a range is handed on at once, so that lanes ramp up by themselves.
create function migration._is_in_turn(p_batch migration.batches) returns boolean
language sql stable set search_path = '' as $$
  -- parents before children; and rows of one table among which some are unique, one batch after the other
  select not exists (
    select from migration.batches x join migration.entity_dependencies d
        on d.entity_status_id = p_batch.entity_status_id and d.kind = 'copy' and d.depends_on = x.entity_status_id
     where x.migration_id = p_batch.migration_id and x.pass_id = p_batch.pass_id and x.status <> 'completed'
       and x.kind in ('sync', 'reconcile') and p_batch.kind in ('sync', 'reconcile'))
    and not exists (
    select from migration.batches x
     where x.migration_id = p_batch.migration_id and x.pass_id = p_batch.pass_id and x.status = 'processing'
       and x.entity_status_id = p_batch.entity_status_id and x.kind in ('sync', 'reconcile') and p_batch.kind in ('sync', 'reconcile')
       and (x.kind = 'sync' or p_batch.kind = 'sync' or exists (select from migration.entity_statuses e
         where e.id = x.entity_status_id and coalesce((e.definition ->> 'serial')::boolean, false))))
$$;
comment on function migration._is_in_turn(migration.batches) is
  'Whether a batch of a sweep may be claimed: no parent of its entity has one left, and its entity none at work that could meet its rows.';

create function migration.claim_batch(p_migration_id uuid, p_dispatch_id uuid)
returns table (
  batch_id uuid, attempt integer, kind text, entity_status_id uuid, entity_name text,
  batch_number integer, range_after jsonb, range_through jsonb, row_limit integer,
  lease_ms integer, definition jsonb, source_secret text, check_name text, task jsonb)
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations;
  v_batch migration.batches;
  v_lease interval;
  v_in_turn boolean;
  v_is_sweep boolean;
begin
  select * into v_migration from migration.orchestrations o
   where o.id = p_migration_id and o.is_open and o.control_state = 'active';
  if not found or (select count(*) from migration.batches b
       where b.migration_id = p_migration_id and b.status = 'processing') >= v_migration.lanes_allowed then
    return;
  end if;
  if v_migration.cutover_id is not null and v_migration.verification_id is null then
    perform migration.advance_cutover(p_migration_id);
    return;  -- it comes again for what there is to do now
  end if;
  -- rows that are made anew one by one are resolved against parents that are
  v_is_sweep := exists (select from migration.verifications v where v.id = v_migration.verification_id and v.kind = 'sync');
  v_in_turn := exists (select from migration.verifications v where v.id = v_migration.verification_id
    and (v.kind = 'replay' or v.kind = 'repair' and exists (select from migration.entity_statuses e
      where e.migration_id = p_migration_id and e.definition ? 'mapping')));
  if v_in_turn or v_is_sweep then
    -- one claim at a time, so that each sees what the others hold
    perform pg_advisory_xact_lock(hashtextextended('migration.replay:' || p_migration_id::text, 0));
  end if;
  select * into v_batch from migration.batches b
   where b.migration_id = p_migration_id and b.status in ('pending', 'retrying')
     and b.not_before <= migration.clock()
     -- what a pass has left that was broken off is nobody's work any more
     and (b.kind in ('copy', 'settle') or b.pass_id = v_migration.verification_id)
     -- a replayed parent comes before its children
     and (not v_in_turn or not exists (select from migration.batches x
       where x.migration_id = p_migration_id and x.pass_id = b.pass_id and (x.status = 'processing'
         or x.status = 'retrying' and x.dependency_order < b.dependency_order)))
     and (not v_is_sweep or migration._is_in_turn(b))
   order by b.dependency_order, b.batch_number limit 1 for update skip locked;
  if not found then
    return;
  end if;
  -- a range that outlived its lease gets a longer one: a slow link is no dead function
  v_lease := make_interval(secs => (v_migration.configuration ->> 'lease_seconds')::integer)
    -- what goes together cannot be done in parts
    * case when v_batch.kind = 'deletes' then 8 else least(power(2, v_batch.deaths), 8) end;
  update migration.batches b
     set status = 'processing', attempt = b.attempt + 1, started_at = migration.clock(),
         lease_until = migration.clock() + v_lease, holder_pid = pg_backend_pid(),
         holder_started_at = (select a.backend_start from pg_catalog.pg_stat_activity a where a.pid = pg_backend_pid()),
         dispatch_id = p_dispatch_id
   where b.migration_id = p_migration_id and b.id = v_batch.id;
  update migration.entity_statuses e set status = 'running', started_at = coalesce(e.started_at, migration.clock())
   where e.id = v_batch.entity_status_id and e.status = 'pending';
  if found then
    perform migration._emit(p_migration_id, 'entity_started', jsonb_build_object('entity', e.entity_name))
       from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  end if;
  return query
    select v_batch.id, v_batch.attempt + 1, v_batch.kind, e.id, e.entity_name, v_batch.batch_number,
           v_batch.range_after, v_batch.range_through,
           -- a batch that killed its function keeps its own, smaller limit; else the last ones get
           -- smaller, down to a quarter, so that all lanes end at about the same time
           case when v_batch.deaths > 0 or v_batch.kind <> 'copy' then v_batch.row_limit
                else least(e.batch_size, greatest(e.batch_size / 4,
                  (v_migration.configuration ->> 'batch_rows')::integer,
                  (e.records_total - e.records_read) / (2 * v_migration.lanes_allowed))::integer) end,
           (extract(epoch from v_lease) * 1000)::integer, e.definition,
           v_migration.configuration ->> 'source_secret', v_batch.check_name, v_batch.task
      from migration.entity_statuses e where e.id = v_batch.entity_status_id;
end
$$;
comment on function migration.claim_batch(uuid, uuid) is
  'Takes the next claimable batch for this connection: raises its attempt, records holder and lease. No row: nothing to do, paused or ended.';

create function migration._hold(p_migration_id uuid, p_batch_id uuid, p_attempt integer)
returns migration.batches language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches;
begin
  select * into v_batch from migration.batches b
   where b.migration_id = p_migration_id and b.id = p_batch_id
     and b.attempt = p_attempt and b.status = 'processing'
     for update;
  if not found then
    perform migration._raise('SF001', 'fenced', 'This batch is no longer held by this attempt.',
      'Nothing to do: another attempt has it or has done it.');
  end if;
  return v_batch;
end
$$;
comment on function migration._hold(uuid, uuid, integer) is
  'The fence: locks the batch where the attempt still holds it, else raises SF001.';

create function migration.carve_batch(
  p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_through jsonb, p_more boolean
) returns void language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_number integer;
  v_limit integer;
  v_serial boolean;
begin
  update migration.batches b set range_through = p_through
   where b.migration_id = p_migration_id and b.id = p_batch_id;
  if p_more then
    -- what a death has made of this batch's limit is not handed on
    update migration.entity_statuses e set batches_created = e.batches_created + 1
     where e.id = v_batch.entity_status_id
     returning e.batches_created, case v_batch.kind when 'copy' then e.batch_size when 'sync' then v_batch.row_limit else migration._check_batch_rows(e) end,
       coalesce((e.definition ->> 'serial')::boolean, false)
      into v_number, v_limit, v_serial;
    insert into migration.batches (migration_id, entity_status_id, kind, check_name, pass_id, task,
      dependency_order, batch_number, range_after, range_through, row_limit, max_retries, not_before)
    values (p_migration_id, v_batch.entity_status_id, v_batch.kind, v_batch.check_name, v_batch.pass_id,
      v_batch.task, v_batch.dependency_order, v_number, p_through, v_batch.range_through,
      v_limit, v_batch.max_retries,
      -- one after the other in key order: complete_batch opens the next one
      case when v_batch.kind = 'copy' and v_serial then 'infinity' else '-infinity' end::timestamptz);
    perform migration.dispatch_lanes(p_migration_id);
  end if;
end
$$;
comment on function migration.carve_batch(uuid, uuid, integer, jsonb, boolean) is
  'Fixes the upper key of a held batch and, where rows lie behind it, queues the rest of its range. SF001 when fenced.';
