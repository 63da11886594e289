-- Owns: what a batch of a verification, or of a repair, does with the rows of a mapped entity.
-- Called by: function process-batch, for batches of kind verify and repair, after COPY has filled ferry_stage.
-- Keeps: every row of the source is in the target as the plan has it, or it is a dead letter, or the plan
--   leaves it out; nothing else is in the target, as far as it was empty when the migration began.
create function migration._key_array(p_key text, p_definition jsonb) returns jsonb
language sql immutable set search_path = '' as $$
  select case when jsonb_array_length(p_definition -> 'key') > 1 then p_key::jsonb else jsonb_build_array(p_key) end
$$;
comment on function migration._key_array(text, jsonb) is 'A key text as findings have keys: an array of texts.';

create function migration._is_mixed(p_definition jsonb) returns boolean
language sql immutable set search_path = '' as $$
  select p_definition #>> '{mapping,id}' is null and p_definition #>> '{mapping,conflict}' <> 'fail'
$$;
comment on function migration._is_mixed(jsonb) is
  'Whether nothing tells the rows that were loaded from those that the target had: preserved keys into a table with rows.';

create function migration._stage_findings(p_definition jsonb, p_after jsonb, p_through jsonb) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_is_open_question boolean := migration._is_mixed(p_definition) and p_definition #>> '{mapping,conflict}' = 'ignore';
  v_found jsonb;
  v_rows bigint;
begin
  create temp table ferry_found on commit drop as
    select distinct c.kind, migration._key_array(c.key, p_definition) as key,
           case when c.kind = 'changed' then to_jsonb(c.columns) else '[]' end as columns,
           case when c.kind = 'duplicates' then jsonb_build_object('source_count', 1, 'target_count', c.copies) else '{}' end as detail
      from pg_temp.ferry_compared c where c.kind is not null
    union all
    select 'extra', case when x.key is null then jsonb_build_array(x.target_key) else migration._key_array(x.key, p_definition) end, '[]',
           case when x.key is null then jsonb_build_object('target_key', x.target_key) else '{}' end
      from pg_temp.ferry_sourceless x where x.is_named;
  select count(*) into v_rows from pg_temp.ferry_found;
  select jsonb_agg(to_jsonb(f) || case when v_is_open_question and f.kind = 'changed' then '{"severity": "warning"}' else '{}'::jsonb end)
    into v_found from (select * from pg_temp.ferry_found limit 1000) f;
  return coalesce(v_found, '[]') || case when v_rows <= 1000 then '[]' else jsonb_build_array(jsonb_build_object(
    'kind', 'range', 'columns', '[]'::jsonb, 'detail', jsonb_build_object('rows', v_rows),
    'range', jsonb_build_object('after', nullif(p_after, '[]'), 'through', p_through))) end;
end
$$;
comment on function migration._stage_findings(jsonb, jsonb, jsonb) is
  'What ferry_compared and ferry_sourceless have found: up to 1000 by name, and the range where there are more. target_key: the key is not one of the source. A warning where the row may be one that the target had.';

create function migration.check_stage(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_values boolean)
returns table (source_rows bigint, target_rows bigint, findings jsonb)
language plpgsql set search_path = '' set work_mem = '64MB' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_entity migration.entity_statuses;
  v_own integer;
  v_first boolean := v_batch.range_after = '[]';
  v_is_mixed boolean;
  v_looks_for_all boolean;
  v_range text;
