-- Owns: the frame of a direct load: COPY puts rows into the target and their entries into the map.
-- Called by: function process-batch, between begin_load and complete_batch; failure.sql.
-- Keeps: as many entries in the map as rows in the target; what fails in a direct load is staged, so that
--   it stops no entity.
create function migration.begin_direct(p_migration_id uuid, p_batch_id uuid, p_attempt integer)
returns table (map_entity_id integer, load_id integer) language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_entity migration.entity_statuses;
  v_own migration.map_entities;
begin
  select * into v_entity from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  if not v_entity.definition ? 'direct' or v_batch.task ? 'staged' then
    return;
  end if;
  if v_entity.definition #>> '{mapping,id}' is not null then
    select * into v_own from migration.map_entities m
     where m.source_system = v_entity.definition #>> '{mapping,system}' and m.source_table = v_entity.entity_name;
    -- COPY knows no conflict: an entry that is there already is for the stage, which needs the parents
    if v_own.begun_empty_by is distinct from p_migration_id then
      if migration._waits(v_entity.id, 'copy') then
        perform migration._raise('SF409', 'staged_instead', 'Another migration writes the map of this table, too.',
          'Nothing to do: the rows are staged when their parents are in.');
      end if;
      return;
    end if;
  end if;
  perform set_config('migration.map_before',
    pg_catalog.pg_stat_get_xact_tuples_inserted('migration.id_map'::regclass)::text, true);
  insert into migration.loads (migration_id, entity_status_id, batch_id, loaded_at)
  values (p_migration_id, v_entity.id, p_batch_id, migration.clock()) returning id into load_id;
  map_entity_id := v_own.id;
  return next;
end
$$;
comment on function migration.begin_direct(uuid, uuid, integer) is
  'Opens a direct load of a held batch: what its entries in the map say of their entity and load. No row: its rows are to be staged. SF001 when fenced.';

create function migration.end_direct(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_rows bigint, p_mapped bigint)
returns void language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_entity migration.entity_statuses;
begin
  select * into v_entity from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  if migration._rows_inserted(v_entity.definition) - current_setting('migration.rows_before')::bigint <> p_rows
     or pg_catalog.pg_stat_get_xact_tuples_inserted('migration.id_map'::regclass)
        - current_setting('migration.map_before')::bigint <> p_mapped
     or p_mapped <> (case when v_entity.definition #>> '{mapping,id}' is null then 0 else p_rows end) then
    perform migration._raise('SF002', 'rows_not_accounted_for', 'The target or the map took another number of rows than they were sent.',
      'Look for a rule or a BEFORE trigger on the target table that drops or adds rows.');
  end if;
end
$$;
comment on function migration.end_direct(uuid, uuid, integer, bigint, bigint) is
  'Raises SF002 unless the target took as many rows since begin_load as were sent, and the map as many entries. SF001 when fenced.';

create function migration._stage_instead(p_batch migration.batches) returns boolean
language plpgsql set search_path = '' as $$
begin
  if not exists (select from migration.entity_statuses e where e.id = p_batch.entity_status_id and e.definition ? 'direct') then
    return false;
  end if;
  -- whoever completes a parent opens what waits for it under this lock
  perform from migration.orchestrations o where o.id = p_batch.migration_id for no key update;
  update migration.batches b
     set status = 'retrying', task = b.task || '{"staged": true}',
         -- the stage looks for parents, and this entity may have gone ahead of them
         not_before = case when migration._waits(e.id, 'copy') then 'infinity' else '-infinity' end::timestamptz,
         lease_until = null, holder_pid = null, holder_started_at = null
    from migration.entity_statuses e
   where b.migration_id = p_batch.migration_id and b.id = p_batch.id and e.id = b.entity_status_id
     and b.kind = 'copy' and not b.task ? 'staged';
  return found;
end
$$;
comment on function migration._stage_instead(migration.batches) is
  'Gives a batch back that failed in a direct load, to be staged; false where it was none.';
