-- Owns: running the steps after the copy.
-- Called by: pg_cron (`set statement_timeout = 0; select migration.run_steps()`), the command line;
--   accounting.sql opens the steps of an entity whose rows are in.
-- Keeps: steps outlive functions, because the database runs them; a failed one is retried where time
--   can help, else it fails the migration in the end, never silently. Lock order: step, entity,
--   orchestration, audit head.
create function migration._open_stage(p_entity_status_id uuid) returns smallint
language sql stable set search_path = '' as $$
  -- nothing open counts as the stage behind the last; what a failed table keeps from running holds up
  -- nobody else; two looks, each at the first entry of an index: every other table may refer to this one
  select least(
    (select s.stage from migration.steps s
      where s.status = 'pending' and s.entity_status_id = p_entity_status_id
        and not exists (select from migration.entity_statuses e where e.status = 'failed'
                           and e.id in (s.entity_status_id, s.referenced_entity_status_id))
      order by s.stage limit 1),
    (select s.stage from migration.steps s
      where s.status = 'pending' and s.referenced_entity_status_id = p_entity_status_id
        and not exists (select from migration.entity_statuses e where e.status = 'failed'
                           and e.id in (s.entity_status_id, s.referenced_entity_status_id))
      order by s.stage limit 1),
    32767)::smallint
$$;
comment on function migration._open_stage(uuid) is 'The earliest stage of a table that is not done.';

