-- Owns: what is compared of a mapped entity: the rows of a stage, computed anew, against what the target has;
--   and what map and target have that the source has not.
-- Called by: mapping_check.sql.
-- Keeps: ids and references are computed from the source's keys again, not read from the map. Rows that the
--   target had before are nobody's to judge. Costs grow with the batch, not with the table. What looks the
--   other way round, from ids to keys, joins by hash: statistics of the map are always behind.
create function migration._compared_columns(p_definition jsonb, p_named boolean, out alike text, out differing text)
language sql stable set search_path = '' as $$
  with typed as (
    select x.name, x.at, format('e.c%s::%s', x.at - 1, format_type(a.atttypid, a.atttypmod)) as value
      from jsonb_array_elements_text(p_definition #> '{mapping,columns}') with ordinality x(name, at)
      join pg_catalog.pg_attribute a on a.attrelid = migration._target_of(p_definition)::regclass and a.attname = x.name)
  -- as rows: a cast to text may be a user's own, and NULL is not an empty text. Rows with the same bytes have the same text,
  -- which need not be made then
  select format('(pg_catalog.record_image_eq(row(%1$s), row(%2$s)) or row(%1$s)::text = row(%2$s)::text)', string_agg(value, ', ' order by at),
           string_agg(format('t.%I', name), ', ' order by at)),
         case when p_named then format('array_remove(array[%s]::text[], null)', string_agg(
           format('case when row(%s)::text <> row(t.%I)::text then %L end', value, name, name), ', ' order by at))
           else 'array[''*'']' end
    from typed
$$;
comment on function migration._compared_columns(jsonb, boolean) is
  'Of a computed row e and a row t of the target: whether their texts are the same, and the names of the columns that differ, or *.';

create function migration._same_identity(p_mapping jsonb) returns text
language sql immutable set search_path = '' as $$
  select migration._equal_in_target(p_mapping, p_mapping -> 'identity', 'e')
$$;
comment on function migration._same_identity(jsonb) is 'Condition that a row t of the target is the one of a computed row e.';

create function migration._compare_statement(p_definition jsonb, p_named boolean) returns text
language plpgsql stable set search_path = '' as $$
declare
  v_mapping jsonb := p_definition -> 'mapping';
  v_id text := v_mapping ->> 'id';
  v_text record;
begin
  select * into v_text from migration._compared_columns(p_definition, p_named);
  return format('
    select e.key, coalesce(f.skips, false), x.is_dead, %1$s, m.target_id is not null, coalesce(m.target_id <> %1$s, false), %2$s,
           t.is_there, t.columns
      from pg_temp.ferry_rows e
      left join lateral (%8$s) m on true
      left join migration.loads l on l.id = m.load_id and l.entity_status_id = $3
     cross join lateral (select ($2 #>> array[(e.refused - 1)::text, ''skips''])::boolean as skips) f
     cross join lateral (select $5 and exists (select from migration.errors d where d.entity_status_id = $3
        and d.source_record_id = e.key and d.is_dead_letter and (not d.is_resolved or d.resolution = ''dismissed'')) as is_dead) x
      left join lateral (select true as is_there, case when $4 and %3$s and not %4$s then %5$s end as columns
        from %6$s t where %7$s) t on true',
    case when v_id is null then 'null::uuid' else 'e.c' || v_id end,
    -- what a refused row has in the target may be what was there before
    case when v_mapping ->> 'strategy' = 'lookup' then 'false' when v_mapping ->> 'conflict' = 'fail' then 'true' else 'coalesce(l.id is not null and m.origin <> ''f'', false)' end,
    -- of a row that the target had, nothing is ours to compare
    case when v_id is null then 'true' else format('coalesce(m.origin, %L) <> ''f''',
      case when v_mapping ->> 'conflict' = 'ignore' then 'f' else 'c' end) end,
    v_text.alike, v_text.differing, migration._target_of(p_definition), migration._same_identity(v_mapping),
    case when v_id is null then 'select null::uuid as target_id, null::integer as load_id, null::"char" as origin where false'
      -- one look at the primary key a row, whatever the statistics say
      else 'select i.target_id, i.load_id, i.origin from migration.id_map i where i.map_entity_id = $1 and i.source_key = e.key limit 1' end);
end
$$;
comment on function migration._compare_statement(jsonb, boolean) is
  'Rows for ferry_compared: one for each of ferry_rows and each row of the target with its identity. $1 id in the map, $2 refusals, $3 entity, $4 whether values count, $5 whether it has dead letters. p_named: columns that differ are named.';

create function migration._compare(p_entity migration.entity_statuses, p_own integer, p_values boolean, p_named boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_mapping jsonb := p_entity.definition -> 'mapping';
  v_id text := v_mapping #>> array['columns', v_mapping ->> 'id'];
  v_dead boolean := exists (select from migration.errors d where d.entity_status_id = p_entity.id and d.is_dead_letter
    and (not d.is_resolved or d.resolution = 'dismissed'));
begin
  perform migration._make_rows(v_mapping, migration._map_ids(v_mapping), v_mapping ->> 'expected');
  create temp table ferry_compared (key text, skips boolean, is_dead boolean, id uuid, is_mapped boolean, wrong_id boolean,
    is_ours boolean, is_there boolean, columns text[], kind text, copies bigint, is_unclaimed boolean not null default false) on commit drop;
  execute 'insert into pg_temp.ferry_compared (key, skips, is_dead, id, is_mapped, wrong_id, is_ours, is_there, columns) '
    || migration._compare_statement(p_entity.definition, p_named)
    using p_own, v_mapping -> 'refusals', p_entity.id, p_values, v_dead;
  update pg_temp.ferry_compared c
     set kind = case when c.is_dead or c.skips then 'extra' when c.is_there is null then 'missing' else 'changed' end,
         columns = case when v_id is not null and (c.wrong_id or not c.is_mapped) then array[v_id] else '{}' end || coalesce(c.columns, '{}')
   where case when c.is_dead or c.skips then c.is_there and c.is_ours
              else c.is_there is null or v_id is not null and (c.wrong_id or not c.is_mapped) or c.columns <> '{}' end;
  -- what tells rows apart here may be no key there
  if (select count(*) from pg_temp.ferry_compared) > (select count(*) from pg_temp.ferry_rows) then
    update pg_temp.ferry_compared c set kind = 'duplicates', copies = d.copies
      from (select s.key, count(*) as copies from pg_temp.ferry_compared s group by s.key having count(*) > 1) d
     where d.key = c.key and not c.is_dead and not c.skips;
  end if;
  update pg_temp.ferry_compared c set is_unclaimed = not exists (select from migration.id_map m
      where m.map_entity_id = p_own and m.target_id = c.id)
   where v_id is not null and c.is_there and (c.wrong_id or not c.is_mapped);
end
$$;
comment on function migration._compare(migration.entity_statuses, integer, boolean, boolean) is
  'Computes the rows of the stage and holds them against the target, in ferry_compared: kind is what is found of a row, or null; columns names what differs, where that is asked for. is_unclaimed: it is there, and no row of the map says so.';

create function migration._sort_alike(p_source text, p_target text) returns boolean
language sql immutable set search_path = '' as $$
  select case when p_source ~ '^(smallint|integer|bigint|numeric)' then p_target ~ '^(smallint|integer|bigint|numeric)'
              else p_source = p_target and p_source in ('uuid', 'date', 'timestamp without time zone', 'timestamp with time zone') end
$$;
comment on function migration._sort_alike(text, text) is
  'Whether values of a type of the source, and what became of them in the target, have one order, whatever the servers are.';

create function migration._numbers_between(p_after numeric, p_through numeric) returns text
language sql immutable set search_path = '' as $$
  -- the map sorts by text, which is the order of numbers among those with as many digits
  select '(' || string_agg(format('m.source_key between %L and %L and octet_length(m.source_key) = %s', sign || x.low, sign || x.high,
           length(sign) + digits), ' or ' order by sign, digits) || ')'
    from (values ('', p_after + 1, p_through), ('-', -p_through, -p_after - 1)) half (sign, low, high)
   cross join generate_series(1, 19) digits
   cross join lateral (select greatest(half.low, case when digits > 1 then round(power(10::numeric, digits - 1)) when sign = '' then 0 else 1 end) as low,
                              least(half.high, round(power(10::numeric, digits)) - 1) as high) x
   where x.low <= x.high
$$;
comment on function migration._numbers_between(numeric, numeric) is
  'Condition over a row m of the map that its key is a whole number of a half-open range, written so that the primary key finds it.';

create function migration._key_range(p_definition jsonb, p_after jsonb, p_through jsonb,
  out columns bigint, out type text, out is_alike boolean, out after text, out through text)
language sql stable set search_path = '' as $$
  -- a key that became an id has no columns in the target: null then
  select count(*), min(k ->> 'type'), coalesce(bool_and(migration._sort_alike(k ->> 'type', t.type)), false),
         '(' || string_agg('t.' || quote_ident(t.attname), ', ' order by at) || ') > ('
           || string_agg(quote_literal(p_after ->> (at - 1)::integer) || '::' || t.type, ', ' order by at) || ')',
         '(' || string_agg('t.' || quote_ident(t.attname), ', ' order by at) || ') <= ('
           || string_agg(quote_literal(p_through ->> (at - 1)::integer) || '::' || t.type, ', ' order by at) || ')'
    from jsonb_array_elements(p_definition -> 'key') with ordinality x(k, at)
    left join lateral (select a.attname, format_type(a.atttypid, null) as type from pg_catalog.pg_attribute a
      where a.attrelid = migration._target_of(p_definition)::regclass
        and a.attname = p_definition #>> array['mapping', 'columns', p_definition #>> array['mapping', 'identity', (at - 1)::text]]) t on true
$$;
comment on function migration._key_range(jsonb, jsonb, jsonb) is
  'The key of an entity: how many columns, the type of one, whether the target sorts what it became alike, and conditions over a row t of the target that it is behind p_after and up to p_through.';

create function migration._range_condition(p_definition jsonb, p_after jsonb, p_through jsonb) returns text
language plpgsql stable set search_path = '' as $$
declare
  v_key record;
begin
  if p_after = '[]' and p_through is null then
    return 'true';
  end if;
  select * into v_key from migration._key_range(p_definition, p_after, p_through);
  if p_definition #>> '{mapping,id}' is null then
    return case when v_key.is_alike then
      concat_ws(' and ', case when p_after <> '[]' then v_key.after end, case when p_through is not null then v_key.through end) end;
  end if;
  return case when v_key.columns > 1 then null
    when v_key.type in ('smallint', 'integer', 'bigint') then migration._numbers_between(
      coalesce(p_after ->> 0, '-9223372036854775809')::numeric, coalesce(p_through ->> 0, '9223372036854775807')::numeric)
    when v_key.type = 'uuid' then concat_ws(' and ',
      case when p_after <> '[]' then format('m.source_key > %L', p_after ->> 0) end,
      case when p_through is not null then format('m.source_key <= %L', p_through ->> 0) end) end;
end
$$;
comment on function migration._range_condition(jsonb, jsonb, jsonb) is
  'Condition that holds the rows of a range of the source''s key: over rows m of the map, or rows t of the target where the key is preserved. Null where both sides may sort it differently.';

create function migration._is_marked(p_definition jsonb) returns text
language sql immutable set search_path = '' as $$
  select case when p_definition #> '{sync,mark}' is null then 'false'
    else format(case p_definition #>> '{sync,mark,type}' when 'boolean' then 'coalesce(t.%I, false)' else 't.%I is not null' end,
      p_definition #>> '{sync,mark,column}') end
$$;
comment on function migration._is_marked(jsonb) is 'Condition that a row t of the target is marked as gone; false where the plan marks none.';

create function migration._find_sourceless(p_entity migration.entity_statuses, p_own integer, p_range text) returns void
language plpgsql set search_path = '' set enable_nestloop = off as $$
declare
  v_mapping jsonb := p_entity.definition -> 'mapping';
  v_target text := migration._target_of(p_entity.definition);
begin
  if v_mapping ->> 'id' is null then
    execute format('insert into pg_temp.ferry_sourceless (key, is_counted, is_named)
      select %s, true, true from %s t where %s and not %s and not exists (select from pg_temp.ferry_rows e where %s)',
      migration._identity_text(v_mapping), v_target, p_range, migration._is_marked(p_entity.definition), migration._same_identity(v_mapping));
    return;
  end if;
  -- what other migrations have mapped is theirs; a row that another key has, too, is counted there
  execute format('insert into pg_temp.ferry_sourceless (key, is_counted, is_named)
    select m.source_key, exists (select from %1$s t where t.%2$I = m.target_id)
             and ($2 or not exists (select from migration.id_map o where o.map_entity_id = m.map_entity_id
               and o.target_id = m.target_id and o.source_key <> m.source_key)), true
      from migration.id_map m join migration.loads l on l.id = m.load_id and l.entity_status_id = $3
     where m.map_entity_id = $1 and %3$s and not exists (select from pg_temp.ferry_rows e where e.key = m.source_key)%4$s',
    v_target, v_mapping #>> array['columns', v_mapping ->> 'id'], p_range, case when p_entity.definition #> '{sync}' ? 'mark' then
      format(' and not exists (select from %s t where t.%I = m.target_id and %s)', v_target, v_mapping #>> array['columns', v_mapping ->> 'id'],
        migration._is_marked(p_entity.definition)) else '' end)
    using p_own, v_mapping ->> 'strategy' = 'lookup', p_entity.id;
end
$$;
comment on function migration._find_sourceless(migration.entity_statuses, integer, text) is
  'Adds to ferry_sourceless what the map, or the target where the key is preserved, has in a range and the stage has not.';

create function migration._find_unmapped(p_entity migration.entity_statuses, p_own integer) returns void
language plpgsql set search_path = '' set enable_nestloop = off as $$
declare
  v_mapping jsonb := p_entity.definition -> 'mapping';
begin
  if v_mapping ->> 'id' is null or v_mapping ->> 'strategy' = 'lookup' or v_mapping ->> 'conflict' <> 'fail' then
    return;
  end if;
  execute format('insert into pg_temp.ferry_sourceless (target_key, is_counted, is_named)
    select t.%1$I::text, true, not exists (select from pg_temp.ferry_rows e where e.c%2$s = t.%1$I) from %3$s t
     where not exists (select from migration.id_map m where m.map_entity_id = $1 and m.target_id = t.%1$I) and not %4$s',
    v_mapping #>> array['columns', v_mapping ->> 'id'], v_mapping ->> 'id', migration._target_of(p_entity.definition),
    migration._is_marked(p_entity.definition)) using p_own;
end
$$;
comment on function migration._find_unmapped(migration.entity_statuses, integer) is
  'Adds the rows of the target that the map does not know to ferry_sourceless; none where the target had rows of its own.';

create function migration._rows_there(p_entity migration.entity_statuses, p_own integer) returns bigint
language plpgsql stable set search_path = '' set enable_nestloop = off as $$
declare
  v_mapping jsonb := p_entity.definition -> 'mapping';
  v_rows bigint;
begin
  if v_mapping ->> 'conflict' = 'fail' and v_mapping ->> 'strategy' <> 'lookup' then
    execute format('select count(*) from %s t where not %s', migration._target_of(p_entity.definition), migration._is_marked(p_entity.definition)) into v_rows;
  else
    execute format('select count(*) from migration.id_map m join migration.loads l on l.id = m.load_id and l.entity_status_id = $2
       where m.map_entity_id = $1 and exists (select from %s t where t.%I = m.target_id and not %s)',
      migration._target_of(p_entity.definition), v_mapping #>> array['columns', v_mapping ->> 'id'], migration._is_marked(p_entity.definition))
      into v_rows using p_own, p_entity.id;
  end if;
  return v_rows;
end
$$;
comment on function migration._rows_there(migration.entity_statuses, integer) is
  'Rows of an entity that the target has: the count of one whose rows without a source cannot be told by ranges.';
