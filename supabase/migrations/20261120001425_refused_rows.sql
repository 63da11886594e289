-- Owns: what is told of a refused row: codes and names of rules, constraints and columns.
-- Called by: mapping_load.sql, settle.sql, replay.sql.
-- Keeps: the key is the only value of a row.
create function migration._server_code(p_sqlstate text) returns text
language sql immutable set search_path = '' as $$
  select case when p_sqlstate is null then null when p_sqlstate = '23502' then 'required_missing' when p_sqlstate = '23505' then 'duplicate'
              when p_sqlstate = '22001' then 'length_violated' when p_sqlstate ~ '^(23|44)' then 'constraint_violated'
              when p_sqlstate = 'P0001' then 'trigger_refused' else 'value_refused' end
$$;
comment on function migration._server_code(text) is 'Code of a refusal by the server.';

create function migration._refused_rows(p_mapping jsonb) returns table (
  source_record_id text, error_type text, error_code text, sqlstate text, error_message text, context jsonb)
language plpgsql volatile set search_path = '' as $$
begin
  return query
  select r.key,
         case when x.sqlstate is null then f.reason ->> 'kind'
              when x.sqlstate ~ '^(23|44)' then 'constraint_violation' else 'data_validation' end,
         coalesce(migration._server_code(x.sqlstate), f.reason ->> 'code'), x.sqlstate,
         'Row refused: ' || coalesce(migration._server_code(x.sqlstate) || coalesce(' by ' || x.constraint_name, ''),
           (f.reason ->> 'code') || ' by ' || (f.reason ->> 'rule')) || '.',
         jsonb_strip_nulls(jsonb_build_object('rule', f.reason ->> 'rule', 'columns',
           case when x.place is null then f.reason -> 'columns'
                when x.column_name is not null then jsonb_build_array(x.column_name) end, 'constraint', x.constraint_name))
    from pg_temp.ferry_rows r
    left join pg_temp.ferry_refused x on x.place = r.place
   cross join lateral (select p_mapping #> array['refusals', (r.refused - 1)::text] as reason) f
   where r.refused > 0 and not coalesce((f.reason ->> 'skips')::boolean, false);
end
$$;
comment on function migration._refused_rows(jsonb) is
  'The refused rows of ferry_rows as dead letters have them: key, type, code, SQLSTATE, rule or constraint, columns.';
