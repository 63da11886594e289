-- Owns: what people read of map and dead letters.
-- Called by: analysts in Studio, status and report.
-- Keeps: the reader's own rights (security_invoker); of a row nothing but its key.
create view migration.mappings with (security_invoker = true) as
select md5(format('%s %s', m.map_entity_id, m.source_key))::uuid as id, l.migration_id, e.source_table, m.source_key as source_id,
       e.destination_table, m.target_id as destination_id, e.entity_type,
       jsonb_build_object('source_system', e.source_system, 'load', m.load_id, 'origin',
         case m.origin when 'c' then 'created' when 'u' then 'overwritten' else 'found' end) as mapping_metadata,
       l.loaded_at as created_at, true as is_active
  from migration.id_map m
  join migration.map_entities e on e.id = m.map_entity_id
  left join migration.loads l on l.id = m.load_id;
comment on view migration.mappings is
  'Legacy id → UUID with the attributes of the documents'' MigrationMapping; stored compactly in id_map.';

create view migration.dead_letters with (security_invoker = true) as
select x.migration_id, e.entity_name, e.target_entity, x.source_record_id as source_key, x.error_code, x.error_type, x.sqlstate,
       x.context ->> 'rule' as rule, x.context ->> 'constraint' as constraint_name, x.context -> 'columns' as columns,
       x.error_message, x.occurred_at, x.is_resolved, x.resolution, x.resolution_notes, x.resolved_at, x.resolved_by, x.id
  from migration.errors x join migration.entity_statuses e on e.id = x.entity_status_id
 where x.is_dead_letter;
comment on view migration.dead_letters is 'One row per refused row of the source: its key, why, and what became of it.';

create view migration.dead_letter_summary with (security_invoker = true) as
select d.migration_id, d.entity_name, d.error_code, d.rule, d.columns, count(*) as refused,
       count(*) filter (where not d.is_resolved) as unresolved, max(d.occurred_at) as last_at
  from migration.dead_letters d
 group by d.migration_id, d.entity_name, d.error_code, d.rule, d.columns;
comment on view migration.dead_letter_summary is 'Refused rows by entity and reason.';
