-- Owns: reading schedules: N seconds, or five fields of cron in GMT.
-- Called by: schedules.sql.
-- Keeps: the same text means the same times as to pg_cron.
create function migration._cron_field(p_field text, p_low integer, p_high integer, p_names text[] default '{}')
returns integer[] language plpgsql immutable strict set search_path = '' as $$
declare
  v_part text;
  v_match text[];
  v_from integer;
  v_to integer;
  v_step integer;
  v_values integer[] := '{}';
begin
  foreach v_part in array string_to_array(lower(p_field), ',') loop
    -- star, value or range, and a step behind all but a single value
    v_match := regexp_match(v_part, '^(?:(\*)|(\d{1,2}|[a-z]{3})(?:-(\d{1,2}|[a-z]{3}))?)(?:/(\d{1,2}))?$');
    if v_match is null or (v_match[4] is not null and v_match[1] is null and v_match[3] is null) then
      return null;
    end if;
    v_from := case when v_match[1] is not null then p_low when v_match[2] ~ '^\d' then v_match[2]::integer
                   else p_low - 1 + array_position(p_names, v_match[2]) end;
    v_to := case when v_match[1] is not null then p_high when v_match[3] is null then v_from
                 when v_match[3] ~ '^\d' then v_match[3]::integer else p_low - 1 + array_position(p_names, v_match[3]) end;
    v_step := coalesce(v_match[4]::integer, 1);
    if not coalesce(v_from >= p_low and v_to <= p_high and v_from <= v_to and v_step > 0, false) then
      return null;
    end if;
    v_values := v_values || array(select generate_series(v_from, v_to, v_step));
  end loop;
  return v_values;
end
$$;
comment on function migration._cron_field(text, integer, integer, text[]) is
  'The values that a field of cron stands for, as pg_cron reads it; null where it is malformed.';

create function migration._next_run(p_schedule text, p_after timestamptz) returns timestamptz
language plpgsql immutable strict set search_path = '' as $$
declare
  v_seconds integer := (regexp_match(btrim(p_schedule), '^([1-9]\d{0,4}) seconds?$'))[1]::integer;
  v_fields text[] := regexp_split_to_array(btrim(p_schedule), '\s+');
  v_minutes integer[] := migration._cron_field(v_fields[1], 0, 59);
  v_hours integer[] := migration._cron_field(v_fields[2], 0, 23);
  v_days integer[] := migration._cron_field(v_fields[3], 1, 31);
  v_months integer[] := migration._cron_field(v_fields[4], 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}');
  v_weekdays integer[] := migration._cron_field(v_fields[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat}');
  -- a day of the month or a day of the week, where neither begins with a star
  v_either boolean := v_fields[3] !~ '^\*' and v_fields[5] !~ '^\*';
  v_after timestamp := p_after at time zone 'UTC';
  v_day date;
  v_is_day boolean;
  v_is_weekday boolean;
  v_minute integer;
begin
  if v_seconds is not null then
    return p_after + make_interval(secs => v_seconds);
  end if;
  if cardinality(v_fields) <> 5 or num_nulls(v_minutes, v_hours, v_days, v_months, v_weekdays) > 0 then
    return null;
  end if;
  if 7 = any (v_weekdays) then
    v_weekdays := v_weekdays || 0;
  end if;
  -- the 29th of February can be eight years away
  for v_ahead in 0 .. 366 * 9 loop
    v_day := v_after::date + v_ahead;
    v_is_day := extract(day from v_day)::integer = any (v_days);
    v_is_weekday := extract(dow from v_day)::integer = any (v_weekdays);
    continue when not extract(month from v_day)::integer = any (v_months)
      or not case when v_either then v_is_day or v_is_weekday else v_is_day and v_is_weekday end;
    select min(h * 60 + m) into v_minute from unnest(v_hours) h cross join unnest(v_minutes) m
     where v_day + make_interval(mins => h * 60 + m) > v_after;
    if v_minute is not null then
      return (v_day + make_interval(mins => v_minute)) at time zone 'UTC';
    end if;
  end loop;
  return null;
end
$$;
comment on function migration._next_run(text, timestamptz) is
  'The first time after another one that a schedule names, in GMT; null where it is malformed or names none.';
