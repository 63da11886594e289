-- Owns: what is told of a refused row: codes and names of rules, constraints and columns.
-- Called by: mapping_load.sql, settle.sql, replay.sql.
-- Keeps: the key is the only value of a row.
create function migration._server_code(p_sqlstate text) returns text
language sql immutable set search_path = '' as $$
  select case when p_sqlstate is null then null when p_sqlstate = '23502' then 'required_missing' when p_sqlstate = '23505' then 'duplicate'
              when p_sqlstate = '22001' then 'length_violated' when p_sqlstate ~ '^(23|44)' then 'constraint_violated'
              when p_sqlstate = 'P0001' then 'trigger_refused' else 'value_refused' end
$$;
comment on function migration._server_code(text) is 'Code of a refusal by the server; null where it was not the server.';

create function migration._refused_rows(p_mapping jsonb) returns table (
  source_record_id text, error_type text, error_code text, sqlstate text, error_message text, context jsonb)
language plpgsql volatile set search_path = '' as $$
begin
  -- reasons are few and rows may be many: what is told of a reason is made once
  return query
  with reasons as materialized (
    select x.at::smallint as refused, x.reason ->> 'kind' as kind, x.reason ->> 'code' as code,
           format('Row refused: %s by %s.', x.reason ->> 'code', x.reason ->> 'rule') as message,
           jsonb_build_object('rule', x.reason -> 'rule', 'columns', x.reason -> 'columns') as context
      from jsonb_array_elements(p_mapping -> 'refusals') with ordinality x(reason, at)
     where not coalesce((x.reason ->> 'skips')::boolean, false))
  select r.key, f.kind, f.code, null::text, f.message, f.context
    from pg_temp.ferry_rows r join reasons f on f.refused = r.refused
  union all
  select r.key, case when x.sqlstate ~ '^(23|44)' then 'constraint_violation' else 'data_validation' end, c.code, x.sqlstate,
         'Row refused: ' || c.code || coalesce(' by ' || x.constraint_name, '') || '.',
         jsonb_strip_nulls(jsonb_build_object('columns', case when x.column_name is not null then jsonb_build_array(x.column_name) end,
           'constraint', x.constraint_name))
    from pg_temp.ferry_rows r
    join pg_temp.ferry_refused x on x.place = r.place
   cross join lateral (select migration._server_code(x.sqlstate) as code offset 0) c
   where r.refused = 32767;
end
$$;
comment on function migration._refused_rows(jsonb) is
  'The refused rows of ferry_rows as dead letters have them: key, type, code, SQLSTATE, rule or constraint, columns.';
