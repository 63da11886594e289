-- Owns: bringing the target in step with rows that were read again: what differs is written, nothing else.
-- Called by: function process-batch, for batches of kind sync and reconcile, after COPY has filled ferry_stage.
-- Keeps: applying twice, late, or in another order ends the same, because rows are compared as they are now;
--   an old version stays where its new one is refused; a row that is refused is a dead letter, one that is
--   taken after all resolves it.
create function migration._narrow_to_changes(p_entity migration.entity_statuses, p_own integer) returns void
language plpgsql set search_path = '' as $$
begin
  perform migration._compare(p_entity, p_own, true, false);
  create temp table ferry_left_out on commit drop as
    select c.key from pg_temp.ferry_compared c where c.skips and c.kind = 'extra';
  -- a dead letter is tried again, whatever else there is to it
  execute format('delete from pg_temp.ferry_stage s where not exists (select from pg_temp.ferry_compared c
      where c.key = %s and (c.kind is not null or c.is_dead) and not c.skips)', p_entity.definition #>> '{mapping,key}');
end
$$;
comment on function migration._narrow_to_changes(migration.entity_statuses, integer) is
  'Leaves those rows in the stage that are not in the target as they are at the source. ferry_left_out: those that the plan leaves out, and the target has.';

create function migration._take_first_images(p_entity_status_id uuid, p_definition jsonb, p_own integer, p_load_id integer) returns void
language plpgsql set search_path = '' as $$
begin
  if not p_definition ? 'existed' then
    return;  -- every row of such a table was brought here: taking it back is removing it
  end if;
  insert into migration.before_images (load_id, source_key, target_table, image, taken_at)
  select p_load_id, r.key, migration._target_of(p_definition), e.image::text, migration.clock()
    from pg_temp.ferry_there e join pg_temp.ferry_rows r on r.place = e.place
   where not exists (select from migration.id_map m where m.map_entity_id = p_own and m.source_key = r.key and m.origin = 'c')
     and not exists (select from migration.before_images b join migration.loads l on l.id = b.load_id
           where l.entity_status_id = p_entity_status_id and b.source_key = r.key);
end
$$;
comment on function migration._take_first_images(uuid, jsonb, integer, integer) is
  'Keeps rows that the target had before the migration, once each, as they were before the first version of ours.';

