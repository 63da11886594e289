-- Migrations that are kept in step with their source: state, lag, the newest and the next sweep.
select * from migration.sync_status order by since desc;

-- How far behind each table may be, and what the newest sweep did.
select entity_name, strategy, lag, records_inserted, records_updated, records_deleted, records_refused, gone_rows_held
  from migration.sync_lag
 where migration_id = (select migration_id from migration.sync_status order by since desc limit 1)
 order by lag desc nulls last;

-- Sweeps of the last day that did something, or failed.
select * from migration.sweeps
 where started_at > now() - interval '1 day'
   and (status = 'failed' or records_inserted + records_updated + records_deleted + records_marked + records_refused > 0)
 order by started_at desc limit 200;

-- When sweeps begin by themselves.
select migration_id, scope, schedule, enabled, last_run_at, next_run_at, skipped, last_outcome
  from migration.schedules order by migration_id, scope;

-- Cut-overs and rehearsals: how long each phase took.
select c.migration_id, c.state, c.is_rehearsal, c.failure_code, c.report ->> 'downtime_ms' as downtime_ms,
       p ->> 'phase' as phase, p ->> 'duration_ms' as phase_ms
  from migration.cutovers c cross join lateral jsonb_array_elements(c.report -> 'phases') p
 order by c.began_at desc, p ->> 'began_at';
