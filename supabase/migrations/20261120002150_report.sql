-- Owns: what a report tells of one migration: its pace, entities, steps, verification, errors, calls.
-- Called by: function status (report=full), the command line.
-- Keeps: names, counts, codes and times only, and of a row that differs its key; whatever grows with
--   the rows is added up into at most 200 spans of time or cut off with its number told.
create function migration._report_pace(p_migration_id uuid, p_from timestamptz, p_to timestamptz)
returns jsonb language sql stable set search_path = '' as $$
  with span as (
    select greatest(0.05, extract(epoch from p_to - p_from)::double precision / 200) as seconds),
  work as (
    select b.kind, b.records_read as rows, b.bytes,
           greatest(0, extract(epoch from b.completed_at - p_from)::double precision
             - b.processing_duration_ms / 1000.0::double precision) / s.seconds as began,
           greatest(0, extract(epoch from b.completed_at - p_from)::double precision) / s.seconds as ended
      from migration.batches b cross join span s
     where b.migration_id = p_migration_id and b.status = 'completed'
    union all
    select 'call', 0, 0, greatest(0, extract(epoch from d.accepted_at - p_from)::double precision) / s.seconds,
           greatest(0, extract(epoch from coalesce(d.finished_at, p_to) - p_from)::double precision) / s.seconds
      from migration.dispatches d cross join span s
     where d.migration_id = p_migration_id and d.accepted_at between p_from and p_to),
  -- a long batch read its rows all along, not when it ended
  parts as (
    select w.kind, w.rows, w.bytes, n.bucket, least(w.ended, n.bucket + 1) - greatest(w.began, n.bucket) as busy,
           case when w.ended > w.began then (least(w.ended, n.bucket + 1) - greatest(w.began, n.bucket))
                / (w.ended - w.began) else 1 end as share
      from work w cross join lateral
           generate_series(least(199, floor(w.began)::integer), least(199, floor(w.ended)::integer)) n(bucket)),
  buckets as (
    select n.bucket,
           coalesce(sum(p.rows * p.share) filter (where p.kind = 'copy'), 0) as copied,
           coalesce(sum(p.bytes * p.share) filter (where p.kind = 'copy'), 0) as bytes,
           coalesce(sum(p.rows * p.share) filter (where p.kind = 'verify'), 0) as verified,
           coalesce(sum(p.busy) filter (where p.kind = 'call'), 0) as calls
      from span s cross join lateral
           generate_series(0, least(199, floor(extract(epoch from p_to - p_from) / s.seconds)::integer)) n(bucket)
      left join parts p using (bucket)
     group by n.bucket),
  -- rounded as they add up, so that the sum of all is the sum of the batches
  running as (
    select b.bucket, round(sum(b.copied) over o) as copied, round(sum(b.bytes) over o) as bytes,
           round(sum(b.verified) over o) as verified, round(b.calls::numeric, 2) as calls
      from buckets b window o as (order by b.bucket)),
  spans as (
    select r.bucket, r.calls, r.copied - lag(r.copied, 1, 0) over o as copied,
           r.bytes - lag(r.bytes, 1, 0) over o as bytes, r.verified - lag(r.verified, 1, 0) over o as verified
      from running r window o as (order by r.bucket))
  select jsonb_build_object('from', p_from, 'to', p_to, 'seconds', (select round(s.seconds::numeric, 6) from span s),
           'copied', jsonb_agg(t.copied order by t.bucket), 'bytes', jsonb_agg(t.bytes order by t.bucket),
           'verified', jsonb_agg(t.verified order by t.bucket), 'calls', jsonb_agg(t.calls order by t.bucket))
    from spans t
$$;
comment on function migration._report_pace(uuid, timestamptz, timestamptz) is
  'Rows and bytes copied, rows verified and calls at work in each of at most 200 equal spans of time.';

