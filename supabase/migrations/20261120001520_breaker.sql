-- Owns: holding back when a server suffers.
-- Called by: complete_batch, before the migration's counters.
-- Keeps: fewer lanes, never none; every change is an event with the side that made the others wait.
create function migration._mind_pace(p_batch migration.batches, p_target_wait_ms bigint) returns void
language plpgsql set search_path = '' as $$
declare
  v_mebibytes numeric := p_batch.bytes / 1048576.0;
  v_pace numeric;
  v_entity migration.entity_statuses;
begin
  if v_mebibytes < 0.25 then
    return;  -- a small batch measures the round trips, not the servers
  end if;
  v_pace := p_batch.processing_duration_ms / v_mebibytes;
  update migration.entity_statuses e
     set pace_floor = least(e.pace_floor, v_pace),
         slow_batches = case when v_pace > 8 * e.pace_floor and p_batch.processing_duration_ms > 1000
                             then e.slow_batches + 1 else 0 end
   where e.id = p_batch.entity_status_id returning * into v_entity;
  if v_entity.slow_batches >= 2 then
    perform migration._set_lanes(p_batch.migration_id, false, jsonb_build_object(
      'entity', v_entity.entity_name, 'milliseconds_per_mib', round(v_pace, 1),
      'milliseconds_per_mib_at_best', round(v_entity.pace_floor, 1),
      'side', case when p_target_wait_ms * 2 > p_batch.processing_duration_ms then 'target' else 'source' end));
  elsif v_entity.slow_batches = 0 then
    perform migration._set_lanes(p_batch.migration_id, true, jsonb_build_object('entity', v_entity.entity_name));
  end if;
end
$$;
comment on function migration._mind_pace(migration.batches, bigint) is
  'The circuit breaker: two batches in a row at an eighth of the best pace halve the lanes, good ones give them back one by one.';

create function migration._set_lanes(p_migration_id uuid, p_up boolean, p_data jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  v_lanes integer;
begin
  update migration.orchestrations o
     set lanes_allowed = case when p_up then o.lanes_allowed + 1 else greatest(1, o.lanes_allowed / 2) end,
         lanes_adjusted_at = migration.clock()
   where o.id = p_migration_id
     -- time for the change to show before the next one
     and o.lanes_adjusted_at < migration.clock() - case when p_up then interval '15 seconds' else interval '5 seconds' end
     and case when p_up then o.lanes_allowed < (o.configuration ->> 'lanes')::integer else o.lanes_allowed > 1 end
  returning o.lanes_allowed into v_lanes;
  if found then
    perform migration._emit(p_migration_id, 'performance_anomaly',
      p_data || jsonb_build_object('lanes', v_lanes, 'recovering', p_up));
  end if;
end
$$;
comment on function migration._set_lanes(uuid, boolean, jsonb) is
  'One lane more, or half of them, with an event; of no effect at either end or too soon after the last change.';
