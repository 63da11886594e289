-- Owns: taking loaded rows back out of target and map, because it has turned out that they are refused.
-- Called by: uniqueness (the last wins) and settle.sql.
-- Keeps: what is taken back is a dead letter, or left out where its reason skips; nothing is lost.
create function migration._identity_text(p_mapping jsonb) returns text
language sql immutable set search_path = '' as $$
  select case when count(*) = 1 then format('pg_catalog.format(''%%s'', %s)', min(column_name))
    else format('pg_catalog.jsonb_build_array(%s)::text', string_agg(format('pg_catalog.format(''%%s'', %s)', column_name), ', ' order by at)) end
    from (select format('t.%I', p_mapping #>> array['columns', c]) as column_name, at
            from jsonb_array_elements_text(p_mapping -> 'identity') with ordinality x(c, at)) named
$$;
comment on function migration._identity_text(jsonb) is 'Key text of a row t of the target, of an entity whose key is preserved.';

create function migration._take_back(p_batch migration.batches, p_definition jsonb, p_condition text, p_reason jsonb, p_own integer)
returns bigint language plpgsql set search_path = '' set enable_nestloop = off as $$
declare
  v_mapping jsonb := p_definition -> 'mapping';
  v_is_mapped boolean := v_mapping ->> 'id' is not null;
  v_rows bigint;
begin
  execute format('
    with gone as (delete from %s t where %s returning %s as name),
    unmapped as (delete from migration.id_map m using gone g where %s returning m.source_key),
    told as (insert into migration.errors (migration_id, entity_status_id, batch_id, error_type, error_code, error_message,
        source_record_id, context, occurred_at, is_dead_letter)
      select $2, $3, $4, $5 ->> ''kind'', $5 ->> ''code'', ''Row refused: '' || ($5 ->> ''code'') || '' by '' || ($5 ->> ''rule'') || ''.'',
             k.name, jsonb_build_object(''rule'', $5 ->> ''rule'', ''columns'', $5 -> ''columns''), migration.clock(), true
        from (%s) k where not coalesce(($5 ->> ''skips'')::boolean, false))
    select count(*) from gone', migration._target_of(p_definition), p_condition,
    case when v_is_mapped then format('t.%I::text', v_mapping #>> array['columns', v_mapping ->> 'id']) else migration._identity_text(v_mapping) end,
    case when v_is_mapped then 'm.map_entity_id = $1 and m.target_id = g.name::uuid' else 'false' end,
    case when v_is_mapped then 'select source_key as name from unmapped' else 'select name from gone' end)
    into v_rows using p_own, p_batch.migration_id, p_batch.entity_status_id, p_batch.id, p_reason;
  return v_rows;
end
$$;
comment on function migration._take_back(migration.batches, jsonb, text, jsonb, integer) is
  'Takes the rows t of an entity''s target that meet a condition ($1: its id in the map) out of target and map, for a reason as refusals have it. How many.';

create function migration._is_ours(p_mapping jsonb) returns text
language sql immutable set search_path = '' as $$
  select case when p_mapping ->> 'conflict' = 'fail' then 'true' when p_mapping ->> 'id' is null then 'false'
    else format('exists (select from migration.id_map m where m.map_entity_id = $1 and m.target_id = t.%I and m.origin <> ''f'')',
      p_mapping #>> array['columns', p_mapping ->> 'id']) end
$$;
comment on function migration._is_ours(jsonb) is
  'Condition that a row t of the target is one that was loaded. $1: id of the entity in the map. Where nothing tells, it is not.';

create function migration._evict(p_batch migration.batches, p_definition jsonb, p_own integer) returns bigint
language plpgsql set search_path = '' as $$
declare
  v_mapping jsonb := p_definition -> 'mapping';
  v_rule jsonb;
  v_rows bigint := 0;
begin
  for v_rule in select u from jsonb_array_elements(v_mapping -> 'unique') u
                 -- rows that are read again may come before those that are there
                 where u ->> 'wins' = 'last' and p_batch.kind = 'copy' loop
    v_rows := v_rows + migration._take_back(p_batch, p_definition, format(
      'exists (select from pg_temp.ferry_rows r where r.refused is null and %s and not (%s)) and %s',
      migration._equal_in_target(v_mapping, v_rule -> 'columns'), migration._equal_in_target(v_mapping, v_mapping -> 'identity'),
      migration._is_ours(v_mapping)),
      v_mapping #> array['refusals', ((v_rule ->> 'refusal')::integer - 1)::text], p_own);
  end loop;
  perform migration._refuse_taken(v_mapping, migration._target_of(p_definition), 'last');
  return v_rows;
end
$$;
comment on function migration._evict(migration.batches, jsonb, integer) is
  'Where the last of several rows wins: takes those back that earlier batches brought and that lose against this one; a row gives way to others, such as the target had before. Call it when the batch''s own rows are decided.';
