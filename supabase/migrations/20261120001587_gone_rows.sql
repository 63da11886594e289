-- Owns: the list of rows that the target has and the source has no more.
-- Called by: apply_changes.sql and function process-batch (reconcile) note; deletes.sql takes away.
-- Keeps: nothing is taken away here; only what the target knows is noted; what comes back leaves the list.
create function migration._target_by_parts(p_definition jsonb, p_parts text) returns text
language sql stable set search_path = '' as $$
  -- typed where one cast cannot fail and an index may serve; by text otherwise
  select string_agg(case when x.type = t.type or x.type in ('smallint', 'integer', 'bigint') and t.type in ('smallint', 'integer', 'bigint', 'numeric')
           then format('t.%I = (%s ->> %s)::%s', t.attname, p_parts, x.at - 1, x.type)
           else format('pg_catalog.format(''%%s'', t.%I) = %s ->> %s', t.attname, p_parts, x.at - 1) end, ' and ' order by x.at)
    from (select regexp_replace(k ->> 'type', '\(.*\)', '') as type, at::integer
            from jsonb_array_elements(p_definition -> 'key') with ordinality y(k, at)) x
    join lateral (select a.attname, format_type(a.atttypid, null) as type from pg_catalog.pg_attribute a
      where a.attrelid = migration._target_of(p_definition)::regclass
        and a.attname = p_definition #>> array['mapping', 'columns', p_definition #>> array['mapping', 'identity', (x.at - 1)::text]]) t on true
$$;
comment on function migration._target_by_parts(jsonb, text) is
  'Condition that a row t of the target has a preserved key. p_parts: SQL of the key as an array of texts.';

create function migration._knows(p_definition jsonb) returns text
language sql stable set search_path = '' as $$
  select case when p_definition #>> '{mapping,id}' is null
    then format('exists (select from %s t where %s and not %s)', migration._target_of(p_definition),
      migration._target_by_parts(p_definition, 'k.parts'), migration._is_marked(p_definition))
    else format('exists (select from migration.id_map m join migration.loads l on l.id = m.load_id and l.entity_status_id = $2
        left join %1$s t on t.%2$I = m.target_id where m.map_entity_id = $3 and m.source_key = k.key and not coalesce(%3$s, false))
      or k.key ~ ''^=[0-9a-f-]{36}$'' and exists (select from %1$s t where t.%2$I = substr(k.key, 2)::uuid and not %3$s)',
      migration._target_of(p_definition), p_definition #>> array['mapping', 'columns', p_definition #>> '{mapping,id}'],
      migration._is_marked(p_definition)) end
$$;
comment on function migration._knows(jsonb) is
  'Condition that the target has a row of a key k (key, parts) that is not marked yet. $2: entity, $3: its id in the map. What other migrations have mapped is theirs.';

create function migration._has_dead_letter(p_key text) returns text
language sql immutable set search_path = '' as $$
  select format('exists (select from migration.errors d where d.entity_status_id = $2 and d.source_record_id = %s
    and d.is_dead_letter and not d.is_resolved)', p_key)
$$;
comment on function migration._has_dead_letter(text) is 'Condition that a key has an unresolved dead letter. $2: entity.';

create function migration._note_gone(p_batch migration.batches, p_definition jsonb, p_own integer, p_keys text[],
  p_reason text default 'gone') returns bigint
language plpgsql set search_path = '' as $$
declare
  v_rows bigint;
