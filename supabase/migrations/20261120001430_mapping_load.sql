-- Owns: the load of a mapped entity: from the stage to rows, map and dead letters, set-based.
-- Called by: function process-batch, after COPY has filled pg_temp.ferry_stage inside the batch's
--   transaction; replay.sql and repair.
-- Keeps: read = loaded + refused + left out; a row is in the target and in the map, or it is a dead letter;
--   no value of a row but its key leaves the target's table.
create function migration._map_entity(p_system text, p_entity_name text) returns integer
language sql stable set search_path = '' as $$
  select m.id from migration.map_entities m where m.source_system = p_system and m.source_table = p_entity_name
$$;
comment on function migration._map_entity(text, text) is 'Id of a table of a source system in the map; null where it has none.';

create function migration._map_ids(p_mapping jsonb) returns integer[]
language sql stable set search_path = '' as $$
  select coalesce(array_agg(migration._map_entity(p_mapping ->> 'system', x.name) order by x.at), '{}')
    from jsonb_array_elements_text(p_mapping -> 'maps') with ordinality x(name, at)
$$;
comment on function migration._map_ids(jsonb) is 'Ids in the map of the parents that a mapping looks up, in its order.';

create function migration._make_rows(p_mapping jsonb, p_ids integer[], p_select text) returns void
language plpgsql set search_path = '' as $$
begin
  execute p_mapping ->> 'rows_table';
  create temp table ferry_refused (place tid primary key, sqlstate text, constraint_name text, column_name text)
    on commit drop;
  perform migration._in_ranges('insert into pg_temp.ferry_rows ' || p_select, p_ids,
    'select s.ctid as place from pg_temp.ferry_stage s', p_mapping ->> 'key');
end
$$;
comment on function migration._make_rows(jsonb, integer[], text) is
  'Computes the target''s rows of the stage into ferry_rows; what cannot be computed is refused.';

create function migration._skips(p_mapping jsonb) returns smallint[]
language sql immutable set search_path = '' as $$
  select array_append(array_agg(x.at::smallint), -1::smallint)
    from jsonb_array_elements(p_mapping -> 'refusals') with ordinality x(refusal, at)
   where (x.refusal ->> 'skips')::boolean
$$;
comment on function migration._skips(jsonb) is
  'Values of refused that leave a row out instead of refusing it: reasons that skip, and -1 for rows that the target keeps.';

create function migration._server_refused(p_duplicates smallint[], p_evicted bigint, p_known bigint) returns jsonb
language plpgsql set search_path = '' as $$
begin
  if p_duplicates = '{}' or (select count(*) from pg_temp.ferry_refused) = p_known
     or p_evicted = 0 and not exists (select from pg_temp.ferry_rows r where r.refused = any (p_duplicates)) then
    return null;
  end if;
  return (select jsonb_agg(x) from pg_temp.ferry_refused x);
end
$$;
comment on function migration._server_refused(smallint[], bigint, bigint) is
  'The rows that the server refuses, where it has refused more than those known before and another row had to give way to one; else null.';

create function migration._insert_rows(p_batch migration.batches, p_definition jsonb, p_own integer, out loaded bigint, out evicted bigint)
language plpgsql set search_path = '' as $$
declare
  v_mapping jsonb := p_definition -> 'mapping';
  v_statement text := migration._insert_statement(p_definition);
  v_duplicates smallint[] := array(select (u ->> 'refusal')::smallint from jsonb_array_elements(v_mapping -> 'unique') u);
  v_known bigint;
  v_refused jsonb;
begin
  loop
    begin
      select count(*) into v_known from pg_temp.ferry_refused;
      perform migration._decide_unique(v_mapping, migration._target_of(p_definition));
      evicted := migration._evict(p_batch, p_definition, p_own);
      loaded := migration._in_ranges(v_statement, null,
        'select r.place from pg_temp.ferry_rows r where r.refused is null', null);
      v_refused := migration._server_refused(v_duplicates, evicted, v_known);
      exit when v_refused is null;
      raise exception using errcode = 'SF003', message = 'Decided anew.';
    exception when sqlstate 'SF003' then
      -- taken back: whoever gave way to a row that the server refuses is looked at again
      insert into pg_temp.ferry_refused select x.* from jsonb_populate_recordset(null::pg_temp.ferry_refused, v_refused) x
        on conflict (place) do nothing;
      update pg_temp.ferry_rows r set refused = 32767 from pg_temp.ferry_refused x where x.place = r.place;
    end;
  end loop;
  perform migration._put_back(p_definition);
end
$$;
comment on function migration._insert_rows(migration.batches, jsonb, integer) is
  'Decides uniqueness and inserts, again until no row gives way to one that the server refuses; the rows that the server reported, and those of earlier batches that had to give way. Accepted rows have refused null then.';

