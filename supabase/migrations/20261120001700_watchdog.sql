-- Owns: the sweep that revives what stalled.
-- Called by: pg_cron every 10 seconds, every status call, the command line.
-- Keeps: liveness only. Everything it does is safe to do at any moment, by anybody, twice.
create function migration._reclaim_batches(p_migration_id uuid, out reclaimed integer, out terminated integer, out parked integer)
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches;
  v_lives boolean;
begin
  reclaimed := 0; terminated := 0; parked := 0;
  for v_batch in
    select * from migration.batches b where b.migration_id = p_migration_id and b.status = 'processing'
  loop
    v_lives := migration._backend_lives(v_batch.holder_pid, v_batch.holder_started_at);
    continue when v_lives and v_batch.lease_until > migration.clock();
    -- a backend that waits in COPY FROM STDIN heeds no timeout and no cancel, and its row lock hides
    -- the batch from every claim: only termination frees it
    if v_lives then
      perform pg_terminate_backend(v_batch.holder_pid, 2000);
      terminated := terminated + 1;
    end if;
    perform from migration.batches b
      where b.migration_id = p_migration_id and b.id = v_batch.id and b.attempt = v_batch.attempt
        and b.status = 'processing' for update skip locked;
    continue when not found;
    reclaimed := reclaimed + 1;
    if migration._bury_batch(v_batch, case when v_lives then 'lease_expired' else 'holder_gone' end) then
      parked := parked + 1;
    end if;
  end loop;
end
$$;
comment on function migration._reclaim_batches(uuid) is
  'Takes back every batch whose lease ran out (ending its holder''s server process) or whose holder is gone.';

create function migration._retire_step_jobs() returns void
language plpgsql set search_path = '' as $$
begin
  if to_regclass('cron.job') is null then
    return;  -- apart from what follows, which cannot even be planned without the table
  end if;
  if not exists (select from cron.job j where j.jobname like 'supaferry-steps-%')
     -- a start or retry at work needs the jobs, and cannot be seen yet
     or not pg_try_advisory_xact_lock(hashtextextended('migration.start', 0)) then
    return;
  end if;
  if not exists (
    select from migration.orchestrations o where o.status = 'running' and o.completed_steps < o.total_steps) then
    perform cron.unschedule(j.jobname) from cron.job j where j.jobname like 'supaferry-steps-%';
  end if;
end
$$;
comment on function migration._retire_step_jobs() is 'Takes the jobs that run steps away when no migration has any left.';

create function migration.watchdog() returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_id uuid;
  v_sweep record;
  v_reclaimed integer := 0;
  v_terminated integer := 0;
  v_dispatched integer := 0;
  v_parked uuid[] := '{}';
begin
  if not pg_try_advisory_xact_lock(hashtextextended('migration.watchdog', 0)) then
    return jsonb_build_object('skipped', true);  -- another sweep is at it
  end if;
  for v_id in select o.id from migration.orchestrations o where o.is_open order by o.created_at loop
    v_sweep := migration._reclaim_batches(v_id);
    v_reclaimed := v_reclaimed + v_sweep.reclaimed;
    v_terminated := v_terminated + v_sweep.terminated;
    if v_sweep.parked > 0 then
      v_parked := v_parked || v_id;
    end if;
  end loop;
  update migration.dispatches d set finished_at = migration.clock(),
         finish_reason = case when d.accepted_at is null then 'never arrived' else 'lost' end
   where d.finished_at is null
     and case when d.accepted_at is null then d.expires_at < migration.clock()
              else not migration._backend_lives(d.holder_pid, d.holder_started_at) end;
  perform migration._retire_step_jobs();
  perform migration._retire_sync_job();
  -- audit head and lanes last, in this order: see dispatch.sql
  foreach v_id in array v_parked loop
    perform migration.audit('watchdog', 'migration.parked', v_id, '{}', 'failed');
  end loop;
  for v_id in select o.id from migration.orchestrations o where o.is_open order by o.created_at loop
    v_dispatched := v_dispatched + migration.dispatch_lanes(v_id);
  end loop;
  v_dispatched := v_dispatched + migration._call_for_slots();
  return jsonb_build_object('reclaimed', v_reclaimed, 'terminated', v_terminated,
    'dispatched', v_dispatched, 'parked', cardinality(v_parked));
end
$$;
comment on function migration.watchdog() is
  'One sweep: takes back batches of dead or overdue holders, closes dead calls, asks for calls where work waits or a slot is left. Counts of each.';

create function migration.housekeeping() returns void
language plpgsql set search_path = '' as $$
begin
  perform migration._ensure_error_partition(migration.clock());
  perform migration._ensure_error_partition(migration.clock() + interval '1 month');
  delete from migration.dispatches d where d.finished_at < migration.clock() - interval '2 days';
  perform migration._forget_sweeps();
end
$$;
comment on function migration.housekeeping() is
  'Daily: makes the partitions that errors will need, drops old records of calls and of sweeps without changes.';
select migration._ensure_error_partition(now());
select migration._ensure_error_partition(now() + interval '1 month');
