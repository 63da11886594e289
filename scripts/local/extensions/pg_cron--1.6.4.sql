-- Owns: the stand-in for pg_cron 1.6: jobs, their runs and the functions that schedule them. Callers:
-- `postgres`, and roles that it grants usage to. The scheduler that runs jobs is scripts/local/workers/cron.
-- Invariant: a job belongs to the role that scheduled it (current_user at the call) and runs as it; nobody
-- but these functions writes cron.job.
create schema cron authorization supabase_admin;
create sequence cron.jobid_seq;
create sequence cron.runid_seq;

create table cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport integer not null default current_setting('port')::integer,
  database text not null default current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);

create table cron.job_run_details (
  jobid bigint,
  runid bigint primary key default nextval('cron.runid_seq'),
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);

alter table cron.job enable row level security;
alter table cron.job_run_details enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

-- One field of a schedule: lists of *, n, n-m, each with an optional /step; names where there are any.
create function cron._field_is_valid(field text, low integer, high integer, names text[])
returns boolean language plpgsql immutable set search_path = '' as $$
declare
  v_part text;
  v_bounds text[];
  v_number text;
begin
  foreach v_part in array string_to_array(lower(field), ',') loop
    if v_part !~ '^(\*|\$|[a-z0-9]+(-[a-z0-9]+)?)(/[1-9][0-9]*)?$' then
      return false;
    end if;
    v_part := split_part(v_part, '/', 1);
    continue when v_part in ('*', '$');
    v_bounds := '{}';
    foreach v_number in array string_to_array(v_part, '-') loop
      if v_number = any (names) then
        v_number := (array_position(names, v_number) - 1 + low)::text;
      end if;
      if v_number !~ '^[0-9]{1,4}$' or v_number::integer not between low and high then
        return false;
      end if;
      v_bounds := v_bounds || v_number;
    end loop;
    if v_bounds[2]::integer < v_bounds[1]::integer then
      return false;
    end if;
  end loop;
  return true;
end
$$;

-- As the real parser: '1'-'59 seconds', a nickname, or the first five fields; what follows them is ignored.
create function cron._check_schedule(schedule text)
returns void language plpgsql immutable set search_path = '' as $$
declare
  v_fields text[] := regexp_split_to_array(btrim(schedule), '\s+');
begin
  if schedule ~* '^\s*([1-9]|[1-5][0-9])\s+seconds?\s*$'
     or schedule ~* '^\s*@(yearly|annually|monthly|weekly|daily|midnight|hourly|reboot)\s*$'
     or cardinality(v_fields) >= 5
        and cron._field_is_valid(v_fields[1], 0, 59, '{}')
        and cron._field_is_valid(v_fields[2], 0, 23, '{}')
        and cron._field_is_valid(v_fields[3], 1, 31, '{}')
        and cron._field_is_valid(v_fields[4], 1, 12,
              '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}')
        and cron._field_is_valid(v_fields[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat}')
  then
    return;
  end if;
  raise exception 'invalid schedule: %', schedule
    using hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
end
$$;

-- The functions below run with definer rights because callers may not write cron.job. The owner is handed
-- in by their callers, the public functions, which run as the caller: nobody else may call these.
create function cron._require_public_caller(context text)
returns void language plpgsql set search_path = '' as $$
begin
  if context !~ '^PL/pgSQL function cron\._[^\n]*\n(SQL expression[^\n]*\n|SQL statement[^\n]*\n)?PL/pgSQL function cron\.(schedule|schedule_in_database|unschedule|alter_job)\(' then
    raise exception 'permission denied for an internal function of pg_cron'
      using errcode = 'insufficient_privilege';
  end if;
end
$$;

create function cron._put(
  owner text, job_name text, schedule text, command text, database text, is_active boolean
) returns bigint language plpgsql security definer set search_path = '' as $$
declare
  v_context text;
  v_id bigint;
begin
  get diagnostics v_context = pg_context;
  perform cron._require_public_caller(v_context);
  perform cron._check_schedule(schedule);
  if not has_database_privilege(owner, database, 'connect') then
    raise exception 'User % does not have CONNECT privilege on %', owner, database;
  end if;
  insert into cron.job as j (jobname, schedule, command, username, database, active)
  values (job_name, schedule, command, owner, database, is_active)
  on conflict on constraint jobname_username_uniq do update
    set schedule = excluded.schedule, command = excluded.command,
        database = excluded.database, active = excluded.active
  returning j.jobid into v_id;
  return v_id;
end
$$;

create function cron._remove(owner text, by_id bigint, by_name text)
returns boolean language plpgsql security definer set search_path = '' as $$
declare
  v_context text;
begin
  get diagnostics v_context = pg_context;
  perform cron._require_public_caller(v_context);
  delete from cron.job j
   where j.username = owner and (j.jobid = by_id or j.jobname = by_name);
  if not found then
    raise exception 'could not find valid entry for job %', coalesce(by_id::text, quote_literal(by_name));
  end if;
  return true;
end
$$;

create function cron._alter(
  owner text, id bigint, new_schedule text, new_command text, new_database text, is_active boolean
) returns void language plpgsql security definer set search_path = '' as $$
declare
  v_context text;
begin
  get diagnostics v_context = pg_context;
  perform cron._require_public_caller(v_context);
  if new_schedule is not null then
    perform cron._check_schedule(new_schedule);
  end if;
  update cron.job j
     set schedule = coalesce(new_schedule, j.schedule),
         command = coalesce(new_command, j.command),
         database = coalesce(new_database, j.database),
         active = coalesce(is_active, j.active)
   where j.jobid = id and j.username = owner;
  if not found then
    raise exception 'Job % does not exist or you don''t own it', id;
  end if;
end
$$;

create function cron.schedule(schedule text, command text)
returns bigint language plpgsql strict as $$
begin
  return cron._put(current_user, null, schedule, command, current_database(), true);
end
$$;

create function cron.schedule(job_name text, schedule text, command text)
returns bigint language plpgsql as $$
begin
  if job_name is null then
    raise exception 'job_name can not be NULL';
  end if;
  return cron._put(current_user, job_name, schedule, command, current_database(), true);
end
$$;

create function cron.schedule_in_database(
  job_name text, schedule text, command text, database text,
  username text default null, active boolean default true
) returns bigint language plpgsql as $$
begin
  if username is not null and username <> current_user then
    raise exception 'must be superuser to create a job for another role';
  end if;
  return cron._put(current_user, job_name, schedule, command, database, active);
end
$$;

create function cron.unschedule(job_id bigint) returns boolean language plpgsql strict as $$
begin
  return cron._remove(current_user, job_id, null);
end
$$;

create function cron.unschedule(job_name text) returns boolean language plpgsql strict as $$
begin
  return cron._remove(current_user, null, job_name);
end
$$;

create function cron.alter_job(
  job_id bigint, schedule text default null, command text default null, database text default null,
  username text default null, active boolean default null
) returns void language plpgsql as $$
begin
  if username is not null and username <> current_user then
    raise exception 'must be superuser to alter username';
  end if;
  perform cron._alter(current_user, job_id, schedule, command, database, active);
end
$$;

revoke all on function cron.alter_job, cron.schedule_in_database from public;
grant usage on schema cron to postgres with grant option;
grant execute on all functions in schema cron to postgres with grant option;
grant select on cron.job to public;
grant select on cron.job to postgres with grant option;
grant select, delete on cron.job_run_details to public;
grant select, insert, update, delete on cron.job_run_details to postgres with grant option;
grant usage, select on all sequences in schema cron to postgres;