create function migration._write_map(p_mapping jsonb, p_own integer, p_load_id integer, p_is_new boolean) returns void
language plpgsql set search_path = '' as $$
begin
  if p_mapping ->> 'id' is null then
    return;
  end if;
  execute format('insert into migration.id_map (map_entity_id, source_key, target_id, load_id, origin)
    select $1, r.key, r.c%s, $2, case when $3 = ''lookup'' or r.refused = -1 then ''f''
             when e.place is not null then ''u'' else ''c'' end::"char"
      from pg_temp.ferry_rows r left join pg_temp.ferry_there e on e.place = r.place
     where r.refused is null or r.refused = -1%s', p_mapping ->> 'id',
    -- it costs as much again as the insert
    case when p_is_new then '' else ' on conflict (map_entity_id, source_key) do update
      set target_id = excluded.target_id, load_id = excluded.load_id, origin = excluded.origin' end)
    using p_own, p_load_id, p_mapping ->> 'strategy';
end
$$;
comment on function migration._write_map(jsonb, integer, integer, boolean) is
  'Records the accepted rows in the map. p_is_new: it cannot have one of their keys.';

create function migration._dead_letters(p_batch migration.batches, p_mapping jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  v_now timestamptz := migration.clock();
begin
  insert into migration.errors (migration_id, entity_status_id, batch_id, error_type, error_code, sqlstate,
    error_message, source_record_id, context, occurred_at, is_dead_letter)
  select p_batch.migration_id, p_batch.entity_status_id, p_batch.id, l.error_type, l.error_code, l.sqlstate,
         l.error_message, l.source_record_id, l.context || jsonb_build_object('batch_number', p_batch.batch_number),
         v_now, true
    from migration._refused_rows(p_mapping) l;
end
$$;
comment on function migration._dead_letters(migration.batches, jsonb) is 'Writes a dead letter for every refused row of ferry_rows.';

create function migration._mind_limit(p_entity migration.entity_statuses, p_failed bigint, p_read bigint) returns void
language plpgsql set search_path = '' as $$
declare
  v_limit jsonb := p_entity.definition #> '{mapping,limit}';
  v_failed bigint := p_entity.records_failed + p_failed;
begin
  if v_failed > (v_limit ->> 'rows')::bigint
     and v_failed > (v_limit ->> 'share')::numeric * (p_entity.records_read + p_read) then
    perform migration._raise('SF422', 'refusals_exceeded',
      format('%s of %s rows of %s are refused: more than the plan allows.', v_failed, p_entity.records_read + p_read, p_entity.entity_name),
      'Look at migration.dead_letter_summary for the reasons. Mend the plan or the source and start again, or allow more under refusals.');
  end if;
end
$$;
comment on function migration._mind_limit(migration.entity_statuses, bigint, bigint) is
  'Raises SF422 where an entity refuses more rows than its plan allows: what this batch refused is not written then.';

create function migration.load_stage(p_migration_id uuid, p_batch_id uuid, p_attempt integer)
returns table (loaded bigint, failed bigint, left_out bigint) language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_entity migration.entity_statuses;
  v_mapping jsonb;
  v_load_id integer;
  v_own integer;
  v_inserted bigint := 0;
  v_evicted bigint := 0;
  v_skips smallint[];
begin
  select * into v_entity from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  v_mapping := v_entity.definition -> 'mapping';
  v_own := migration._map_entity(v_mapping ->> 'system', v_entity.entity_name);
  v_skips := migration._skips(v_mapping);
  insert into migration.loads (migration_id, entity_status_id, batch_id, loaded_at)
  values (p_migration_id, v_entity.id, p_batch_id, migration.clock()) returning id into v_load_id;
  perform migration._make_rows(v_mapping, migration._map_ids(v_mapping), v_mapping ->> 'select');
  perform migration._mind_existing(v_entity.definition, v_load_id);
  if v_mapping ->> 'strategy' <> 'lookup' then
    select i.loaded, i.evicted into v_inserted, v_evicted from migration._insert_rows(v_batch, v_entity.definition, v_own) i;
  end if;
  select count(*) filter (where r.refused is null), count(*) filter (where r.refused = any (v_skips)), count(*)
    into loaded, left_out, failed from pg_temp.ferry_rows r;
  failed := failed - loaded - left_out;
  if v_mapping ->> 'strategy' <> 'lookup' and v_inserted <> loaded then
    perform migration._raise('SF002', 'rows_not_accounted_for', 'The target took another number of rows than it was given.',
      'Look for a rule or a BEFORE trigger on the target table that drops or adds rows.');
  end if;
  perform migration._mind_limit(v_entity, failed + v_evicted, loaded + failed + left_out);
  perform migration._write_map(v_mapping, v_own, v_load_id, coalesce(
    (select m.begun_empty_by = p_migration_id and not v_batch.task ? 'staged' from migration.map_entities m where m.id = v_own), false));
  if failed > 0 then
    perform migration._dead_letters(v_batch, v_mapping);
  end if;
  loaded := loaded - v_evicted;
  failed := failed + v_evicted;
  return next;
end
$$;
comment on function migration.load_stage(uuid, uuid, integer) is
  'Loads what COPY has put into pg_temp.ferry_stage: rows, map, dead letters; how many rows were loaded, refused and left out. SF001 when fenced, SF002 when rows do not add up, SF422 where too many are refused.';
