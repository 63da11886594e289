-- Owns: what people look at: progress of migrations, entities and batches; the documents' checkpoint view.
-- Called by: analysts in Studio, function status.
-- Keeps: the reader's own rights (security_invoker); no value of a row.
create view migration.migration_progress with (security_invoker = true) as
select o.id as migration_id, o.plan ->> 'name' as plan_name, o.migration_type, o.status, o.control_state,
       o.progress_percentage, o.total_entities, o.completed_entities, o.records_total, o.records_read,
       o.records_processed, o.records_failed, o.records_filtered, o.error_count,
       o.total_steps, o.completed_steps, o.started_at, o.copied_at, o.finished_at, o.completed_at, r.seconds as elapsed_seconds,
       round(o.records_read / r.seconds, 1) as throughput_per_second,
       case when o.status = 'running' and o.records_read > 0
            then round((o.records_total - o.records_read) * r.seconds / o.records_read) end as eta_seconds,
       o.failure_code, o.failure_reason, o.created_by, o.created_at,
       case when y.migration_id is null then null when o.cutover_id is not null then 'cutting_over'
            when y.halted_at is not null then 'halted' when o.control_state <> 'active' then o.control_state
            when y.caught_up_at is null then 'catching_up' else 'syncing' end as sync_state
  from migration.orchestrations o
  left join migration.sync_states y on y.migration_id = o.id and y.ended_at is null
  cross join lateral (select greatest(0.001, round(extract(epoch from
    coalesce(o.completed_at, migration.clock()) - o.started_at), 3)) as seconds) r
 where o.parent_id is null;
comment on view migration.migration_progress is 'One row per migration, sweeps left out: state, percentage, rows, rows per second, seconds to go, failure.';

create view migration.entity_progress with (security_invoker = true) as
select e.migration_id, e.id as entity_status_id, e.dependency_order, e.entity_name, e.target_entity, e.status,
       case when e.status = 'completed' then 100.00
            else least(99.99, trunc(100.0 * e.records_read / greatest(1, e.records_total), 2)) end as progress_percentage,
       e.records_total, e.records_read, e.records_processed, e.records_failed, e.records_filtered,
       e.throughput_per_second,
       case when e.status = 'running' and e.throughput_per_second > 0
            then round((e.records_total - e.records_read) / e.throughput_per_second) end as eta_seconds,
       e.batch_size, e.checkpoints_written as batches_completed, e.last_processed_id, e.started_at, e.completed_at
  from migration.entity_statuses e;
comment on view migration.entity_progress is 'One row per entity of a migration: state, percentage, rows, rows per second, seconds to go.';

create view migration.batch_progress with (security_invoker = true) as
select b.migration_id, e.entity_name, b.batch_number, b.kind, b.status, b.batch_size, b.records_successful,
       b.records_failed, b.records_filtered, b.bytes, b.attempt, b.retry_count, b.deaths, b.error_summary,
       b.started_at, b.completed_at, b.processing_duration_ms, b.lease_until, b.not_before
  from migration.batches b join migration.entity_statuses e on e.id = b.entity_status_id;
comment on view migration.batch_progress is 'One row per batch: range size, tries, duration, lease.';

create view migration.migration_checkpoints with (security_invoker = true) as
with latest as (
  select distinct on (e.entity_name) e.*, o.status as migration_status, o.failure_reason
    from migration.entity_statuses e join migration.orchestrations o on o.id = e.migration_id
   where e.status <> 'skipped' and e.started_at is not null
   order by e.entity_name, o.created_at desc)
select (row_number() over (order by l.entity_name))::integer as id,
       l.entity_name::varchar(255) as table_name,
       case when jsonb_array_length(l.prefix_through) = 1 and l.prefix_through ->> 0 ~ '^-?\d{1,9}$'
            then (l.prefix_through ->> 0)::integer end as last_record_id,
       l.checkpoints_written as batch_number,
       least(l.records_processed, 2147483647)::integer as records_migrated,
       case when l.status = 'completed' then 'completed'
            when l.status = 'failed' or l.migration_status = 'failed' then 'failed'
            else 'in_progress' end::varchar(50) as status,
       case when l.status <> 'completed' then l.failure_reason end as error_message,
       l.started_at as created_at, l.updated_at
  from latest l;
comment on view migration.migration_checkpoints is
  'One row per source table of its newest migration, in the columns of the first source document.';

create view migration.error_summary with (security_invoker = true) as
select x.migration_id, e.entity_name, x.error_type, x.error_code, x.sqlstate, count(*) as errors,
       count(*) filter (where not x.is_resolved) as unresolved, max(x.occurred_at) as last_at
  from migration.errors x left join migration.entity_statuses e on e.id = x.entity_status_id
 where not x.is_dead_letter
 group by x.migration_id, e.entity_name, x.error_type, x.error_code, x.sqlstate;
comment on view migration.error_summary is 'Errors of a migration by entity and code; refused rows are in dead_letter_summary.';

create view migration.step_progress with (security_invoker = true) as
select s.migration_id, e.entity_name, s.stage, s.kind, s.object_name,
       case when l.pid is not null then 'running' else s.status end as status,
       l.pid, s.retry_count, s.error_code, s.started_at, s.completed_at, s.duration_ms
  from migration.steps s
  join migration.entity_statuses e on e.id = s.entity_status_id
  -- a running step shows by the advisory lock that it holds until its transaction ends
  left join lateral (
    select k.pid from pg_catalog.pg_locks k
     where s.status = 'pending' and k.locktype = 'advisory' and k.objsubid = 1
       and (k.classid::bigint << 32 | k.objid::bigint) = hashtextextended('migration.step:' || s.id::text, 0)
     limit 1) l on true;
comment on view migration.step_progress is 'One row per step after the copy: kind, object, whether it runs, how long it took.';
