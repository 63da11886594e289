-- Owns: when sweeps are begun by themselves.
-- Called by: begin_sync (_write_schedules), pg_cron and `ferry run` (run_schedules), function control
--   (set_schedule), whatever ends sync mode (_end_schedules).
-- Keeps: one pass over a migration at a time: what is due meanwhile is counted and comes as soon as it can.
--   Lock order: entities, orchestration, schedules, audit head, lanes.
create table migration.schedules (
  id uuid primary key default gen_random_uuid(),
  migration_id uuid not null references migration.orchestrations (id) on delete cascade,
  scope text not null,
  schedule text not null,
  enabled boolean not null default true,
  last_run_at timestamptz,
  next_run_at timestamptz,
  skipped bigint not null default 0,
  last_outcome text,
  last_sweep_id uuid,
  constraint schedules_scope_known check (scope in ('changes', 'deletes', 'hash')),
  constraint schedules_scope_unique unique (migration_id, scope),
  constraint schedules_enabled_comes check (not enabled or next_run_at is not null),
  constraint schedules_skipped_not_negative check (skipped >= 0)
);
create index schedules_due on migration.schedules (next_run_at) where enabled;
comment on table migration.schedules is 'When the sweeps of a migration are begun, by scope.';
comment on column migration.schedules.schedule is 'N seconds, or five fields of cron in GMT.';
comment on column migration.schedules.skipped is 'Times that it was due while another pass over the migration was at work.';
comment on column migration.schedules.last_outcome is
  'begun; covered by a wider sweep; overlap, paused, halted; or the code of the refusal.';
comment on column migration.schedules.last_sweep_id is 'The newest sweep that it has begun or was covered by; no foreign key, because sweeps are kept for a shorter time.';

create function migration._schedule_sync_job(p_migration_id uuid) returns void
language plpgsql set search_path = '' as $$
begin
  -- the watchdog takes the job away when no schedule is left
  perform pg_advisory_xact_lock_shared(hashtextextended('migration.sync job', 0));
  if exists (select from migration.schedules s join migration.orchestrations o on o.id = s.migration_id
              where o.id = p_migration_id and s.enabled and o.configuration ->> 'dispatch_mode' = 'pg_net') then
    perform cron.schedule('supaferry-sync', '2 seconds', 'select migration.run_schedules()');
  end if;
end
$$;
comment on function migration._schedule_sync_job(uuid) is
  'Has pg_cron run the schedules, where the migration has any at work and the project dispatches.';

create function migration._retire_sync_job() returns void
language plpgsql set search_path = '' as $$
begin
  if to_regclass('cron.job') is null then
    return;  -- apart from what follows, which cannot even be planned without the table
  end if;
  if exists (select from cron.job j where j.jobname = 'supaferry-sync')
     -- what needs the job may be at work, and cannot be seen yet
     and pg_try_advisory_xact_lock(hashtextextended('migration.sync job', 0))
     and not exists (select from migration.schedules s where s.enabled) then
    perform cron.unschedule('supaferry-sync');
  end if;
end
$$;
comment on function migration._retire_sync_job() is 'Takes the job that runs the schedules away when none is enabled.';

