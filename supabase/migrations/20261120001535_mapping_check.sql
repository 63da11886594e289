-- Owns: the comparison of a mapped entity: the rows of a range, staged and computed anew, against what the
--   target has.
-- Called by: function process-batch, for batches of kind verify, after COPY has filled ferry_stage.
-- Keeps: every row of the source is in the target as the plan has it, or it is a dead letter, or the plan
--   leaves it out; ids and references are computed from the source's keys again, not read from the map.
create function migration._compared_columns(p_definition jsonb, out expected text, out found text, out differing text)
language sql stable set search_path = '' as $$
  with typed as (
    select x.name, x.at, format('e.c%s::%s', x.at - 1, format_type(a.atttypid, a.atttypmod)) as value
      from jsonb_array_elements_text(p_definition #> '{mapping,columns}') with ordinality x(name, at)
      join pg_catalog.pg_attribute a on a.attrelid = migration._target_of(p_definition)::regclass and a.attname = x.name)
  -- as rows: a cast to text may be a user's own, and NULL is not an empty text
  select format('row(%s)::text', string_agg(value, ', ' order by at)),
         format('row(%s)::text', string_agg(format('t.%I', name), ', ' order by at)),
         format('array_remove(array[%s]::text[], null)', string_agg(
           format('case when row(%s)::text <> row(t.%I)::text then %L end', value, name, name), ', ' order by at))
    from typed
$$;
comment on function migration._compared_columns(jsonb) is
  'Of a computed row e and a row t of the target: their texts, and the names of the columns that differ.';

create function migration._compare_statement(p_definition jsonb) returns text
language plpgsql stable set search_path = '' as $$
declare
  v_mapping jsonb := p_definition -> 'mapping';
  v_text record;
begin
  select * into v_text from migration._compared_columns(p_definition);
  -- of a row that the target had, nothing is ours to compare
  return format('
    select e.key, coalesce(f.skips, false) as skips, x.is_dead, m.target_id is not null as is_mapped, m.origin,
           %1$s as wrong_id, t.is_there, t.columns
      from pg_temp.ferry_rows e
      left join migration.id_map m on m.map_entity_id = $1 and m.source_key = e.key
     cross join lateral (select ($2 #>> array[(e.refused - 1)::text, ''skips''])::boolean as skips) f
     cross join lateral (select exists (select from migration.errors d where d.entity_status_id = $3
        and d.source_record_id = e.key and d.is_dead_letter and (not d.is_resolved or d.resolution = ''dismissed'')) as is_dead) x
      left join lateral (select true as is_there, case when $4 and coalesce(m.origin, ''c'') <> ''f'' and %2$s <> %3$s then %4$s end as columns
        from %5$s t where %6$s) t on true',
    case when v_mapping ->> 'id' is null then 'false' else format('m.target_id <> e.c%s', v_mapping ->> 'id') end,
    v_text.expected, v_text.found, v_text.differing, migration._target_of(p_definition),
    replace(migration._equal_in_target(v_mapping, v_mapping -> 'identity'), 'r.c', 'e.c'));
end
$$;
comment on function migration._compare_statement(jsonb) is
  'One row for each of ferry_rows: whether it is a dead letter, mapped, there, and what differs. $1 id in the map, $2 refusals, $3 entity, $4 whether values count.';

create function migration._extra_rows(p_entity migration.entity_statuses, p_own integer)
returns table (name text) language plpgsql stable set search_path = '' as $$
declare
  v_mapping jsonb := p_entity.definition -> 'mapping';
begin
  if v_mapping ->> 'id' is null or v_mapping ->> 'strategy' = 'lookup' or v_mapping ->> 'conflict' <> 'fail' then
    return;
  end if;
  return query execute format('select t.%1$I::text from %2$s t
    where not exists (select from migration.id_map m where m.map_entity_id = $1 and m.target_id = t.%1$I) limit 1000',
    v_mapping #>> array['columns', v_mapping ->> 'id'], migration._target_of(p_entity.definition)) using p_own;
end
$$;
comment on function migration._extra_rows(migration.entity_statuses, integer) is
  'Ids of rows of the target that no row of the source has become, up to 1000; none where the target had rows of its own.';

create function migration._surplus(p_entity migration.entity_statuses) returns bigint
language plpgsql stable set search_path = '' as $$
declare
  v_mapping jsonb := p_entity.definition -> 'mapping';
  v_rows bigint;
begin
  if v_mapping ->> 'id' is not null or v_mapping ->> 'conflict' <> 'fail' then
    return 0;
  end if;
  execute format('select count(*) from %s', migration._target_of(p_entity.definition)) into v_rows;
  return greatest(0, v_rows - p_entity.records_processed);
end
$$;
comment on function migration._surplus(migration.entity_statuses) is
  'Rows that the target has more than were loaded, of an entity that has no map to tell which.';

create function migration.check_stage(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_values boolean, p_first boolean)
returns table (source_rows bigint, target_rows bigint, findings jsonb) language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_entity migration.entity_statuses;
  v_mapping jsonb;
  v_own integer;
begin
  select * into v_entity from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  v_mapping := v_entity.definition -> 'mapping';
  v_own := migration._map_entity(v_mapping ->> 'system', v_entity.entity_name);
  perform migration._make_rows(v_mapping, migration._map_ids(v_mapping), v_mapping ->> 'expected');
  create temp table ferry_compared (key text, skips boolean, is_dead boolean, is_mapped boolean, origin "char",
    wrong_id boolean, is_there boolean, columns text[], kind text) on commit drop;
  execute 'insert into pg_temp.ferry_compared (key, skips, is_dead, is_mapped, origin, wrong_id, is_there, columns) '
    || migration._compare_statement(v_entity.definition)
    using v_own, v_mapping -> 'refusals', v_entity.id, p_values;
  update pg_temp.ferry_compared c set kind = case
      when c.is_dead or c.skips then case when c.is_there and coalesce(c.origin, 'c') <> 'f' then 'extra' end
      when c.is_there is null then 'missing'
      when v_own is not null and (not c.is_mapped or c.wrong_id) or c.columns <> '{}' then 'changed' end;
  return query
    with extra as (select x.name from migration._extra_rows(v_entity, v_own) x where p_first)
    select count(*) filter (where not c.skips),
           count(*) filter (where c.is_there and not c.skips and not (c.is_dead and coalesce(c.origin, 'c') = 'f')) + (select count(*) from extra)
             + case when p_first then migration._surplus(v_entity) else 0 end,
           coalesce((select jsonb_agg(f.finding) from (
             select jsonb_build_object('kind', k.kind, 'key', migration._key_array(k.key, v_entity.definition), 'columns',
                      case when k.kind = 'changed' then to_jsonb(case when k.wrong_id or not k.is_mapped and v_own is not null
                        then array[v_mapping #>> array['columns', v_mapping ->> 'id']] || coalesce(k.columns, '{}') else k.columns end)
                      else '[]' end) as finding
               from pg_temp.ferry_compared k where k.kind is not null limit 1000) f), '[]')
           || coalesce((select jsonb_agg(jsonb_build_object('kind', 'extra', 'key', jsonb_build_array(x.name), 'columns', jsonb_build_array(),
                'detail', jsonb_build_object('target_key', x.name))) from extra x), '[]')
           || case when count(*) filter (where c.kind is not null) > 1000 then jsonb_build_array(jsonb_build_object('kind', 'range', 'columns', jsonb_build_array(),
                'detail', jsonb_build_object('rows', count(*) filter (where c.kind is not null)))) else '[]' end
      from pg_temp.ferry_compared c;
end
$$;
comment on function migration.check_stage(uuid, uuid, integer, boolean, boolean) is
  'Holds the rows of the stage against the target: rows that are to be there, rows that are, findings (kind, key, columns). p_first: rows without a source are looked for, too. SF001 when fenced.';

create function migration._key_array(p_key text, p_definition jsonb) returns jsonb
language sql immutable set search_path = '' as $$
  select case when jsonb_array_length(p_definition -> 'key') > 1 then p_key::jsonb else jsonb_build_array(p_key) end
$$;
comment on function migration._key_array(text, jsonb) is 'A key text as findings have keys: an array of texts.';