create function migration._open_steps(p_entity_status_id uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_stage smallint := migration._open_stage(p_entity_status_id);
begin
  update migration.steps s set is_ready = true
   where s.status = 'pending' and not s.is_ready
     and (s.entity_status_id = p_entity_status_id or s.referenced_entity_status_id = p_entity_status_id)
     and s.stage = v_stage
     and not exists (
       select from migration.entity_statuses e
        where e.id in (s.entity_status_id, s.referenced_entity_status_id)
          and (e.status <> 'completed'
               or (e.id <> p_entity_status_id and migration._open_stage(e.id) < s.stage)));
  if found then
    -- `ferry run` listens instead of asking often
    perform pg_notify('supaferry_news', '');
  end if;
end
$$;
comment on function migration._open_steps(uuid) is
  'Makes the steps of a table''s earliest open stage ready where their other table is as far. Call it under the orchestration''s lock.';

create function migration._open_others_steps(p_entity_status_id uuid) returns void
language sql set search_path = '' as $$
  select migration._open_steps(other.id)
    from (select s.referenced_entity_status_id as id from migration.steps s
           where s.entity_status_id = p_entity_status_id and s.status = 'pending'
          union
          select s.entity_status_id from migration.steps s
           where s.referenced_entity_status_id = p_entity_status_id and s.status = 'pending') other
   where other.id <> p_entity_status_id
   order by other.id
$$;
comment on function migration._open_others_steps(uuid) is
  'Lets tables go on that waited for a table which has failed. Call it under the orchestration''s lock.';

create function migration._try_step(p_step migration.steps) returns text
language plpgsql set search_path = '' as $$
declare
  v_sqlstate text;
begin
  execute p_step.statement;
  return null;
exception when others then
  -- the message quotes values of rows, so the code alone is kept
  get stacked diagnostics v_sqlstate = returned_sqlstate;
  return v_sqlstate;
end
$$;
comment on function migration._try_step(migration.steps) is 'Runs a step''s statement; the SQLSTATE of its failure, or null.';

create function migration._settle_step(p_step migration.steps) returns void
language plpgsql set search_path = '' as $$
declare
  -- locks, deadlocks, resources, cancellation: time can help
  v_retry boolean := coalesce(p_step.error_code ~ '^(40|53|55P03|57)', false) and p_step.retry_count < 8;
begin
  update migration.steps s
     set status = case when p_step.error_code is null then 'completed' when v_retry then 'pending' else 'failed' end,
         retry_count = s.retry_count + v_retry::integer, error_code = p_step.error_code,
         not_before = case when v_retry then migration.clock() + migration._backoff(s.retry_count + 1) else s.not_before end,
         started_at = p_step.started_at,
         completed_at = case when p_step.error_code is null then migration.clock() end,
         duration_ms = case when p_step.error_code is null then extract(epoch from migration.clock() - p_step.started_at) * 1000 end
   where s.id = p_step.id;
  if p_step.error_code is not null and not v_retry then
    insert into migration.errors (migration_id, entity_status_id, error_type, error_code, sqlstate, error_message, context, occurred_at)
    values (p_step.migration_id, p_step.entity_status_id,
      case when p_step.error_code ~ '^23' then 'constraint_violation' else 'unknown' end, 'step_failed', p_step.error_code,
      format('Step %s of %s failed.', p_step.kind, p_step.object_name),
      jsonb_build_object('step', p_step.id, 'kind', p_step.kind, 'object', p_step.object_name), migration.clock());
  end if;
end
$$;
comment on function migration._settle_step(migration.steps) is
  'Writes down how a step went: error_code as it came out of its statement.';

create function migration._count_steps(p_steps uuid[]) returns uuid[]
language plpgsql set search_path = '' as $$
declare
  v_count record;
  v_verifying uuid[] := '{}';
begin
  perform from migration.entity_statuses e
    where e.id in (select unnest(array[s.entity_status_id, s.referenced_entity_status_id])
                     from migration.steps s where s.id = any (p_steps))
    order by e.id for no key update;
  perform from migration.orchestrations o
    where o.id in (select s.migration_id from migration.steps s where s.id = any (p_steps))
    order by o.created_at, o.id for no key update;
  for v_count in
    select s.migration_id, count(*) filter (where s.status = 'completed') as completed,
           count(*) filter (where s.status = 'failed') as failed,
           array_agg(s.entity_status_id) || array_agg(s.referenced_entity_status_id) as entities
      from migration.steps s where s.id = any (p_steps) and s.status <> 'pending' group by s.migration_id
  loop
    update migration.orchestrations o
       set completed_steps = o.completed_steps + v_count.completed, error_count = o.error_count + v_count.failed
     where o.id = v_count.migration_id;
    perform migration._open_steps(e.id) from migration.entity_statuses e where e.id = any (v_count.entities);
    if migration._end_if_done(v_count.migration_id) = 'verifying' then
      v_verifying := v_verifying || v_count.migration_id;
    end if;
  end loop;
  return v_verifying;
end
$$;
comment on function migration._count_steps(uuid[]) is
  'Adds settled steps to their migrations, opens what waited for them, and begins the verification of those that have no step left: their ids, for whom calls are to be asked for last of all.';

create function migration._take_step(p_more boolean) returns migration.steps
language plpgsql set search_path = '' as $$
declare
  v_step migration.steps;
begin
  loop
    v_step := null;
    -- Statements on one table wait for each other, indexes apart: who finds it at work takes another
    -- step instead of standing in line. What reads a large table is the first of its transaction or
    -- comes later, so that no lock on another table is kept through it.
    select ready.id into v_step.id
      from migration.orchestrations o
     cross join lateral (
       select first.id from (
         select s.id, s.kind, s.entity_status_id from migration.steps s
          where s.migration_id = o.id and s.status = 'pending' and s.is_ready
            and s.not_before <= migration.clock()
            and (not p_more or s.weight <= 100000 or s.kind not in ('index', 'exclusion', 'check', 'validate', 'analyze'))
          order by s.weight desc offset 0) first
        where pg_try_advisory_xact_lock(hashtextextended(case first.kind
          when 'index' then 'migration.step:' || first.id::text
          else 'migration.steps of:' || first.entity_status_id::text end, 0))
        limit 1) ready
     where o.status = 'running' and o.control_state = 'active'
     order by o.created_at limit 1;
    exit when v_step.id is null;
    select * into v_step from migration.steps s where s.id = v_step.id and s.status = 'pending' for update;
    exit when found;
  end loop;
  return v_step;
end
$$;
comment on function migration._take_step(boolean) is
  'Claims a ready step for this transaction, the heaviest first; null where there is none. After another one only a short step.';

create function migration.run_steps() returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_step migration.steps;
  v_ran integer := 0;
  v_uncounted uuid[] := '{}';
  v_verifying uuid[] := '{}';
  v_until timestamptz := clock_timestamp() + interval '500 milliseconds';
begin
  perform set_config('lock_timeout', '10s', true);
  -- short ones share a transaction, which ends after half a second or with the first long one
  while clock_timestamp() < v_until loop
    v_step := migration._take_step(v_ran > 0);
    if v_step.id is null then
      exit when v_uncounted = '{}';
      -- what waited for these may be short, too
      v_verifying := v_verifying || migration._count_steps(v_uncounted);
      v_uncounted := '{}';
      continue;
    end if;
    v_step.started_at := migration.clock();
    perform pg_advisory_xact_lock(hashtextextended('migration.step:' || v_step.id::text, 0));
    v_step.error_code := migration._try_step(v_step);
    perform migration._settle_step(v_step);
    v_uncounted := v_uncounted || v_step.id;
    v_ran := v_ran + 1;
  end loop;
  -- never before a long statement: no batch may wait for an index of another table
  v_verifying := v_verifying || migration._count_steps(v_uncounted);
  -- the lock on lanes is the last of a transaction
  perform migration.dispatch_lanes(id) from unnest(v_verifying) id order by id;
  return jsonb_build_object('ran', v_ran);
end
$$;
comment on function migration.run_steps() is
  'Runs ready steps for about half a second, or one long one; how many it ran. Several sessions may do so at once.';