begin
  select * into v_entity from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  v_own := migration._map_entity(v_entity.definition #>> '{mapping,system}', v_entity.entity_name);
  v_is_mixed := migration._is_mixed(v_entity.definition);
  v_looks_for_all := v_entity.definition #>> '{mapping,conflict}' = 'fail' and v_entity.definition #>> '{mapping,strategy}' <> 'lookup';
  perform migration._compare(v_entity, v_own, p_values, true);
  create temp table ferry_sourceless (key text, target_key text, is_counted boolean, is_named boolean) on commit drop;
  v_range := case when not v_is_mixed then migration._range_condition(v_entity.definition, v_batch.range_after, v_batch.range_through) end;
  if v_range is not null then
    perform migration._find_sourceless(v_entity, v_own, v_range);
  end if;
  if v_first then
    perform migration._find_unmapped(v_entity, v_own);
  end if;
  source_rows := (select count(distinct c.key) from pg_temp.ferry_compared c where not c.skips);
  if v_range is null and not v_is_mixed then
    target_rows := case when v_first then migration._rows_there(v_entity, v_own) else 0 end;
  else
    -- a row that the map does not know is counted by the batch that looks for all of those
    select count(*) filter (where c.is_there and not (c.is_unclaimed and v_looks_for_all) and (c.kind = 'extra' or not c.is_dead and not c.skips))
             + (select count(*) from pg_temp.ferry_sourceless x where x.is_counted)
      into target_rows from pg_temp.ferry_compared c;
  end if;
  findings := migration._stage_findings(v_entity.definition, v_batch.range_after, v_batch.range_through);
  return next;
end
$$;
comment on function migration.check_stage(uuid, uuid, integer, boolean) is
  'Holds the rows of the stage against the target: rows that are to be there, rows that are, findings. p_values: whether columns are compared, too. SF001 when fenced.';

create function migration.narrow_stage(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_keys jsonb, p_ranges jsonb) returns text[]
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_entity migration.entity_statuses;
  v_own integer;
  v_range jsonb;
  v_condition text;
  v_gone text[];
begin
  select * into v_entity from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  v_own := migration._map_entity(v_entity.definition #>> '{mapping,system}', v_entity.entity_name);
  perform migration._compare(v_entity, v_own, true, true);
  create temp table ferry_sourceless (key text, target_key text, is_counted boolean, is_named boolean) on commit drop;
  for v_range in select r from jsonb_array_elements(p_ranges) r where not migration._is_mixed(v_entity.definition) loop
    v_condition := migration._range_condition(v_entity.definition, coalesce(nullif(v_range -> 0, 'null'), '[]'), nullif(v_range -> 1, 'null'));
    continue when v_condition is null;
    perform migration._find_sourceless(v_entity, v_own, v_condition);
  end loop;
  -- those were found with the first rows
  if exists (select from jsonb_array_elements(p_ranges) r where r -> 0 = 'null') then
    perform migration._find_unmapped(v_entity, v_own);
  end if;
  insert into pg_temp.ferry_sourceless (key)
  select case jsonb_array_length(k) when 1 then k ->> 0 else k::text end from jsonb_array_elements(p_keys) k;
  delete from pg_temp.ferry_sourceless x using pg_temp.ferry_rows e where e.key = x.key;
  if v_entity.definition #>> '{mapping,id}' is null then
    v_gone := array(select x.key from pg_temp.ferry_sourceless x where not migration._is_mixed(v_entity.definition));
  else
    with unmapped as (delete from migration.id_map m using pg_temp.ferry_sourceless x
      where m.map_entity_id = v_own and m.source_key = x.key returning m.target_id, m.origin)
    select coalesce(array_agg(u.target_id::text) filter (where u.origin = 'c'), '{}') into v_gone from unmapped u;
    v_gone := v_gone || array(select x.target_key from pg_temp.ferry_sourceless x where x.target_key is not null and x.is_named);
  end if;
  execute format('delete from pg_temp.ferry_stage s where not exists (select from pg_temp.ferry_compared c where c.kind is not null and c.key = %s)',
    v_entity.definition #>> '{mapping,key}');
  drop table pg_temp.ferry_rows, pg_temp.ferry_refused, pg_temp.ferry_compared, pg_temp.ferry_sourceless;
  return v_gone;
end
$$;
comment on function migration.narrow_stage(uuid, uuid, integer, jsonb, jsonb) is
  'Leaves those rows in the stage that differ now, and takes keys out of the map that the source has no more: returns the rows of the target that went with them. p_keys: keys of findings; p_ranges: [after, through], in the stage as a whole. SF001 when fenced.';