create function migration._report_entities(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  with work as (
    select b.entity_status_id, count(*) filter (where b.kind = 'copy' and b.status = 'completed') as batches,
           sum(b.bytes) filter (where b.kind = 'copy') as bytes, sum(b.retry_count) as retries, sum(b.deaths) as deaths,
           -- later passes are no part of the migration's own course
           min(b.started_at) filter (where b.check_name = 'rows' and b.completed_at <= o.ended_at) as verify_started_at,
           max(b.completed_at) filter (where b.check_name = 'rows' and b.completed_at <= o.ended_at)
             as verify_completed_at
      from migration.batches b
     cross join (select coalesce(completed_at, 'infinity') as ended_at
                   from migration.orchestrations where id = p_migration_id) o
     where b.migration_id = p_migration_id group by b.entity_status_id),
  built as (
    select s.entity_status_id, count(*) as steps, count(*) filter (where s.status = 'failed') as steps_failed,
           min(s.started_at) as steps_started_at, max(s.completed_at) as steps_completed_at,
           sum(s.duration_ms) as steps_ms
      from migration.steps s where s.migration_id = p_migration_id group by s.entity_status_id)
  select coalesce(jsonb_agg(
           (to_jsonb(e) - array['migration_id', 'entity_status_id', 'last_processed_id', 'batch_size', 'batches_completed'])
             || jsonb_build_object('batches', coalesce(w.batches, 0), 'bytes', coalesce(w.bytes, 0),
                  'retries', coalesce(w.retries, 0), 'deaths', coalesce(w.deaths, 0),
                  'verify_started_at', w.verify_started_at, 'verify_completed_at', w.verify_completed_at,
                  'steps', coalesce(t.steps, 0), 'steps_failed', coalesce(t.steps_failed, 0),
                  'steps_ms', coalesce(t.steps_ms, 0),
                  'steps_started_at', t.steps_started_at, 'steps_completed_at', t.steps_completed_at)
           order by e.dependency_order), '[]')
    from migration.entity_progress e
    left join work w using (entity_status_id)
    left join built t using (entity_status_id)
   where e.migration_id = p_migration_id
$$;
comment on function migration._report_entities(uuid) is
  'entity_progress with batches, bytes, retries, deaths and the times of steps and verification.';

create function migration._report_steps(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select coalesce(jsonb_agg(to_jsonb(t) order by t.status = 'failed' desc, t.duration_ms desc nulls last), '[]')
    from (select e.entity_name, s.kind, s.object_name, s.status, s.error_code, s.retry_count,
                 s.started_at, s.completed_at, s.duration_ms
            from migration.steps s join migration.entity_statuses e on e.id = s.entity_status_id
           where s.migration_id = p_migration_id
           order by s.status = 'failed' desc, s.duration_ms desc nulls last limit 100) t
$$;
comment on function migration._report_steps(uuid) is 'The 100 longest steps after the copy, those that failed first.';

create function migration._report_results(p_verification_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_build_object('entity_name', r.entity_name, 'check_name', r.check_name,
      'validation_type', r.validation_type, 'status', r.status, 'records_validated', r.records_validated,
      'issues_found', r.issues_found, 'execution_duration_ms', r.execution_duration_ms)
      order by e.dependency_order, r.check_name), '[]')
    from migration.validation_results r join migration.entity_statuses e on e.id = r.entity_status_id
   where r.verification_id = p_verification_id
$$;
comment on function migration._report_results(uuid) is 'What a pass found, by entity and check.';

create function migration._report_findings(p_verification_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select jsonb_build_object(
    'findings_total', (select count(*) from migration.findings f where f.verification_id = p_verification_id),
    'findings_by_kind', (
      select coalesce(jsonb_object_agg(k.kind, k.findings), '{}') from (
        select f.kind, count(*) as findings from migration.findings f
         where f.verification_id = p_verification_id group by f.kind) k),
    'findings', (
      select coalesce(jsonb_agg(to_jsonb(x) - 'place' order by x.place), '[]') from (
        select e.entity_name, f.check_name, f.kind, f.severity, f.row_key, f.range_after, f.range_through,
               f.columns, f.object_name, f.detail, f.repaired_at,
               row_number() over (order by f.severity, e.dependency_order, f.found_at, f.id) as place
          from migration.findings f join migration.entity_statuses e on e.id = f.entity_status_id
         where f.verification_id = p_verification_id order by place limit 200) x))
$$;
comment on function migration._report_findings(uuid) is 'How many findings a pass has, by kind as well, and the first 200 of them.';

create function migration._report_verification(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select jsonb_build_object('id', v.id, 'kind', v.kind, 'mode', v.mode, 'is_gate', v.is_gate,
      'status', v.status, 'started_at', v.started_at, 'completed_at', v.completed_at,
      'records_validated', v.records_validated, 'issues_found', v.issues_found, 'failure_code', v.failure_code,
      'results', migration._report_results(v.id)) || migration._report_findings(v.id)
    from migration.verifications v where v.migration_id = p_migration_id and v.kind not in ('sync', 'cutover')
   order by v.started_at desc, v.id limit 1
$$;
comment on function migration._report_verification(uuid) is
  'The newest pass with its results and findings; null before the first.';

create function migration._report_calls(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select (select jsonb_build_object('asked', count(*), 'accepted', count(d.accepted_at),
            'lost', count(*) filter (where d.finish_reason in ('lost', 'never arrived')))
            from migration.dispatches d where d.migration_id = p_migration_id)
      || (select jsonb_build_object('batches', count(*), 'retries', coalesce(sum(b.retry_count), 0),
            'deaths', coalesce(sum(b.deaths), 0))
            from migration.batches b where b.migration_id = p_migration_id)
$$;
comment on function migration._report_calls(uuid) is
  'Calls of functions: asked for, accepted, lost; batches: how many, tried again, left by a function that died.';

create function migration.migration_report(p_migration_id uuid) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  v_migration migration.orchestrations := migration._orchestration(p_migration_id);
  v_now timestamptz := migration.clock();
begin
  return jsonb_build_object(
    'reported_at', v_now,
    'migration', (select to_jsonb(p) from migration.migration_progress p where p.migration_id = p_migration_id),
    'entities', migration._report_entities(p_migration_id),
    'pace', case when v_migration.started_at is not null then
      migration._report_pace(p_migration_id, v_migration.started_at, coalesce(v_migration.completed_at, v_now)) end,
    'steps', migration._report_steps(p_migration_id),
    'verification', migration._report_verification(p_migration_id),
    'sync', migration._sync_report(p_migration_id),
    'errors', (
      select coalesce(jsonb_agg(to_jsonb(s) - 'migration_id' order by s.errors desc, s.last_at desc), '[]') from (
        select * from migration.error_summary s where s.migration_id = p_migration_id
         order by s.errors desc, s.last_at desc limit 200) s),
    'dead_letters', migration._dead_letter_counts(p_migration_id),
    'events', (
      select coalesce(jsonb_agg(jsonb_build_object('type', v.event_type, 'at', v."timestamp", 'data', v.data)
               order by v.id), '[]')
        from (select * from migration.events v where v.migration_id = p_migration_id
                 and v.event_type not in ('migration_progress', 'entity_started', 'entity_completed')
               order by v.id desc limit 200) v),
    'calls', migration._report_calls(p_migration_id));
end
$$;
comment on function migration.migration_report(uuid) is
  'Everything that ferry report shows of a migration, as JSON. Bounded for any number of rows and batches. SF404.';
