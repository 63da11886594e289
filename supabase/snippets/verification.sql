-- What was checked, and how it ended.
select * from migration.verification_summary order by migration_id, entity_name, check_name;

-- Every difference: the key of the row and the columns, or the object concerned.
select * from migration.verification_findings
 where repaired_at is null order by found_at desc limit 500;

-- How far a verification or repair is.
select * from migration.verification_progress order by started_at desc;
