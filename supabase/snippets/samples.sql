-- What the samples of the newest verification found (mode "sample"; "full" compares every row).
select migration_id, entity_name, records_validated, issues_found, validation_criteria ->> 'seed' as seed, status
  from migration.verification_summary
 where check_name in ('sample', 'checksum')
 order by migration_id, entity_name;

-- Some rows of one table to look at: personal data, so only where you may see them.
-- Replace public.patients with a table of yours.
-- select * from public.patients
--  where id in (select id from public.patients order by random() limit 100)
--  order by id;
