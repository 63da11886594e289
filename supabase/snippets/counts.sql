-- Rows on both sides, as the newest verification of each migration counted them.
select migration_id, entity_name, source_rows, target_rows, status
  from migration.verification_summary
 where check_name = 'counts'
 order by migration_id, entity_name;

-- Rows of one table here, to be held against the same query at the source.
-- Replace public.patients with a table of yours.
-- select count(*) from public.patients;
