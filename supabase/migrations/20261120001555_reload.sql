-- Owns: rows of a mapped entity that are read again by their keys: for a replay, and for a repair.
-- Called by: function process-batch, after COPY has filled ferry_stage with the rows of certain keys.
-- Keeps: a replay never writes over a row that the target has; a repair replaces exactly its keys; a dead
--   letter is resolved in the transaction that loads its row.
create function migration._others(p_definition jsonb) returns setof text
language sql stable set search_path = '' as $$
  -- an identity that is always generated takes no value of ours
  select quote_ident(a.attname) from pg_catalog.pg_attribute a
   where a.attrelid = migration._target_of(p_definition)::regclass and a.attnum > 0 and not a.attisdropped
     and a.attgenerated = '' and a.attidentity <> 'a' and not p_definition #> '{mapping,columns}' ? a.attname
   order by a.attnum
$$;
comment on function migration._others(jsonb) is 'Quoted columns of the target that the plan does not write.';

create function migration._keep_others(p_definition jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  if exists (select from migration._others(p_definition)) then
    -- whole rows: any name of a table's own would be in the way of one of its columns
    execute format('create temp table ferry_others on commit drop as
      select r.place, row(t.*)::%1$s as image from %1$s t join pg_temp.ferry_rows r on %2$s', migration._target_of(p_definition),
      migration._equal_in_target(p_definition -> 'mapping', p_definition #> '{mapping,identity}'));
  end if;
end
$$;
comment on function migration._keep_others(jsonb) is
  'Keeps what the target has in columns that the plan does not write, in ferry_others, before its rows are made anew.';

create function migration._restore_others(p_definition jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  if to_regclass('pg_temp.ferry_others') is null then
    return;
  end if;
  execute format('update %s t set %s from pg_temp.ferry_rows r join pg_temp.ferry_others o on o.place = r.place
      where r.refused is null and %s', migration._target_of(p_definition),
    (select string_agg(format('%1$s = (o.image).%1$s', x.name), ', ') from migration._others(p_definition) x(name)),
    migration._equal_in_target(p_definition -> 'mapping', p_definition #> '{mapping,identity}'));
end
$$;
comment on function migration._restore_others(jsonb) is 'Puts back what _keep_others has kept.';

create function migration._leave_alone(p_definition jsonb, p_own integer) returns void
language plpgsql set search_path = '' as $$
declare
  v_mapping jsonb := p_definition -> 'mapping';
begin
  if v_mapping ->> 'conflict' = 'fail' then
    return;
  end if;
  -- whose row a map without it does not say, the plan's word decides
  execute format('insert into pg_temp.ferry_there select distinct on (r.place) r.place, row(t.*)::%1$s from pg_temp.ferry_rows r join %1$s t on %2$s
      left join migration.id_map m on m.map_entity_id = $1 and m.source_key = r.key
     where coalesce(m.origin, ''u'') <> ''c'' order by r.place',
    migration._target_of(p_definition), migration._equal_in_target(v_mapping, v_mapping -> 'identity')) using p_own;
  if v_mapping ->> 'conflict' = 'ignore' then
    update pg_temp.ferry_rows r set refused = -1 from pg_temp.ferry_there e where e.place = r.place and r.refused is null;
  end if;
end
$$;
comment on function migration._leave_alone(jsonb, integer) is
  'Finds the rows that the target had before, in ferry_there; where the plan ignores those, they stay as they are (refused -1).';

create function migration._goes(p_mapping jsonb, p_columns jsonb) returns text
language sql stable set search_path = '' as $$
  -- of a row that is refused by now, what the target had before stays, or is put back; without triggers alone
  -- it is put back
  select format('exists (select from pg_temp.ferry_rows r where %s and %s)', migration._equal_in_target(p_mapping, p_columns),
    case when p_mapping ->> 'conflict' <> 'update'
         then '(r.refused is null or r.refused <> -1 and not exists (select from pg_temp.ferry_there e where e.place = r.place))'
         when migration._is_silent() then 'r.refused is distinct from -1'
         else 'not exists (select from pg_temp.ferry_there e where e.place = r.place)' end)
$$;
comment on function migration._goes(jsonb, jsonb) is
  'Condition over a row t of the target that it goes before ferry_rows come, found by these positions of columns.';

create function migration._clear_keys(p_definition jsonb, p_own integer, p_extra text[]) returns bigint
language plpgsql set search_path = '' as $$
declare
  v_mapping jsonb := p_definition -> 'mapping';
  v_target text := migration._target_of(p_definition);
  v_id text := v_mapping #>> array['columns', v_mapping ->> 'id'];
  v_elsewhere text[];
  v_rows bigint;
begin
  if v_mapping ->> 'strategy' = 'lookup' then
    delete from migration.id_map m using pg_temp.ferry_rows r where m.map_entity_id = p_own and m.source_key = r.key;
    return 0;
  end if;
  perform migration._leave_alone(p_definition, p_own);
  perform migration._keep_others(p_definition);
  if v_id is null then
    execute format('delete from %s t where %s = any ($1) or %s', v_target, migration._identity_text(v_mapping),
      migration._goes(v_mapping, v_mapping -> 'identity')) using p_extra;
    get diagnostics v_rows = row_count;
    return v_rows;
  end if;
  with unmapped as (delete from migration.id_map m using pg_temp.ferry_rows r
    where m.map_entity_id = p_own and m.source_key = r.key returning m.target_id, m.origin)
  select coalesce(array_agg(u.target_id::text) filter (where u.origin = 'c'), '{}') into v_elsewhere from unmapped u;
  -- where a map led astray, the row may be another key's
  execute format('delete from %1$s t where %4$s
        or t.%2$I = any ($2) and not exists (select from migration.id_map m where m.map_entity_id = $1 and m.target_id = t.%2$I)
             and not exists (select from pg_temp.ferry_rows r where r.c%3$s = t.%2$I)',
    v_target, v_id, v_mapping ->> 'id', migration._goes(v_mapping, jsonb_build_array(v_mapping -> 'id'))) using p_own, (p_extra || v_elsewhere)::uuid[];
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;
comment on function migration._clear_keys(jsonb, integer, text[]) is
  'Takes the rows of ferry_rows'' keys out of target and map, and further rows of the target by their ids. Rows that the target had before, where the plan ignores them, and rows of other keys stay.';

create function migration._supersede(p_definition jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  v_mapping jsonb := p_definition -> 'mapping';
begin
  if v_mapping ->> 'strategy' = 'lookup' then
    return;
  end if;
  execute format('update pg_temp.ferry_rows r set refused = -1 where r.refused is null and exists (select from %s t where %s)',
    migration._target_of(p_definition), migration._equal_in_target(v_mapping, v_mapping -> 'identity'));
end
$$;
comment on function migration._supersede(jsonb) is 'Leaves rows alone that the target has a version of: it is newer than what was refused.';

create function migration._settle_dead_letters(p_batch migration.batches, p_mapping jsonb, p_actor text) returns void
language plpgsql set search_path = '' as $$
begin
  -- what is refused again keeps its dead letter, with the reason of now
  update migration.errors d set error_code = l.error_code, error_type = l.error_type, sqlstate = l.sqlstate,
         error_message = l.error_message, context = l.context || jsonb_build_object('batch_number', p_batch.batch_number)
    from migration._refused_rows(p_mapping) l
   where d.entity_status_id = p_batch.entity_status_id and d.is_dead_letter and not d.is_resolved
     and d.source_record_id = l.source_record_id;
  insert into migration.errors (migration_id, entity_status_id, batch_id, error_type, error_code, sqlstate,
    error_message, source_record_id, context, occurred_at, is_dead_letter)
  select p_batch.migration_id, p_batch.entity_status_id, p_batch.id, l.error_type, l.error_code, l.sqlstate, l.error_message,
         l.source_record_id, l.context || jsonb_build_object('batch_number', p_batch.batch_number), migration.clock(), true
    from migration._refused_rows(p_mapping) l
   where not exists (select from migration.errors d where d.entity_status_id = p_batch.entity_status_id
     and d.is_dead_letter and (not d.is_resolved or d.resolution = 'dismissed') and d.source_record_id = l.source_record_id);
  update migration.errors d set is_resolved = true, resolved_at = migration.clock(), resolved_by = p_actor,
         resolution = case when r.key is null or r.refused <> -1 then 'gone' when r.refused = -1 then 'superseded' else 'replayed' end
    from migration.errors o left join pg_temp.ferry_rows r on r.key = o.source_record_id
   where o.entity_status_id = p_batch.entity_status_id and o.is_dead_letter and not o.is_resolved
     and d.id = o.id and d.occurred_at = o.occurred_at
     and case when r.key is null then o.replay_batch_id = p_batch.id
              else r.refused is null or r.refused = -1
                or coalesce((p_mapping #>> array['refusals', (r.refused - 1)::text, 'skips'])::boolean, false) end;
end
$$;
comment on function migration._settle_dead_letters(migration.batches, jsonb, text) is
  'Resolves the dead letters whose rows are in now, are in the target in a newer version, are left out, or are gone at the source; the others tell the reason of now.';

create function migration._settle_circle(p_batch migration.batches) returns table (entity_status_id uuid, refused bigint, left_out bigint)
language plpgsql set search_path = '' as $$
declare
  v_entity migration.entity_statuses;
begin
  if exists (select from migration.batches b where b.migration_id = p_batch.migration_id and b.pass_id = p_batch.pass_id
       and b.status <> 'completed' and b.id <> p_batch.id
       and b.entity_status_id in (select c.id from migration._circle(p_batch.entity_status_id) c)) then
    return;  -- a parent may come with a later batch
  end if;
  for v_entity in
    select e.* from migration._circle(p_batch.entity_status_id) e
     where exists (select from migration.entity_dependencies d where d.entity_status_id = e.id and d.kind = 'settle')
     order by e.dependency_order
  loop
    p_batch.entity_status_id := v_entity.id;
    return query
      select v_entity.id, s.refused, s.left_out
        from migration._settle(p_batch, v_entity.definition,
          migration._map_entity(v_entity.definition #>> '{mapping,system}', v_entity.entity_name)) s
       where s.refused + s.left_out > 0;
  end loop;
end
$$;
comment on function migration._settle_circle(migration.batches) is
  'In the last batch of a pass that is about a circle, before those that refer to it: settles its entities; rows of each that went. The batches come one after the other.';

create function migration._settle_pass(p_batch migration.batches) returns void
language plpgsql set search_path = '' as $$
begin
  -- batches of an entity may be long done
  update migration.entity_statuses e
     set records_failed = n.letters, records_filtered = e.records_filtered + s.left_out,
         records_processed = e.records_read - n.letters - e.records_filtered - s.left_out
    from migration._settle_circle(p_batch) s cross join lateral (select migration._live_letters(s.entity_status_id) as letters) n
   where e.id = s.entity_status_id;
end
$$;
comment on function migration._settle_pass(migration.batches) is
  'Settles the circle of a repair or replay, and counts what went: of the rows that the copy has read.';

create function migration.reload_stage(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_replace boolean, p_extra text[], p_actor text)
returns table (removed bigint, loaded bigint) language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_entity migration.entity_statuses;
  v_mapping jsonb;
  v_own integer;
  v_load_id integer;
  v_inserted bigint := 0;
begin
  select * into v_entity from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  v_mapping := v_entity.definition -> 'mapping';
  v_own := migration._map_entity(v_mapping ->> 'system', v_entity.entity_name);
  insert into migration.loads (migration_id, entity_status_id, batch_id, loaded_at)
  values (p_migration_id, v_entity.id, p_batch_id, migration.clock()) returning id into v_load_id;
  perform migration._make_rows(v_mapping, migration._map_ids(v_mapping), v_mapping ->> 'select');
  execute format('create temp table ferry_there (place tid primary key, image %s) on commit drop', migration._target_of(v_entity.definition));
  removed := 0;
  if p_replace then
    removed := migration._clear_keys(v_entity.definition, v_own, p_extra);
  else
    perform migration._supersede(v_entity.definition);
  end if;
  if v_mapping ->> 'strategy' <> 'lookup' then
    select i.loaded into v_inserted from migration._insert_rows(v_batch, v_entity.definition, v_own) i;
  end if;
  perform migration._restore_others(v_entity.definition);
  select count(*) into loaded from pg_temp.ferry_rows r where r.refused is null;
  if v_mapping ->> 'strategy' <> 'lookup' and v_inserted <> loaded then
    perform migration._raise('SF002', 'rows_not_accounted_for', 'The target took another number of rows than it was given.',
      'Look for a rule or a BEFORE trigger on the target table that drops or adds rows.');
  end if;
  perform migration._write_map(v_mapping, v_own, v_load_id, false);
  perform migration._settle_dead_letters(v_batch, v_mapping, p_actor);
  perform migration._settle_pass(v_batch);
  return next;
end
$$;
comment on function migration.reload_stage(uuid, uuid, integer, boolean, text[], text) is
  'Loads the rows of the stage again. p_replace: what the target has of their keys goes first, and the rows of p_extra; otherwise it is newer and stays. SF001, SF002.';
