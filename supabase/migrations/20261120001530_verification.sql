-- Owns: the beginning of a pass that compares both sides: the gate, the verb, their batches.
-- Called by: accounting.sql (the gate), function control (verify), repair.sql.
-- Keeps: one pass at a time; a weaker pass than the plan asks for opens no gate.
create function migration._check_batch_rows(p_entity migration.entity_statuses) returns integer
language plpgsql stable set search_path = '' as $$
declare
  v_bytes numeric;
  v_rows numeric := 200000;
begin
  -- about 256 MiB of rows a batch, judged by what was copied
  select sum(b.bytes) / greatest(1, sum(b.records_successful)) into v_bytes from migration.batches b
   where b.migration_id = p_entity.migration_id and b.entity_status_id = p_entity.id and b.kind = 'copy';
  if p_entity.definition ? 'mapping' then
    -- they travel again: no more than the copy has taken at once, and shared by the lanes
    v_bytes := v_bytes * 8;
    v_rows := greatest(20000, least(p_entity.batch_size,
      -- whose ranges the target cannot tell is looked at as a whole where that is possible
      case when migration._range_condition(p_entity.definition, '["0"]', null) is not null then p_entity.records_read / 4 end));
  end if;
  return greatest(1, least(v_rows, 268435456 / greatest(1, v_bytes)));
end
$$;
comment on function migration._check_batch_rows(migration.entity_statuses) is 'Rows that one batch of a check looks at.';

create function migration._verification_settings(p_migration migration.orchestrations) returns jsonb
language sql immutable set search_path = '' as $$
  select coalesce(p_migration.plan -> 'verification', '{}') - 'queries'
$$;
comment on function migration._verification_settings(migration.orchestrations) is 'mode, sample_rows and seed as the plan has them.';

create function migration._take_for_pass(p_migration_id uuid, p_verb text) returns boolean
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations;
begin
  perform from migration.entity_statuses e where e.migration_id = p_migration_id order by e.id for no key update;
  select * into v_migration from migration.orchestrations o where o.id = p_migration_id for no key update;
  if not found then
    perform migration._raise('SF404', 'migration_unknown', 'There is no such migration.', 'List them with status.');
  end if;
  -- between two of its passes none is at work, and what its gate has compared stays as it is
  perform migration._refuse_while_cutting_over(p_migration_id);
  if v_migration.verification_id is not null then
    perform migration._raise('SF409', 'verification_running', 'This migration is being verified or repaired already.',
      'Wait for it: see status.');
  end if;
  if v_migration.control_state <> 'active' or not (v_migration.status = 'completed'
       or coalesce(v_migration.failure_code in ('verification_failed', 'verification_aborted'), false)) then
    perform migration._raise('SF409', 'transition_illegal', format('Cannot %s a migration that is %s and %s.',
      p_verb, v_migration.status, v_migration.control_state), 'Its rows and steps have to be done: look at its status.');
  end if;
  if v_migration.status = 'completed' then
    return false;
  end if;
  update migration.orchestrations o
     set status = 'running', completed_at = null, failure_code = null, failure_reason = null
   where o.id = p_migration_id;
  return true;
end
$$;
comment on function migration._take_for_pass(uuid, text) is
  'Locks a migration whose rows and steps are done for another pass; whether this one is its gate, because the last one did not let it through. SF404, SF409.';

create function migration._open_pass(p_migration_id uuid, p_kind text, p_settings jsonb, p_is_gate boolean,
  p_entities uuid[], p_requested_by text) returns uuid
language plpgsql set search_path = '' as $$
declare
  v_id uuid;
begin
  insert into migration.verifications (migration_id, kind, mode, is_gate, entity_status_ids, seed,
    sample_rows, requested_by, started_at)
  values (p_migration_id, p_kind, coalesce(p_settings ->> 'mode', 'full'), p_is_gate, p_entities,
    coalesce((p_settings ->> 'seed')::bigint, hashtextextended(p_migration_id::text, 0)),
    coalesce((p_settings ->> 'sample_rows')::integer, 100), p_requested_by, migration.clock())
  returning id into v_id;
  update migration.orchestrations o set verification_id = v_id where o.id = p_migration_id;
  if p_kind <> 'sync' then  -- they come by the minute, and most find nothing
    perform migration._emit(p_migration_id, case p_kind when 'verify' then 'verification_started' else p_kind || '_started' end, jsonb_build_object('verification', v_id));
  end if;
  return v_id;
end
$$;
comment on function migration._open_pass(uuid, text, jsonb, boolean, uuid[], text) is
  'Begins a pass and names it as the one at work. Call it under the orchestration''s lock.';

