-- Owns: what would become of rows of the source, told before anything is moved.
-- Called by: function plan (preview), after COPY has filled ferry_stage in a transaction that is taken
--   back: the target's tables are made in it where they are missing.
-- Keeps: a parent that was not moved yet is no reason to refuse its children; values leave only where
--   they are asked for, as the server's texts.
create function migration._is_moved(p_mapping jsonb, p_parent jsonb) returns boolean
language plpgsql stable set search_path = '' as $$
declare
  v_found boolean;
begin
  if p_mapping -> 'maps' ? (p_parent ->> 'entity_name') then
    return exists (select from migration.id_map m
      where m.map_entity_id = migration._map_entity(p_mapping ->> 'system', p_parent ->> 'entity_name'));
  end if;
  execute format('select exists (select from %I.%I)', p_parent ->> 'schema', p_parent ->> 'table') into v_found;
  return v_found;
end
$$;
comment on function migration._is_moved(jsonb, jsonb) is
  'Whether rows of a parent are there to be pointed at: in the map, or in its table where keys are preserved.';

create function migration._shown(p_value anyelement) returns text
language sql stable strict set search_path = '' as $$
  select case when length(v.text) > 2000 then left(v.text, 2000) || '…' else v.text end
    from (select format('%s', p_value) as text) v
$$;
comment on function migration._shown(anyelement) is 'The server''s text of a value, cut to 2,000 characters.';

create function migration._shown_row(p_names jsonb, p_alias text, p_prefix text) returns text
language sql immutable set search_path = '' as $$
  select format('pg_catalog.jsonb_object(%L::text[], array[%s]::text[])', coalesce(array_agg(n.name order by n.at), '{}'),
    string_agg(format('migration._shown(%s.%s%s)', p_alias, p_prefix, n.at - 1), ', ' order by n.at))
    from jsonb_array_elements_text(p_names) with ordinality n(name, at)
$$;
comment on function migration._shown_row(jsonb, text, text) is
  'Expression for an object of texts: the n-th name has the value of column <prefix><n>.';

create function migration._preview_statement(p_definition jsonb, p_values boolean) returns text
language sql immutable set search_path = '' as $$
  select format('
    select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(''key'', r.key, ''outcome'',
        case when r.refused is null then ''loaded'' when u.entity_name is not null then ''depends''
             when (f.reason ->> ''skips'')::boolean then ''left_out'' else ''refused'' end,
        ''reason'', case when r.refused is not null then jsonb_build_object(
          ''code'', coalesce(migration._server_code(x.sqlstate), f.reason ->> ''code''),
          ''rule'', coalesce(x.constraint_name, f.reason ->> ''rule''),
          ''columns'', coalesce(f.reason -> ''columns'', to_jsonb(array_remove(array[x.column_name], null))),
          ''until'', u.entity_name) end)) %1$s order by r.place)
      from pg_temp.ferry_rows r
      join pg_temp.ferry_stage s on s.ctid = r.place
      left join pg_temp.ferry_refused x on x.place = r.place
     cross join lateral (select $1 #> array[(r.refused - 1)::text] as reason) f
      left join lateral (select p ->> ''entity_name'' as entity_name from jsonb_array_elements($2) p
        where f.reason ->> ''code'' = ''reference_missing'' and p -> ''columns'' = f.reason -> ''columns'' limit 1) u on true',
    case when p_values then format('|| jsonb_build_object(''before'', %s, ''after'', %s)',
      migration._shown_row((select jsonb_agg(c -> 'source' order by at) from jsonb_array_elements(p_definition -> 'columns') with ordinality x(c, at)), 's', 's'),
      migration._shown_row(p_definition #> '{mapping,columns}', 'r', 'c')) else '' end)
$$;
comment on function migration._preview_statement(jsonb, boolean) is
  'One object for each row of ferry_rows. $1: refusals; $2: parents that were not moved yet.';

create function migration.preview_stage(p_definition jsonb, p_parents jsonb, p_values boolean) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_mapping jsonb := p_definition -> 'mapping';
  v_unmoved jsonb;
  v_rows jsonb;
begin
  perform migration._make_rows(v_mapping, migration._map_ids(v_mapping), v_mapping ->> 'select');
  if v_mapping ->> 'strategy' <> 'lookup' then
    perform migration._decide_unique(v_mapping, migration._target_of(p_definition));
  end if;
  select coalesce(jsonb_agg(p), '[]') into v_unmoved from jsonb_array_elements(p_parents) p where not migration._is_moved(v_mapping, p);
  execute migration._preview_statement(p_definition, p_values) into v_rows using v_mapping -> 'refusals', v_unmoved;
  return jsonb_build_object('rows', coalesce(v_rows, '[]'), 'not_moved',
    (select coalesce(jsonb_agg(distinct p -> 'entity_name'), '[]') from jsonb_array_elements(v_unmoved) p));
end
$$;
comment on function migration.preview_stage(jsonb, jsonb, boolean) is
  'What would become of the rows of the stage by a definition: key, outcome (loaded, refused, left_out, or depends on a parent that was not moved), reason, and with p_values the texts before and after. p_parents: columns, entity_name, schema, table of each reference. Writes temporary tables alone.';
