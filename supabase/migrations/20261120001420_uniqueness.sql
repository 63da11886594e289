-- Owns: which of several rows with the same values is accepted.
-- Called by: mapping_load.sql, for entities whose batches run one after the other in key order.
-- Keeps: the same answer for any size of batch: of rows that are otherwise acceptable the first by key wins,
--   against the rows of its batch and against those that earlier batches brought; a row that is refused for
--   another reason is in nobody's way.
create function migration._values(p_mapping jsonb, p_target text, p_columns jsonb, p_alias text) returns text
language sql stable set search_path = '' as $$
  -- a collation may take different texts for equal, and ferry_rows has none of its own
  select string_agg(format('%s.c%s', p_alias, x.c) || case when l.oid is null then '' else format(' collate %I.%I', n.nspname, l.collname) end, ', ' order by x.at)
    from jsonb_array_elements_text(p_columns) with ordinality x(c, at)
    join pg_catalog.pg_attribute a on a.attrelid = p_target::regclass and a.attname = p_mapping #>> array['columns', x.c]
    left join pg_catalog.pg_collation l on l.oid = a.attcollation and not l.collisdeterministic
    left join pg_catalog.pg_namespace n on n.oid = l.collnamespace
$$;
comment on function migration._values(jsonb, text, jsonb, text) is 'c<n>, … for positions of columns, to be compared as the target compares them.';

create function migration._equal_in_target(p_mapping jsonb, p_columns jsonb, p_alias text default 'r') returns text
language sql immutable set search_path = '' as $$
  select string_agg(format('t.%I = %s.c%s', p_mapping #>> array['columns', c], p_alias, c), ' and ' order by at)
    from jsonb_array_elements_text(p_columns) with ordinality x(c, at)
$$;
comment on function migration._equal_in_target(jsonb, jsonb, text) is
  'Condition that a row t of the target has the values of a row of ferry_rows, r or another name, at these positions.';

create function migration._refuse_taken(p_mapping jsonb, p_target text, p_wins text) returns void
language plpgsql set search_path = '' as $$
declare
  v_rule jsonb;
begin
  for v_rule in select u from jsonb_array_elements(p_mapping -> 'unique') u where u ->> 'wins' = p_wins loop
    execute format('update pg_temp.ferry_rows r set refused = $1 where r.refused is null
      and exists (select from %s t where %s and not (%s))', p_target,
      migration._equal_in_target(p_mapping, v_rule -> 'columns'),
      migration._equal_in_target(p_mapping, p_mapping -> 'identity')) using (v_rule ->> 'refusal')::smallint;
  end loop;
end
$$;
comment on function migration._refuse_taken(jsonb, text, text) is
  'Refuses rows whose values another row of the target has, by rules that the first or the last wins.';

create function migration._has_rivals(p_mapping jsonb, p_target text) returns boolean
language plpgsql set search_path = '' as $$
declare
  v_rule jsonb;
  v_found boolean;
begin
  for v_rule in select * from jsonb_array_elements(p_mapping -> 'unique') loop
    -- a hash over the values: sorting is left to the few that have rivals
    execute format('select exists (select from pg_temp.ferry_rows r where r.refused is null and num_nulls(%1$s) = 0
      group by %1$s having count(*) > 1)', migration._values(p_mapping, p_target, v_rule -> 'columns', 'r')) into v_found;
    if v_found then
      return true;
    end if;
  end loop;
  return false;
end
$$;
comment on function migration._has_rivals(jsonb, text) is 'Whether two rows of the batch have the same values under any rule.';

create function migration._rivals_statement(p_mapping jsonb, p_target text) returns text
language sql stable set search_path = '' as $$
  -- the first row under every rule wins for certain; who stands against a certain winner has lost
  select format('with ranked as (
      select r.place, %s from pg_temp.ferry_rows r where r.refused is null),
    certain as (select k.place from ranked k where %s),
    lost as (select k.place, case %s end as refusal from ranked k)
    update pg_temp.ferry_rows r set refused = l.refusal from lost l where l.place = r.place and l.refusal is not null',
    string_agg(format('case when num_nulls(%1$s) = 0 then first_value(r.place) over (partition by %1$s order by r.place %2$s) else r.place end as f%3$s',
      migration._values(p_mapping, p_target, u -> 'columns', 'r'), case u ->> 'wins' when 'last' then 'desc' else '' end, at), ', ' order by at),
    string_agg(format('k.f%s = k.place', at), ' and ' order by at),
    string_agg(format('when k.f%1$s <> k.place and exists (select from certain c where c.place = k.f%1$s) then %2$s', at, u ->> 'refusal'), ' ' order by at))
    from jsonb_array_elements(p_mapping -> 'unique') with ordinality x(u, at)
$$;
comment on function migration._rivals_statement(jsonb, text) is 'Refuses rows that have lost against a certain winner; to be run until it finds none.';

create function migration._decide_unique(p_mapping jsonb, p_target text) returns void
language plpgsql set search_path = '' as $$
declare
  v_statement text := migration._rivals_statement(p_mapping, p_target);
  v_rows bigint;
begin
  if jsonb_array_length(p_mapping -> 'unique') = 0 then
    return;
  end if;
  perform migration._refuse_taken(p_mapping, p_target, 'first');
  if not migration._has_rivals(p_mapping, p_target) then
    return;
  end if;
  loop
    execute v_statement;
    get diagnostics v_rows = row_count;
    exit when v_rows = 0;
  end loop;
end
$$;
comment on function migration._decide_unique(jsonb, text) is
  'Refuses the losers among rows with the same values, rule by rule as if they came one after the other by key.';
