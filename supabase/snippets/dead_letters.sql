-- Rows that were refused, by table and reason.
select * from migration.dead_letter_summary order by unresolved desc, refused desc;

-- One by one: the key of the row at the source, and why.
select entity_name, source_key, error_code, rule, constraint_name, columns, occurred_at
  from migration.dead_letters
 where not is_resolved
 order by occurred_at desc limit 500;
