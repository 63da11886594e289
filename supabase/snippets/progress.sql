-- Migrations and entities: how far they are, how fast, how long still.
select * from migration.migration_progress order by created_at desc;

select * from migration.entity_progress
 where migration_id = (select id from migration.orchestrations order by created_at desc limit 1)
 order by dependency_order;

-- The same by table, as the migration's checkpoints have it.
set search_path = migration, public;
select table_name, records_migrated, status, updated_at
  from migration_checkpoints
 where status = 'in_progress'
 order by updated_at desc;
