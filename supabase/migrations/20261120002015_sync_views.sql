-- Owns: what people read about incremental sync: state, lag of each entity, sweeps, cut-overs.
-- Called by: analysts in Studio, status.sql and report.sql.
-- Keeps: the reader's own rights (security_invoker); watermarks and counts only, never a value of a row.
create view migration.sweeps with (security_invoker = true) as
select o.id as sweep_id, o.parent_id as migration_id, o.configuration ->> 'scope' as scope, o.status, o.failure_code,
       o.created_by as begun_by, o.started_at, o.completed_at,
       round(extract(epoch from coalesce(o.completed_at, migration.clock()) - o.started_at), 3) as duration_seconds,
       coalesce(n.entities, 0) as entities, coalesce(n.records_read, 0) as records_read,
       coalesce(n.inserted, 0) as records_inserted, coalesce(n.updated, 0) as records_updated,
       coalesce(n.deleted, 0) as records_deleted, coalesce(n.marked, 0) as records_marked,
       coalesce(n.refused, 0) as records_refused, coalesce(n.watermarks, '{}') as watermarks
  from migration.orchestrations o
  left join lateral (
    select count(*) as entities, sum(s.records_read)::bigint as records_read, sum(s.records_inserted)::bigint as inserted,
           sum(s.records_updated)::bigint as updated, sum(s.records_deleted)::bigint as deleted,
           sum(s.records_marked)::bigint as marked, sum(s.records_refused)::bigint as refused,
           jsonb_object_agg(e.entity_name, jsonb_build_object('before', s.watermark_before, 'after', s.watermark_after)) as watermarks
      from migration.sweep_entities s join migration.entity_statuses e on e.id = s.entity_status_id
     where s.sweep_id = o.id) n on true
 where o.parent_id is not null;
comment on view migration.sweeps is 'One row per sweep: scope, how it ended, rows inserted, updated, deleted and refused, watermarks before and after.';

create view migration.sync_lag with (security_invoker = true) as
select p.migration_id, p.entity_status_id, e.entity_name, e.target_entity, e.definition #>> '{sync,strategy}' as strategy,
       p.watermark, migration.clock() - greatest(p.changes_at, p.hash_at) as lag,
       p.changes_at as last_changes_at, p.deletes_at as last_deletes_at, p.hash_at as last_hash_at,
       coalesce(s.records_inserted, 0) as records_inserted, coalesce(s.records_updated, 0) as records_updated,
       coalesce(s.records_deleted, 0) as records_deleted, coalesce(s.records_marked, 0) as records_marked,
       coalesce(s.records_refused, 0) as records_refused,
       (select count(*) from migration.gone_rows g where g.entity_status_id = p.entity_status_id and g.state = 'held') as gone_rows_held,
       case when e.definition #>> '{sync,strategy}' = 'log' then (y.source #>> '{log,retained_bytes}')::bigint end as log_bytes
  from migration.sync_positions p
  join migration.sync_states y on y.migration_id = p.migration_id
  join migration.entity_statuses e on e.id = p.entity_status_id
  left join lateral (
    select o.id from migration.orchestrations o
     where o.parent_id = p.migration_id and o.status = 'completed' order by o.created_at desc limit 1) last on true
  left join migration.sweep_entities s on s.sweep_id = last.id and s.entity_status_id = p.entity_status_id;
comment on view migration.sync_lag is
  'One row per entity in sync mode: how it is followed, how far behind it may be, what the newest completed sweep did, rows that could not be deleted.';

create view migration.sync_status with (security_invoker = true) as
select y.migration_id, o.plan_name, y.began_at as since, y.caught_up_at,
       case when y.ended_at is not null then case when o.status = 'completed' and c.completed then 'cut_over' else 'ended' end
            else o.sync_state end as state,
       y.halted_code, y.halted_reason, y.halted_at,
       case when y.halted_at is null then null else case y.halted_code
         when 'deletes_exceeded' then 'Look at whether the rows are meant to be gone; then ferry sync ID --allow-deletes.'
         when 'source_schema_changed' then 'Mend the plan where it names what has changed; then ferry resume-sync ID --plan FILE, mended or as it was.'
         when 'source_went_back' then 'Find out which server answers; where the source was restored on purpose: ferry resume-sync ID.'
         else 'Remove the cause; then ferry resume-sync ID.' end end as remedy,
       last.id as last_sweep_id, last.configuration ->> 'scope' as last_sweep_scope, last.status as last_sweep_status,
       last.started_at as last_sweep_at, last.failure_code as last_sweep_failure,
       case when y.ended_at is null then (select min(s.next_run_at) from migration.schedules s
          where s.migration_id = y.migration_id and s.enabled) end as next_run_at,
       coalesce(d.rows, 0) as rows_changed_24h, l.lag as oldest_lag, coalesce(l.held, 0) as gone_rows_held
  from migration.sync_states y
  join migration.migration_progress o on o.migration_id = y.migration_id
  left join lateral (
    select x.* from migration.orchestrations x where x.parent_id = y.migration_id order by x.created_at desc limit 1) last on true
  cross join lateral (
    select exists (select from migration.cutovers v where v.migration_id = y.migration_id and v.state = 'completed') as completed) c
  cross join lateral (
    select sum(s.records_inserted + s.records_updated + s.records_deleted + s.records_marked)::bigint as rows
      from migration.orchestrations x join migration.sweep_entities s on s.sweep_id = x.id
     where x.parent_id = y.migration_id and x.created_at > migration.clock() - interval '1 day') d
  cross join lateral (
    select max(g.lag) as lag, sum(g.gone_rows_held)::bigint as held from migration.sync_lag g where g.migration_id = y.migration_id) l;
comment on view migration.sync_status is
  'One row per migration that is or was kept in step: state, why it is halted and what to do, newest and next sweep, rows of the last day, oldest lag.';

create function migration._sync_report(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select to_jsonb(y) - array['migration_id', 'plan_name', 'oldest_lag'] || jsonb_build_object(
    'lag_seconds', round(extract(epoch from y.oldest_lag), 1),
    'schedules', migration._schedules(y.migration_id),
    'entities', (select coalesce(jsonb_agg(to_jsonb(l) - array['migration_id', 'entity_status_id', 'watermark', 'lag']
                   || jsonb_build_object('lag_seconds', round(extract(epoch from l.lag), 1)) order by l.entity_name), '[]')
                   from migration.sync_lag l where l.migration_id = y.migration_id),
    'sweep', (select to_jsonb(s) - array['migration_id', 'watermarks'] from migration.sweeps s
               where s.migration_id = y.migration_id order by s.started_at desc limit 1),
    'cutover', (select to_jsonb(c) - array['migration_id', 'pass_id', 'former_setting', 'not_before'] from migration.cutovers c
                 where c.migration_id = y.migration_id order by c.began_at desc limit 1))
    from migration.sync_status y where y.migration_id = p_migration_id
$$;
comment on function migration._sync_report(uuid) is
  'Sync mode of a migration: state, lag, schedules, what the newest sweep did to each entity, the newest cut-over; null where it never was in it.';
