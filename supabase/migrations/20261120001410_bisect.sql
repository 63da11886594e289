-- Owns: finding the rows that only the server refuses: statements over a stage, run range by range.
-- Called by: mapping_load.sql.
-- Keeps: one bad row stops nothing; what a row is to blame for is caught here, so that no message with its
--   values reaches a log; what it is not to blame for is raised again, without its message.
create function migration._is_fault_of_row(p_sqlstate text) returns boolean
language sql immutable set search_path = '' as $$
  -- data, integrity, check option, what triggers raise, and a value too long for an index or nested too deep
  select p_sqlstate ~ '^(22|23|44)' or p_sqlstate in ('P0001', 'P0004', '54000', '54001')
$$;
comment on function migration._is_fault_of_row(text) is
  'Whether a failure can go away with one row. Everything else is about the server, the schema or time.';

create function migration._refuse_row(p_place tid, p_key_sql text, p_sqlstate text, p_constraint text, p_column text)
returns void language plpgsql set search_path = '' as $$
begin
  if p_key_sql is null then
    update pg_temp.ferry_rows r set refused = 32767 where r.place = p_place;
  else
    execute format('insert into pg_temp.ferry_rows (place, key, refused)
      select s.ctid, %s, 32767 from pg_temp.ferry_stage s where s.ctid = $1', p_key_sql) using p_place;
  end if;
  insert into pg_temp.ferry_refused (place, sqlstate, constraint_name, column_name)
  values (p_place, p_sqlstate, nullif(p_constraint, ''), nullif(p_column, ''));
end
$$;
comment on function migration._refuse_row(tid, text, text, text, text) is
  'Marks one row as refused by the server: codes and names, never the message.';

create function migration._middle(p_places text, p_from tid, p_through tid, out below tid, out above tid)
language plpgsql set search_path = '' as $$
begin
  execute format('
    select max(p.place) filter (where p.at = (p.rows + 1) / 2), max(p.place) filter (where p.at = (p.rows + 1) / 2 + 1)
      from (select q.place, row_number() over (order by q.place) as at, count(*) over () as rows
              from (%s) q where q.place between $1 and $2) p', p_places)
    into below, above using p_from, p_through;
end
$$;
comment on function migration._middle(text, tid, tid) is
  'The places on both sides of the middle of a range; above is null where it holds one row.';

create function migration._in_ranges(p_statement text, p_ids integer[], p_places text, p_key_sql text)
returns bigint language plpgsql set search_path = '' as $$
declare
  -- a stack: the range that is tried next is the last
  v_from tid[] := array['(0,0)'::tid];
  v_through tid[] := array['(4294967294,65535)'::tid];
  v_at integer := 1;
  v_rows bigint;
  v_total bigint := 0;
  v_below tid;
  v_above tid;
  v_sqlstate text;
  v_constraint text;
  v_column text;
begin
  while v_at > 0 loop
    begin
      execute p_statement using p_ids, v_from[v_at], v_through[v_at];
      get diagnostics v_rows = row_count;
      if current_setting('session_replication_role') <> 'replica' then
        -- what would only be said at the commit is said here, where it can be told whose fault it is
        set constraints all immediate;
        set constraints all deferred;
      end if;
      v_total := v_total + v_rows;
      v_at := v_at - 1;
    exception when others or assert_failure then  -- others has no assertions
      get stacked diagnostics v_sqlstate = returned_sqlstate, v_constraint = constraint_name, v_column = column_name;
      if not migration._is_fault_of_row(v_sqlstate) then
        raise exception using errcode = v_sqlstate, message = 'The load failed.';
      end if;
      if p_key_sql is null then
        create index if not exists ferry_rows_place on pg_temp.ferry_rows (place);
      end if;
      select m.below, m.above into v_below, v_above from migration._middle(p_places, v_from[v_at], v_through[v_at]) m;
      if v_above is null then
        perform migration._refuse_row(v_below, p_key_sql, v_sqlstate, v_constraint, v_column);
        v_at := v_at - 1;
      else
        v_from[v_at + 1] := v_from[v_at];
        v_through[v_at + 1] := v_below;
        v_from[v_at] := v_above;
        v_at := v_at + 1;
      end if;
    end;
  end loop;
  return v_total;
end
$$;
comment on function migration._in_ranges(text, integer[], text, text) is
  'Runs a statement over all places ($2 to $3; $1 are the ids of parents in the map), halving the ranges that fail until single rows are left, which are refused. The rows that it reported. p_places selects the places; p_key_sql is the key of a row of the stage, or null where the row is in ferry_rows already.';
