-- Owns: what analysts read about verification.
-- Called by: analysts in Studio, status_report.
-- Keeps: the reader's own rights (security_invoker); keys are the only values of rows.
create view migration.verification_summary with (security_invoker = true) as
select v.migration_id, v.id as verification_id, v.mode, v.is_gate, v.status as verification_status,
       r.entity_name, r.check_name, r.validation_type, r.status, r.records_validated, r.issues_found,
       (r.validation_criteria ->> 'source_rows')::bigint as source_rows,
       (r.validation_criteria ->> 'target_rows')::bigint as target_rows,
       r.issue_details, r.validation_criteria, r.executed_at, r.execution_duration_ms
  from migration.verifications v
  join migration.validation_results r on r.verification_id = v.id
 where not exists (
   select from migration.verifications newer
    where newer.migration_id = v.migration_id and newer.kind = 'verify'
      and newer.status in ('passed', 'failed') and newer.started_at > v.started_at);
comment on view migration.verification_summary is
  'The newest verification of each migration: one row per entity and check, with the rows on both sides.';

create view migration.verification_findings with (security_invoker = true) as
select f.migration_id, f.verification_id, v.started_at as verified_at, e.entity_name, e.target_entity, f.check_name,
       f.kind, f.severity, f.row_key, f.range_after, f.range_through, f.columns, f.object_name, f.detail, f.found_at, f.repaired_at
  from migration.findings f
  join migration.verifications v on v.id = f.verification_id
  join migration.entity_statuses e on e.id = f.entity_status_id;
comment on view migration.verification_findings is
  'Every difference that a verification found: kind, key of the row, columns, or the object concerned.';

create view migration.verification_progress with (security_invoker = true) as
select v.migration_id, v.id as verification_id, v.kind, v.mode, v.is_gate, v.status, v.requested_by,
       v.started_at, v.completed_at, v.failure_code, v.issues_found,
       case when v.status = 'running' then b.validated else v.records_validated end as records_validated,
       b.batches, b.batches_completed
  from migration.verifications v
 cross join lateral (
   select count(*) as batches, count(*) filter (where b.status = 'completed') as batches_completed,
          coalesce(sum(b.records_read), 0) as validated
     from migration.batches b
    where b.migration_id = v.migration_id and b.pass_id = v.id and b.kind <> 'copy') b
 where v.kind not in ('sync', 'cutover');
comment on view migration.verification_progress is 'One row per verification, repair or replay: how far it is, how it ended; sweeps are in migration.sweeps.';
