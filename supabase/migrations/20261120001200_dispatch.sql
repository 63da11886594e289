-- Owns: asking for function calls, and letting them in.
-- Called by: start, carve_batch, complete_batch, finish_dispatch, the control verbs, the watchdog
--   (send); function process-batch (accept, finish).
-- Keeps: a request is only a hint: lost, doubled or late ones change nothing but time. No more lanes
--   than configured. Lock order: batch, entity, orchestration, audit head, lanes. Entities and
--   orchestrations are locked for no key update: what only refers to them must not wait, because it
--   comes in any order.
create function migration._lock_lanes(p_migration_id uuid) returns void
language sql set search_path = '' as $$
  select pg_advisory_xact_lock(hashtextextended('migration.lanes:' || p_migration_id::text, 0))
$$;
comment on function migration._lock_lanes(uuid) is
  'Serialises the count of a migration''s lanes; always the last lock of a transaction.';

create function migration._backend_lives(p_pid integer, p_started_at timestamptz) returns boolean
language sql volatile set search_path = '' as $$
  select exists (select from pg_catalog.pg_stat_activity a
                  where a.pid = p_pid and a.backend_start = p_started_at)
$$;
comment on function migration._backend_lives(integer, timestamptz) is
  'Whether a server process still is the one that was recorded; a reused pid has another start.';

create function migration._lanes(p_migration_id uuid, p_accepted boolean) returns integer
language sql volatile set search_path = '' as $$
  select count(*)::integer from migration.dispatches d
   where d.migration_id = p_migration_id and d.finished_at is null
     and (d.accepted_at is not null) = p_accepted
     and case when p_accepted then migration._backend_lives(d.holder_pid, d.holder_started_at)
              else d.created_at > migration.clock() - interval '5 seconds' end
$$;
comment on function migration._lanes(uuid, boolean) is
  'Calls at work (true), or asked for within the last 5 seconds of grace and not yet here (false).';

create function migration._send(p_migration_id uuid, p_configuration jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  v_nonce text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
  v_body jsonb := jsonb_build_object('migration_id', p_migration_id, 'nonce', v_nonce);
begin
  insert into migration.dispatches (migration_id, nonce_hash, created_at, expires_at)
  values (p_migration_id, encode(sha256(convert_to(v_nonce, 'UTF8')), 'hex'),
    migration.clock(), migration.clock() + interval '1 minute');
  if p_configuration ->> 'dispatch_mode' = 'notify' then
    perform pg_notify('supaferry_dispatch', v_body::text);
  else
    perform net.http_post(
      url := (p_configuration ->> 'functions_url') || '/functions/v1/process-batch',
      body := v_body, timeout_milliseconds := 3000);
  end if;
end
$$;
comment on function migration._send(uuid, jsonb) is
  'Draws a nonce, keeps its hash, sends it in the clear; the request leaves when the transaction commits.';

create function migration.dispatch_lanes(p_migration_id uuid) returns integer
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations;
  v_wanted integer;
begin
  select * into v_migration from migration.orchestrations o
   where o.id = p_migration_id and o.is_open and o.control_state = 'active';
  if not found then
    return 0;
  end if;
  perform migration._lock_lanes(p_migration_id);
  select count(*) into v_wanted from (
    select from migration.batches b
     where b.migration_id = p_migration_id and b.status in ('pending', 'retrying')
       and (b.kind in ('copy', 'settle') or b.pass_id = v_migration.verification_id)
       and b.not_before <= migration.clock() limit v_migration.lanes_allowed) claimable;
  -- between two passes of a cut-over somebody has to come and move it on
  if v_migration.verification_id is null and v_migration.cutover_id is not null and migration._cutover_waits(v_migration.cutover_id) then
    v_wanted := greatest(v_wanted, 1);
  end if;
  -- requests on their way will each take one of the claimable batches
  v_wanted := greatest(0, least(v_wanted - migration._lanes(p_migration_id, false),
    v_migration.lanes_allowed - migration._lanes(p_migration_id, true) - migration._lanes(p_migration_id, false)));
  for i in 1 .. v_wanted loop
    perform migration._send(p_migration_id, v_migration.configuration);
  end loop;
  return v_wanted;
end
$$;
comment on function migration.dispatch_lanes(uuid) is
  'Asks for as many calls as there are claimable batches and free lanes; the number asked for.';

create function migration.accept_dispatch(p_migration_id uuid, p_nonce text) returns uuid
language plpgsql set search_path = '' as $$
declare
  v_dispatch migration.dispatches;
begin
  select * into v_dispatch from migration.dispatches d
   where d.migration_id = p_migration_id
     and d.nonce_hash = encode(sha256(convert_to(p_nonce, 'UTF8')), 'hex')
     for update;
  if not found or v_dispatch.expires_at < migration.clock() then
    perform migration._raise('SF401', 'nonce_invalid', 'This call was not asked for, or too long ago.',
      'Only the database calls this function. Nothing is lost: the watchdog asks again.');
  end if;
  if v_dispatch.accepted_at is not null or v_dispatch.finished_at is not null then
    return null;
  end if;
  perform migration._lock_lanes(p_migration_id);
  if migration._lanes(p_migration_id, true) >= (
       select o.lanes_allowed from migration.orchestrations o where o.id = p_migration_id) then
    update migration.dispatches d set finished_at = migration.clock(), finish_reason = 'surplus'
     where d.id = v_dispatch.id;
    return null;
  end if;
  update migration.dispatches d
     set accepted_at = migration.clock(), holder_pid = pg_backend_pid(),
         holder_started_at = (select a.backend_start from pg_catalog.pg_stat_activity a where a.pid = pg_backend_pid())
   where d.id = v_dispatch.id;
  return v_dispatch.id;
end
$$;
comment on function migration.accept_dispatch(uuid, text) is
  'Spends a nonce and records this connection as a lane. Null: a duplicate or one lane too many. SF401: unknown, expired or another migration''s.';

create function migration.finish_dispatch(p_dispatch_id uuid, p_reason text) returns void
language plpgsql set search_path = '' as $$
declare
  v_migration_id uuid;
begin
  update migration.dispatches d set finished_at = migration.clock(), finish_reason = p_reason
   where d.id = p_dispatch_id and d.finished_at is null returning d.migration_id into v_migration_id;
  if found then  -- a second call is a documented no-op
    perform migration.dispatch_lanes(v_migration_id);
  end if;
end
$$;
comment on function migration.finish_dispatch(uuid, text) is
  'Ends a call and asks for the next where there is work. Of no effect on a call that has ended.';