create function migration._write_batch_of_all(p_migration_id uuid, p_pass_id uuid, p_kind text, p_check text, p_task jsonb) returns void
language sql set search_path = '' as $$
  with first as (
    update migration.entity_statuses e set batches_created = e.batches_created + 1
     where e.id = (select x.id from migration.entity_statuses x where x.migration_id = p_migration_id order by x.dependency_order limit 1)
     returning e.*)
  insert into migration.batches (migration_id, entity_status_id, kind, check_name, pass_id, task, dependency_order, batch_number, row_limit, max_retries)
  select p_migration_id, f.id, p_kind, p_check, p_pass_id, p_task, f.dependency_order, f.batches_created, 1,
         (o.configuration ->> 'max_retries')::integer
    from first f join migration.orchestrations o on o.id = p_migration_id
$$;
comment on function migration._write_batch_of_all(uuid, uuid, text, text, jsonb) is
  'Queues a batch of a pass that concerns all entities: it hangs on the first one.';

create function migration._begin_verification(p_migration_id uuid, p_settings jsonb, p_is_gate boolean,
  p_entities uuid[], p_requested_by text) returns uuid
language plpgsql set search_path = '' as $$
declare
  v_id uuid := migration._open_pass(p_migration_id, 'verify', p_settings, p_is_gate, p_entities, p_requested_by);
begin
  with wanted as (
    select e.id, 'rows' as check_name, 0 as place from migration.entity_statuses e
     where e.migration_id = p_migration_id and e.status = 'completed'
       and (p_entities is null or e.id = any (p_entities))
    union all
    -- what concerns all of them hangs on the first
    select first.id, extra.check_name, extra.place
      from (select e.id from migration.entity_statuses e where e.migration_id = p_migration_id
             order by e.dependency_order limit 1) first,
           (select 'schema' as check_name, 1 as place
             union all
            select 'queries', 2 from migration.orchestrations o
             where o.id = p_migration_id and jsonb_array_length(o.plan #> '{verification,queries}') > 0) extra
     where coalesce(p_settings ->> 'mode', 'full') <> 'counts'
  ), numbered as (
    select w.*, row_number() over (partition by w.id order by w.place) as at from wanted w
  ), counted as (
    update migration.entity_statuses e set batches_created = e.batches_created + n.batches
      from (select id, count(*)::integer as batches from numbered group by id) n
     where e.id = n.id returning e.*, n.batches
  )
  insert into migration.batches (migration_id, entity_status_id, kind, check_name, pass_id, task,
    dependency_order, batch_number, row_limit, max_retries)
  select p_migration_id, c.id, 'verify', n.check_name, v_id,
         jsonb_build_object('mode', v.mode, 'seed', v.seed::text, 'sample_rows', v.sample_rows, 'rows_total', c.records_read),
         c.dependency_order, c.batches_created - c.batches + n.at,
         migration._check_batch_rows(e), (o.configuration ->> 'max_retries')::integer
    from numbered n
    join counted c on c.id = n.id
    join migration.entity_statuses e on e.id = n.id
    join migration.verifications v on v.id = v_id
    join migration.orchestrations o on o.id = p_migration_id;
  return v_id;
end
$$;
comment on function migration._begin_verification(uuid, jsonb, boolean, uuid[], text) is
  'Begins a comparison of both sides: a first batch per entity, one for the schema, one for chosen queries. The caller holds the locks and dispatches.';

create function migration.verify(p_migration_id uuid, p_actor text, p_mode text default null) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_gate boolean := migration._take_for_pass(p_migration_id, 'verify');
begin
  if p_mode is not null and p_mode not in ('counts', 'sample', 'full') then
    perform migration._raise('SF422', 'mode_unknown', 'There is no such mode of verification.', 'Choose counts, sample or full.');
  end if;
  perform migration._begin_verification(p_migration_id, migration._verification_settings(o)
      || case when p_mode is null or v_gate then '{}' else jsonb_build_object('mode', p_mode) end, v_gate, null, p_actor)
     from migration.orchestrations o where o.id = p_migration_id;
  perform migration.audit(p_actor, 'migration.verify', p_migration_id);
  perform migration.dispatch_lanes(p_migration_id);
  return jsonb_build_object('migration_id', o.id, 'status', o.status, 'control_state', o.control_state,
    'verification_id', o.verification_id) from migration.orchestrations o where o.id = p_migration_id;
end
$$;
comment on function migration.verify(uuid, text, text) is
  'Compares both sides anew. Of a migration that a verification has failed, it is its gate once more, in the plan''s mode. SF404, SF409, SF422.';