create function migration._write_schedules(p_migration_id uuid) returns void
language plpgsql set search_path = '' as $$
begin
  insert into migration.schedules (migration_id, scope, schedule, enabled, next_run_at, last_outcome)
  select o.id, p.key, p.value, n.next_run_at is not null, n.next_run_at,
         case when n.next_run_at is null then 'schedule_invalid' end
    from migration.orchestrations o
   cross join lateral jsonb_each_text(coalesce(o.plan #> '{sync,schedule}', '{}')) p
   cross join lateral (select migration._next_run(p.value, migration.clock()) as next_run_at) n
   where o.id = p_migration_id and p.value is not null
  on conflict (migration_id, scope) do update
     set schedule = excluded.schedule, enabled = excluded.enabled, next_run_at = excluded.next_run_at,
         last_outcome = excluded.last_outcome;
  -- what a mended plan says nothing for any more
  update migration.schedules s set enabled = false
    from migration.orchestrations o where o.id = p_migration_id and s.migration_id = o.id and o.plan #>> array['sync', 'schedule', s.scope] is null;
  perform migration._schedule_sync_job(p_migration_id);
end
$$;
comment on function migration._write_schedules(uuid) is
  'Takes the schedules of a migration from its plan; one that cannot be read stays off and says so. Call it under the orchestration''s lock.';

create function migration._end_schedules(p_migration_id uuid) returns void
language sql set search_path = '' as $$
  update migration.schedules s set enabled = false where s.migration_id = p_migration_id and s.enabled
$$;
comment on function migration._end_schedules(uuid) is 'Turns the schedules of a migration off. Call it under the orchestration''s lock.';

create function migration.set_schedule(p_migration_id uuid, p_actor text, p_scope text,
  p_schedule text default null, p_enabled boolean default null) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_next timestamptz := migration._next_run(p_schedule, migration.clock());
begin
  if p_scope not in ('changes', 'deletes', 'hash') then
    perform migration._raise('SF422', 'scope_unknown', 'There is no such scope of a sweep.', 'Choose changes, deletes or hash.');
  end if;
  if p_schedule is not null and v_next is null then
    perform migration._raise('SF422', 'schedule_invalid', 'This schedule cannot be read, or names no time.',
      'Write ''30 seconds'' (1 to 99999), or five fields of cron in GMT, such as ''*/15 * * * *''.');
  end if;
  perform from migration.orchestrations o where o.id = p_migration_id for no key update;
  if not migration._is_syncing(p_migration_id) then
    perform migration._orchestration(p_migration_id);
    perform migration._raise('SF409', 'sync_not_begun', 'This migration is not in sync mode.',
      'Give its plan a sync section; it begins when rows and steps are done.');
  end if;
  insert into migration.schedules (migration_id, scope, schedule, enabled, next_run_at)
  select p_migration_id, p_scope, p_schedule, coalesce(p_enabled, true), v_next where p_schedule is not null
  on conflict (migration_id, scope) do nothing;
  update migration.schedules s
     set schedule = coalesce(p_schedule, s.schedule), enabled = coalesce(p_enabled, s.enabled),
         next_run_at = coalesce(v_next, migration._next_run(s.schedule, migration.clock()))
   where s.migration_id = p_migration_id and s.scope = p_scope;
  if not found then
    perform migration._raise('SF404', 'schedule_unknown', 'No sweep of this scope is scheduled.', 'Give it a schedule.');
  end if;
  perform migration._schedule_sync_job(p_migration_id);
  perform migration.audit(p_actor, 'sync.schedule', p_migration_id, jsonb_strip_nulls(jsonb_build_object(
    'scope', p_scope, 'schedule', p_schedule, 'enabled', p_enabled)));
  return migration._brief(p_migration_id) || jsonb_build_object('schedules', migration._schedules(p_migration_id));
end
$$;
comment on function migration.set_schedule(uuid, text, text, text, boolean) is
  'Changes when sweeps of a scope are begun, or turns them on and off. SF404, SF409, SF422.';

create function migration._schedules(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_build_object('scope', s.scope, 'schedule', s.schedule, 'enabled', s.enabled,
      'last_run_at', s.last_run_at, 'next_run_at', case when s.enabled then s.next_run_at end, 'skipped', s.skipped,
      'last_outcome', s.last_outcome) order by s.scope), '[]')
    from migration.schedules s where s.migration_id = p_migration_id
$$;
comment on function migration._schedules(uuid) is 'The schedules of a migration as a JSON array.';

create function migration._mark_unready_schedules() returns void
language sql set search_path = '' as $$
  -- they stay due: what was missed comes when the migration goes on
  update migration.schedules s set last_outcome = w.why
    from (select o.id, case when y.halted_at is not null then 'halted' when o.cutover_id is not null then 'cutover' else 'paused' end as why
            from migration.sync_states y join migration.orchestrations o on o.id = y.migration_id
           where y.halted_at is not null or o.control_state <> 'active' or o.cutover_id is not null) w
   where s.migration_id = w.id and s.enabled and s.next_run_at <= migration.clock() and s.last_outcome is distinct from w.why
$$;
comment on function migration._mark_unready_schedules() is 'Says of schedules that are due why they are not run.';

create function migration._run_due(p_migration_id uuid, p_scope text) returns text
language plpgsql set search_path = '' as $$
declare
  v_code text;
begin
  perform migration.sweep(p_migration_id => p_migration_id, p_actor => 'schedule', p_scope => p_scope);
  return 'begun';
exception when sqlstate 'SF409' then
  -- its state has changed since it was looked at
  get stacked diagnostics v_code = pg_exception_detail;
  return v_code;
end
$$;
comment on function migration._run_due(uuid, text) is 'Begins a sweep; begun, or the code of the refusal.';

create function migration.run_schedules() returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_now timestamptz := migration.clock();
  v_due record;
  v_outcome text;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('migration.schedules', 0)) then
    return jsonb_build_object('skipped', true);  -- another one is at it
  end if;
  -- one migration a call, so that no lock of another is waited for with the audit head in hand
  select o.id, o.verification_id,
         (array_agg(s.scope order by array_position(array['hash', 'deletes', 'changes'], s.scope)))[1] as scope into v_due
    from migration.schedules s
    join migration.orchestrations o on o.id = s.migration_id and o.control_state = 'active' and o.cutover_id is null
    join migration.sync_states y on y.migration_id = o.id and y.ended_at is null and y.halted_at is null
   where s.enabled and s.next_run_at <= v_now
   group by o.id order by min(s.next_run_at) limit 1;
  if not found then
    perform migration._mark_unready_schedules();
    return jsonb_build_object('begun', false);
  end if;
  if v_due.verification_id is null then
    perform from migration.entity_statuses e where e.migration_id = v_due.id order by e.id for no key update;
    v_outcome := migration._run_due(v_due.id, v_due.scope);
  else
    v_outcome := 'overlap';
  end if;
  update migration.schedules s
     set last_outcome = case when v_outcome = 'begun' and s.scope <> v_due.scope then 'covered' else v_outcome end,
         last_run_at = case when v_outcome = 'begun' then v_now else s.last_run_at end,
         last_sweep_id = case when v_outcome = 'begun' then o.verification_id else s.last_sweep_id end,
         skipped = s.skipped + (v_outcome <> 'begun')::integer,
         -- what was skipped comes as soon as it can, not a day later
         next_run_at = case when v_outcome = 'begun' then migration._next_run(s.schedule, v_now)
                            else least(migration._next_run(s.schedule, v_now), v_now + interval '10 seconds') end
    from migration.orchestrations o
   where o.id = s.migration_id and s.migration_id = v_due.id and s.enabled and s.next_run_at <= v_now;
  return jsonb_build_object('begun', v_outcome = 'begun', 'migration_id', v_due.id, 'scope', v_due.scope, 'outcome', v_outcome);
end
$$;
comment on function migration.run_schedules() is
  'Begins the sweep that is due, of the widest scope that is, of the migration that waits longest. Safe at any moment, by anybody, twice.';