begin
  execute format('insert into migration.gone_rows (entity_status_id, source_key, migration_id, pass_id, reason, noted_at)
    select distinct $2, k.key, $4, $5, $6, migration.clock()
      from (select x.key, case when $7 #>> ''{mapping,id}'' is null then migration._key_array(x.key, $7) end as parts from unnest($1) x(key)) k
     where %s or %s
    on conflict (entity_status_id, source_key) do update set pass_id = excluded.pass_id, noted_at = excluded.noted_at,
      reason = excluded.reason, state = case when gone_rows.state = ''reported'' and $7 #>> ''{sync,deletes}'' = ''report'' then ''reported'' else ''pending'' end',
    migration._knows(p_definition), migration._has_dead_letter('k.key'))
    using p_keys, p_batch.entity_status_id, p_own, p_batch.migration_id, p_batch.pass_id, p_reason, p_definition;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;
comment on function migration._note_gone(migration.batches, jsonb, integer, text[], text) is
  'Notes keys that the source has no more, as the map has them, where the target has a row or a dead letter of them; how many. refused: the source has them, and the plan takes their old version away.';

create function migration.note_gone(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_keys text[]) returns bigint
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_definition jsonb;
  v_name text;
begin
  select migration._sync_definition(e.definition), e.entity_name into v_definition, v_name
    from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  return migration._note_gone(v_batch, v_definition, migration._map_entity(v_definition #>> '{mapping,system}', v_name), p_keys);
end
$$;
comment on function migration.note_gone(uuid, uuid, integer, text[]) is 'Notes keys of the held batch''s entity that the source has no more; how many. SF001 when fenced.';

create function migration._has_gone(p_migration_id uuid) returns boolean
language sql stable set search_path = '' as $$
  select exists (select from migration.gone_rows g where g.migration_id = p_migration_id and g.state <> 'reported')
$$;
comment on function migration._has_gone(uuid) is 'Whether rows wait to be taken away, held ones included: those are tried again by every sweep.';

create function migration._return_rows(p_entity_status_id uuid, p_definition jsonb) returns bigint
language plpgsql set search_path = '' as $$
declare
  v_mark text := p_definition #>> '{sync,mark,column}';
  v_rows bigint := 0;
begin
  if exists (select from migration.gone_rows g where g.entity_status_id = p_entity_status_id) then
    with returned as (
      delete from migration.gone_rows g using pg_temp.ferry_rows r
       where g.entity_status_id = p_entity_status_id and g.source_key = r.key and (r.refused is null or r.refused in (0, -1))
       returning g.source_key)
    update migration.errors d set is_resolved = true, resolved_at = migration.clock(), resolved_by = 'process-batch', resolution = 'superseded'
      from returned x where d.entity_status_id = p_entity_status_id and d.source_record_id = x.source_key
       and d.error_code = 'row_gone' and not d.is_resolved;
  end if;
  if v_mark is not null then
    execute format('update %s t set %I = %s from pg_temp.ferry_rows r where (r.refused is null or r.refused in (0, -1)) and %s and %s',
      migration._target_of(p_definition), v_mark, case p_definition #>> '{sync,mark,type}' when 'boolean' then 'false' else 'null' end,
      migration._equal_in_target(p_definition -> 'mapping', p_definition #> '{mapping,identity}'), migration._is_marked(p_definition));
    get diagnostics v_rows = row_count;
  end if;
  return v_rows;
end
$$;
comment on function migration._return_rows(uuid, jsonb) is
  'Takes the accepted rows of ferry_rows off the list of gone ones, and their marks away: they have come back. How many marks.';

create function migration.known_keys(p_entity_status_id uuid) returns table (key text)
language plpgsql stable set search_path = '' as $$
declare
  v_entity migration.entity_statuses;
  v_definition jsonb;
  v_own integer;
  v_known text;
begin
  select * into v_entity from migration.entity_statuses e where e.id = p_entity_status_id;
  v_definition := migration._sync_definition(v_entity.definition);
  v_own := migration._map_entity(v_definition #>> '{mapping,system}', v_entity.entity_name);
  v_known := case when v_definition #>> '{mapping,id}' is null
    then format('select %s as key from %s t where not %s', migration._identity_text(v_definition -> 'mapping'),
      migration._target_of(v_definition), migration._is_marked(v_definition))
    else format('select m.source_key as key from migration.id_map m join migration.loads l on l.id = m.load_id and l.entity_status_id = $2
      %s where m.map_entity_id = $3 and not coalesce(%s, false)',
      case when v_definition #> '{sync,mark}' is not null then format('left join %s t on t.%I = m.target_id', migration._target_of(v_definition),
        v_definition #>> array['mapping', 'columns', v_definition #>> '{mapping,id}']) else '' end, migration._is_marked(v_definition)) end;
  return query execute v_known || ' union select d.source_record_id from migration.errors d
    where d.entity_status_id = $2 and d.is_dead_letter and not d.is_resolved'
    using null::text[], p_entity_status_id, v_own;
end
$$;
comment on function migration.known_keys(uuid) is
  'Keys of an entity that the target knows: those of its rows, marked ones left out, and those of its dead letters.';
