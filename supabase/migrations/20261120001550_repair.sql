-- Owns: copying again exactly those rows that a verification found different.
-- Called by: function control (repair), function process-batch (findings_of_batch, complete_repair).
-- Keeps: a finding is repaired once, in the transaction that replaces its row; a repair proves itself by
--   another verification of its entities.
create function migration._last_verification(p_migration_id uuid) returns migration.verifications
language sql stable set search_path = '' as $$
  select v from migration.verifications v
   where v.migration_id = p_migration_id and v.kind = 'verify' and v.status in ('passed', 'failed')
   order by v.started_at desc limit 1
$$;
comment on function migration._last_verification(uuid) is 'The newest pass that compared to its end; null before the first.';

create function migration._repairable(p_pass_id uuid) returns table (id uuid, entity_status_id uuid, chunk bigint)
language sql stable set search_path = '' as $$
  select f.id, f.entity_status_id,
         case when t.has_rivals then (row_number() over (partition by f.entity_status_id order by f.found_at, f.id) - 1) / 5000
              else (row_number() over (partition by f.entity_status_id, f.kind = 'range' order by f.found_at, f.id) - 1)
                / case when f.kind = 'range' then 1 else 500 end * 2 + (f.kind = 'range')::integer end
    from migration.findings f
    join migration.entity_statuses e on e.id = f.entity_status_id
   cross join lateral (
     -- a value that has gone to another row is in the way until that row is taken away, too
     select exists (select from pg_catalog.pg_index i
       where i.indrelid = to_regclass(format('%I.%I', e.definition #>> '{target,schema}', e.definition #>> '{target,table}'))
         and (i.indisunique or i.indisexclusion) and not i.indisprimary) as has_rivals) t
   where f.verification_id = p_pass_id and f.repaired_at is null
     and f.kind in ('missing', 'extra', 'changed', 'duplicates', 'range')
$$;
comment on function migration._repairable(uuid) is
  'Findings about rows, in chunks of 500 for one batch each, a range a chunk of its own; of 5000 with their ranges where a table has further unique or exclusion constraints.';

create function migration._deal_batches(p_migration_id uuid, p_pass_id uuid, p_kind text, p_entities uuid[])
returns table (entity_status_id uuid, at bigint, batch_id uuid) language sql set search_path = '' as $$
  with counted as (
    update migration.entity_statuses e set batches_created = e.batches_created + n.batches
      from (select x.id, count(*)::integer as batches from unnest(p_entities) x(id) group by x.id) n
     where e.id = n.id returning e.*, n.batches
  )
  insert into migration.batches (migration_id, entity_status_id, kind, check_name, pass_id,
    dependency_order, batch_number, range_after, row_limit, max_retries)
  select p_migration_id, e.id, p_kind, 'rows', p_pass_id, e.dependency_order,
         e.batches_created - e.batches + k.at, jsonb_build_array(k.at::text), 500,
         (o.configuration ->> 'max_retries')::integer
    from counted e cross join lateral generate_series(1, e.batches) k(at)
    join migration.orchestrations o on o.id = p_migration_id
  returning batches.entity_status_id, (batches.range_after ->> 0)::bigint, batches.id
$$;
comment on function migration._deal_batches(uuid, uuid, text, uuid[]) is
  'Writes batches of a pass over chosen rows: as many of an entity as it is named, numbered from 1 on.';

create function migration._write_repair_batches(p_migration_id uuid, p_pass_id uuid, p_found_by uuid) returns void
language sql set search_path = '' as $$
  with chosen as materialized (
    select r.id, r.entity_status_id, dense_rank() over (partition by r.entity_status_id order by r.chunk) as at
      from migration._repairable(p_found_by) r
  ), dealt as materialized (
    select d.* from (select array_agg(x.entity_status_id) as entities
                       from (select distinct c.entity_status_id, c.at from chosen c) x) all_of
     cross join lateral migration._deal_batches(p_migration_id, p_pass_id, 'repair', all_of.entities) d
  )
  update migration.findings f set repair_batch_id = d.batch_id
    from chosen c join dealt d on d.entity_status_id = c.entity_status_id and d.at = c.at
   where f.id = c.id
$$;
comment on function migration._write_repair_batches(uuid, uuid, uuid) is
  'Deals the findings of a verification out to batches of a repair.';

create function migration.repair(p_migration_id uuid, p_actor text) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_gate boolean := migration._take_for_pass(p_migration_id, 'repair');
  v_last migration.verifications := migration._last_verification(p_migration_id);
  v_pass_id uuid;
begin
  if not exists (select from migration._repairable(v_last.id)) then
    perform migration._raise('SF409', 'nothing_to_repair', 'The last verification found no row that differs.',
      'Verify first: control verify. Findings about the schema, references and rules have to be mended by hand.');
  end if;
  v_pass_id := migration._open_pass(p_migration_id, 'repair', jsonb_build_object('mode', v_last.mode,
    'seed', v_last.seed, 'sample_rows', v_last.sample_rows), v_gate,
    -- what else was wrong has to be looked at again, too, before a gate opens
    array(select r.entity_status_id from migration._repairable(v_last.id) r union
          select r.entity_status_id from migration.validation_results r
           where r.verification_id = v_last.id and r.status = 'failed'), p_actor);
  perform migration._write_repair_batches(p_migration_id, v_pass_id, v_last.id);
  perform migration.audit(p_actor, 'migration.repair', p_migration_id, jsonb_build_object('verification', v_last.id));
  perform migration.dispatch_lanes(p_migration_id);
  return jsonb_build_object('migration_id', o.id, 'status', o.status, 'control_state', o.control_state,
    'verification_id', o.verification_id) from migration.orchestrations o where o.id = p_migration_id;
end
$$;
comment on function migration.repair(uuid, text) is
  'Copies the rows that the last verification found different again, and verifies their entities anew. SF404, SF409.';

create function migration.findings_of_batch(p_migration_id uuid, p_batch_id uuid)
returns table (kind text, row_key jsonb, range_after jsonb, range_through jsonb, detail jsonb)
language sql stable set search_path = '' as $$
  select f.kind, f.row_key, f.range_after, f.range_through, f.detail from migration.findings f
   where f.migration_id = p_migration_id and f.repair_batch_id = p_batch_id order by f.found_at, f.id
$$;
comment on function migration.findings_of_batch(uuid, uuid) is 'What a held batch of kind repair is to put right.';

create function migration.complete_repair(p_migration_id uuid, p_batch_id uuid, p_attempt integer,
  p_removed bigint, p_loaded bigint, p_last_of_call boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_pass migration.verifications;
  v_ended boolean;
begin
  perform migration._check_rows_inserted(v_batch, p_loaded);
  perform migration._close_batch(v_batch, p_loaded);
  update migration.findings f set repaired_at = migration.clock() where f.repair_batch_id = p_batch_id;
  -- the verification that follows numbers its batches
  perform from migration.entity_statuses e where e.migration_id = p_migration_id order by e.id for no key update;
  perform migration._hold_pass(v_batch);
  perform migration._recount_pass(v_batch);
  v_ended := not migration._has_open_batches(p_migration_id, v_batch.pass_id);
  if v_ended then
    update migration.verifications v set status = 'passed', completed_at = migration.clock()
     where v.id = v_batch.pass_id returning v.* into v_pass;
    perform migration._emit(p_migration_id, 'repair_completed', jsonb_build_object('verification', v_pass.id));
    perform migration._begin_verification(p_migration_id, jsonb_build_object('mode', v_pass.mode, 'seed', v_pass.seed,
      'sample_rows', v_pass.sample_rows), v_pass.is_gate, v_pass.entity_status_ids, v_pass.requested_by);
  end if;
  perform migration.audit('process-batch', 'batch.repaired', p_migration_id, jsonb_build_object(
    'batch_number', v_batch.batch_number, 'removed', p_removed, 'loaded', p_loaded));
  perform migration._leave_call(v_batch, p_last_of_call, v_ended);
end
$$;
comment on function migration.complete_repair(uuid, uuid, integer, bigint, bigint, boolean) is
  'Closes a held batch of kind repair; the last one begins the verification that proves it. SF001 when fenced, SF002 when rows do not add up.';