create function migration._find_there(p_definition jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  execute format('create temp table ferry_there (place tid primary key, image %s) on commit drop', migration._target_of(p_definition));
  execute format('insert into pg_temp.ferry_there
    select distinct on (r.place) r.place, row(t.*)::%1$s from pg_temp.ferry_rows r join %1$s t on %2$s where r.refused is null',
    migration._target_of(p_definition), migration._equal_in_target(p_definition -> 'mapping', p_definition #> '{mapping,identity}'));
end
$$;
comment on function migration._find_there(jsonb) is 'The rows of the target that ferry_rows are new versions of, in ferry_there.';

create function migration._remove_there(p_definition jsonb) returns void
language plpgsql set search_path = '' set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  if migration._is_silent() then
    -- so that no old version stands in the way of another row's new one; a few rows of a large table, each by its key
    execute format('delete from %s t using pg_temp.ferry_there e join pg_temp.ferry_rows r on r.place = e.place where %s',
      migration._target_of(p_definition), migration._equal_in_target(p_definition -> 'mapping', p_definition #> '{mapping,identity}'));
  end if;
end
$$;
comment on function migration._remove_there(jsonb) is 'Takes old versions out until their new ones, or they themselves, are written.';

create function migration._map_changes(p_mapping jsonb, p_own integer, p_load_id integer) returns void
language plpgsql set search_path = '' as $$
begin
  if p_mapping ->> 'id' is null then
    return;
  end if;
  -- how a row first came stays what it was
  execute format('insert into migration.id_map (map_entity_id, source_key, target_id, load_id, origin)
    select $1, r.key, r.c%s, $2, case when $3 = ''lookup'' then ''f'' when e.place is not null then ''u'' else ''c'' end::"char"
      from pg_temp.ferry_rows r left join pg_temp.ferry_there e on e.place = r.place where r.refused is null
    on conflict (map_entity_id, source_key) do update set target_id = excluded.target_id, load_id = excluded.load_id
      where id_map.target_id <> excluded.target_id', p_mapping ->> 'id') using p_own, p_load_id, p_mapping ->> 'strategy';
end
$$;
comment on function migration._map_changes(jsonb, integer, integer) is 'Records new rows in the map.';

create function migration._write_changes(p_batch migration.batches, p_entity migration.entity_statuses, p_own integer,
  out inserted bigint, out updated bigint, out refused bigint)
language plpgsql set search_path = '' as $$
declare
  v_definition jsonb := p_entity.definition;
  v_mapping jsonb := v_definition -> 'mapping';
  v_skips smallint[] := migration._skips(v_mapping);
  v_load_id integer;
  v_written bigint;
begin
  drop table pg_temp.ferry_rows, pg_temp.ferry_refused;
  insert into migration.loads (migration_id, entity_status_id, batch_id, loaded_at)
  values (p_batch.migration_id, p_entity.id, p_batch.id, migration.clock()) returning id into v_load_id;
  perform migration._make_rows(v_mapping, migration._map_ids(v_mapping), v_mapping ->> 'select');
  if v_mapping ->> 'strategy' = 'lookup' then
    execute format('create temp table ferry_there (place tid primary key, image %s) on commit drop', migration._target_of(v_definition));
  else
    perform migration._find_there(v_definition);
    perform migration._take_first_images(p_entity.id, v_definition, p_own, v_load_id);
    perform migration._remove_there(v_definition);
    select i.loaded into v_written from migration._insert_rows(p_batch, v_definition, p_own) i;
  end if;
  select count(*) filter (where r.refused is null and e.place is null), count(*) filter (where r.refused is null and e.place is not null),
         count(*) filter (where r.refused is not null and r.refused <> all (v_skips))
    into inserted, updated, refused
    from pg_temp.ferry_rows r left join pg_temp.ferry_there e on e.place = r.place;
  if v_written <> inserted + updated then
    perform migration._raise('SF002', 'rows_not_accounted_for', 'The target took another number of rows than it was given.',
      'Look for a rule or a BEFORE trigger on the target table that drops or adds rows.');
  end if;
  perform migration._mind_limit(p_entity, refused, inserted + updated + refused);
  perform migration._map_changes(v_mapping, p_own, v_load_id);
  perform migration._settle_dead_letters(p_batch, v_mapping, 'sync');
end
$$;
comment on function migration._write_changes(migration.batches, migration.entity_statuses, integer) is
  'Writes the rows that are left in the stage: new ones and new versions; refused ones become dead letters.';

create function migration._letters_in(p_definition jsonb, p_range text) returns text
language sql stable set search_path = '' as $$
  -- the range is one over rows m of the map, or over rows t of the target where the key is preserved
  select format('select m.source_key from (select distinct d.source_record_id as source_key from migration.errors d
      where d.entity_status_id = $1 and d.is_dead_letter and not d.is_resolved) m%s where %s',
    case when p_definition #>> '{mapping,id}' is null then format(' cross join lateral (select %s from (
        select migration._key_array(m.source_key, $2) as parts) k) t', (
      select string_agg(format('(k.parts ->> %s)::%s as %I', at - 1, k ->> 'type',
               p_definition #>> array['mapping', 'columns', p_definition #>> array['mapping', 'identity', (at - 1)::text]]), ', ' order by at)
        from jsonb_array_elements(p_definition -> 'key') with ordinality x(k, at))) else '' end, p_range)
$$;
comment on function migration._letters_in(jsonb, text) is
  'Query for the keys (source_key) of an entity''s dead letters in a range. $1: the entity, $2: its definition.';

create function migration._note_missing(p_batch migration.batches, p_entity migration.entity_statuses, p_own integer, p_keys jsonb, p_complete boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_range text;
begin
  create temp table ferry_sourceless (key text, target_key text, is_counted boolean, is_named boolean) on commit drop;
  insert into pg_temp.ferry_sourceless (key)
  select case jsonb_array_length(k) when 1 then k ->> 0 else k::text end from jsonb_array_elements(coalesce(p_keys, '[]')) k;
  delete from pg_temp.ferry_sourceless x using pg_temp.ferry_rows e where e.key = x.key;
  if p_complete and not migration._is_mixed(p_entity.definition) then
    v_range := migration._range_condition(p_entity.definition, p_batch.range_after, p_batch.range_through);
    if v_range is not null then
      perform migration._find_sourceless(p_entity, p_own, v_range);
      execute format('insert into pg_temp.ferry_sourceless (key) select l.source_key from (%s) l
        where not exists (select from pg_temp.ferry_rows e where e.key = l.source_key)', migration._letters_in(p_entity.definition, v_range))
        using p_entity.id, p_entity.definition;
    end if;
  end if;
  perform migration._note_gone(p_batch, p_entity.definition, p_own, array(select distinct x.key from pg_temp.ferry_sourceless x), 'gone');
  perform migration._note_gone(p_batch, p_entity.definition, p_own, array(select l.key from pg_temp.ferry_left_out l), 'refused');
end
$$;
comment on function migration._note_missing(migration.batches, migration.entity_statuses, integer, jsonb, boolean) is
  'Notes the keys that were asked for and are not at the source, what the target has in a range that was staged whole, and rows that the plan leaves out by now.';

create function migration.apply_changes(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_keys jsonb, p_complete boolean)
returns table (inserted bigint, updated bigint, refused bigint) language plpgsql set search_path = '' set work_mem = '64MB' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_entity migration.entity_statuses;
  v_own integer;
  v_returned bigint;
begin
  select * into v_entity from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  v_entity.definition := migration._sync_definition(v_entity.definition);
  v_own := migration._map_entity(v_entity.definition #>> '{mapping,system}', v_entity.entity_name);
  perform migration._narrow_to_changes(v_entity, v_own);
  perform migration._note_missing(v_batch, v_entity, v_own, p_keys, p_complete);
  v_returned := migration._return_rows(v_entity.id, v_entity.definition);
  inserted := 0; updated := 0; refused := 0;
  if exists (select from pg_temp.ferry_stage) then
    -- what is written again is an update, whatever the first copy was to do about rows in its way
    v_entity.definition := jsonb_set(v_entity.definition, '{mapping,conflict}',
      case v_entity.definition #>> '{mapping,conflict}' when 'ignore' then '"ignore"' else '"update"' end::jsonb);
    select w.inserted, w.updated, w.refused into inserted, updated, refused from migration._write_changes(v_batch, v_entity, v_own) w;
    if v_entity.definition #>> '{sync,invalid}' = 'delete' then
      perform migration._note_gone(v_batch, v_entity.definition, v_own,
        array(select r.key from pg_temp.ferry_rows r where r.refused > 0), 'refused');
    end if;
  end if;
  updated := updated + v_returned;
  return next;
end
$$;
comment on function migration.apply_changes(uuid, uuid, integer, jsonb, boolean) is
  'Writes what differs between the rows of the stage and the target, and notes what is gone. p_keys: keys that were asked for, or null; p_complete: the stage has all rows of the batch''s range. SF001 when fenced, SF002, SF422 where too many are refused.';
