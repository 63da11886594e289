-- Owns: the stand-in for pg_net 0.20: queue, responses and the functions that put requests into the queue.
-- Callers: any role (the real extension grants everything on these tables to PUBLIC). The worker that sends
-- is scripts/local/workers/net.
-- Invariant: a request exists when its transaction commits, and both tables are unlogged: a crash of the
-- server empties them and restarts the ids.
create schema net authorization supabase_admin;

create domain net.http_method as text check (lower(value) in ('get', 'post', 'delete'));
create type net.request_status as enum ('PENDING', 'SUCCESS', 'ERROR');
create type net.http_response as (status_code integer, headers jsonb, body text);
create type net.http_response_result as (
  status net.request_status, message text, response net.http_response
);

create unlogged table net.http_request_queue (
  id bigserial,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds integer not null
);

create unlogged table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out boolean,
  error_msg text,
  created timestamptz not null default now()
);
create index on net._http_response (created);

create function net._urlencode_string(string varchar) returns text language sql immutable as $$
  select string_agg(
    case
      when c ~ '[A-Za-z0-9._~-]' then c
      else (
        select string_agg('%' || upper(lpad(to_hex(get_byte(b, i)), 2, '0')), '' order by i)
        from (select convert_to(c, 'UTF8') as b) bytes, generate_series(0, length(b) - 1) i
      )
    end,
    '' order by position
  )
  from regexp_split_to_table(string, '') with ordinality as characters (c, position)
$$;

create function net._encode_url_with_params_array(url text, params_array text[])
returns text language plpgsql immutable as $$
begin
  if url is null then
    return null;
  end if;
  if url !~* '^[a-z][a-z0-9+.-]*://' then
    raise exception 'invalid URL "%": Bad scheme', url;
  end if;
  if cardinality(params_array) = 0 then
    return url;
  end if;
  return url || case when strpos(url, '?') > 0 then '&' else '?' end
    || array_to_string(params_array, '&');
end
$$;

-- The real function sets the worker's latch when the transaction commits. A notification has the same
-- properties: delivered at commit, dropped at rollback, one per transaction.
create function net.wake() returns void language sql as $$
  select pg_catalog.pg_notify('pg_net_wake', '')
$$;

create function net.worker_restart() returns boolean language plpgsql as $$
begin
  perform pg_catalog.pg_notify('pg_net_wake', 'restart');
  return true;
end
$$;

create function net._worker_is_up() returns boolean language sql as $$
  select exists (
    select from pg_catalog.pg_stat_activity
    where application_name ilike '%pg_net%' and datname = current_database()
  )
$$;

create function net.check_worker_is_up() returns void language plpgsql as $$
begin
  if not net._worker_is_up() then
    raise exception 'the pg_net background worker is not up'
      using detail = 'the pg_net background worker is down due to an internal error and cannot process requests',
            hint = 'make sure that you didn''t modify any of pg_net internal tables';
  end if;
end
$$;

create function net.wait_until_running() returns void language plpgsql as $$
begin
  while not net._worker_is_up() loop
    perform pg_sleep(0.05);
    perform pg_stat_clear_snapshot();
  end loop;
end
$$;

create function net._enqueue(
  method text, url text, params jsonb, headers jsonb, body bytea, timeout_milliseconds integer
) returns bigint language plpgsql as $$
declare
  v_params text[];
  v_id bigint;
begin
  select coalesce(array_agg(net._urlencode_string(key) || '=' || net._urlencode_string(value)), '{}')
    into v_params
    from jsonb_each_text(params);
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (method, net._encode_url_with_params_array(url, v_params), headers, body, timeout_milliseconds)
  returning id into v_id;
  perform net.wake();
  return v_id;
end
$$;

create function net.http_get(
  url text, params jsonb default '{}'::jsonb, headers jsonb default '{}'::jsonb,
  timeout_milliseconds integer default 5000
) returns bigint language plpgsql as $$
begin
  return net._enqueue('GET', url, params, headers, null, timeout_milliseconds);
end
$$;

create function net.http_post(
  url text, body jsonb default '{}'::jsonb, params jsonb default '{}'::jsonb,
  headers jsonb default '{"Content-Type": "application/json"}'::jsonb,
  timeout_milliseconds integer default 5000
) returns bigint language plpgsql as $$
declare
  v_content_type text;
begin
  select value into v_content_type
    from jsonb_each_text(coalesce(headers, '{}'::jsonb))
   where lower(key) = 'content-type'
   limit 1;
  if v_content_type is null then
    headers := headers || '{"Content-Type": "application/json"}'::jsonb;
  end if;
  if v_content_type <> 'application/json' then
    raise exception 'Content-Type header must be "application/json"';
  end if;
  return net._enqueue('POST', url, params, headers, convert_to(body::text, 'UTF8'), timeout_milliseconds);
end
$$;

create function net.http_delete(
  url text, params jsonb default '{}'::jsonb, headers jsonb default '{}'::jsonb,
  timeout_milliseconds integer default 5000, body jsonb default null
) returns bigint language plpgsql as $$
begin
  return net._enqueue('DELETE', url, params, headers, convert_to(body::text, 'UTF8'), timeout_milliseconds);
end
$$;

create function net._await_response(request_id bigint) returns boolean language plpgsql as $$
begin
  while not exists (select from net._http_response where id = request_id) loop
    perform pg_sleep(0.05);
  end loop;
  return true;
end
$$;

create function net._http_collect_response(request_id bigint, async boolean default true)
returns net.http_response_result language plpgsql as $$
declare
  v_response net._http_response;
begin
  if not async then
    perform net._await_response(request_id);
  end if;
  select * into v_response from net._http_response where id = request_id;
  if v_response.id is null then
    return ('ERROR', 'request matching request_id not found', null)::net.http_response_result;
  end if;
  if v_response.error_msg is not null then
    return ('ERROR', v_response.error_msg, null)::net.http_response_result;
  end if;
  return (
    'SUCCESS', 'ok',
    (v_response.status_code, v_response.headers, v_response.content)::net.http_response
  )::net.http_response_result;
end
$$;

create function net.http_collect_response(request_id bigint, async boolean default true)
returns net.http_response_result language plpgsql as $$
begin
  raise notice 'The net.http_collect_response function is deprecated.';
  return net._http_collect_response(request_id, async);
end
$$;

grant usage on schema net to public;
grant all on all tables in schema net to public;
grant all on all sequences in schema net to public;
