-- Owns: who may touch the control plane at all.
-- Called by: nobody.
-- Keeps: the functions are the owner's alone; authenticated reads views and tables through policies;
--   anon has nothing, not even the schema.
revoke all on all tables in schema migration from public, anon, authenticated, service_role;
revoke all on all functions in schema migration from public, anon, authenticated, service_role;
alter default privileges in schema migration revoke all on tables from public, anon, authenticated, service_role;
alter default privileges in schema migration revoke execute on functions from public, anon, authenticated, service_role;
grant usage on schema migration to authenticated, service_role;
grant execute on function migration.is_reader(), migration.clock() to authenticated, service_role;
grant select on migration.orchestrations, migration.entity_statuses, migration.batches, migration.checkpoints,
  migration.map_entities, migration.loads, migration.id_map, migration.mappings, migration.entity_mappings, migration.entity_dependencies, migration.errors, migration.events, migration.audit_log, migration.steps,
  migration.sync_states, migration.sync_positions, migration.sync_looks, migration.sweep_entities, migration.gone_rows, migration.changed_keys, migration.source_slots, migration.log_overruns,
  migration.verifications, migration.validation_results, migration.findings,
  migration.schedules, migration.cutovers,
  migration.sync_status, migration.sync_lag, migration.sweeps,
    migration.migration_progress, migration.entity_progress, migration.batch_progress, migration.step_progress,
  migration.migration_checkpoints, migration.error_summary, migration.dead_letters, migration.dead_letter_summary,
  migration.verification_summary, migration.verification_findings, migration.verification_progress to authenticated, service_role;
