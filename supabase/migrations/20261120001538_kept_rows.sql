-- Owns: rows of the target whose newer version was refused while the plan keeps the older one.
-- Called by: verification_end.sql.
-- Keeps: what the plan says of refused rows (sync.invalid: keep) is no difference between both sides; it is told.
create function migration._kept_rows(p_entity_status_id uuid) returns table (key text)
language plpgsql stable set search_path = '' as $$
declare
  v_entity migration.entity_statuses;
  v_definition jsonb;
begin
  select * into v_entity from migration.entity_statuses e where e.id = p_entity_status_id;
  if v_entity.definition #>> '{sync,invalid}' is distinct from 'keep' or v_entity.records_failed = 0
     or not exists (select from migration.sync_positions p where p.entity_status_id = p_entity_status_id) then
    return;
  end if;
  v_definition := migration._sync_definition(v_entity.definition);
  return query execute format('select k.key from (
      select d.source_record_id as key, case when $1 #>> ''{mapping,id}'' is null then migration._key_array(d.source_record_id, $1) end as parts
        from migration.errors d
       where d.entity_status_id = $2 and d.is_dead_letter and (not d.is_resolved or d.resolution = ''dismissed'')
         and d.error_code <> ''delete_refused'') k where %s', migration._knows(v_definition))
    using v_definition, p_entity_status_id, migration._map_entity(v_definition #>> '{mapping,system}', v_entity.entity_name);
end
$$;
comment on function migration._kept_rows(uuid) is
  'Keys of an entity in sync mode that have a dead letter and, by the plan, their older row in the target.';

create function migration._spare_kept_rows(p_batch migration.batches) returns void
language sql set search_path = '' as $$
  update migration.findings f set severity = 'warning', detail = f.detail || '{"kept": true}'
    from migration.entity_statuses e cross join lateral migration._kept_rows(e.id) k
   where e.id = p_batch.entity_status_id and f.verification_id = p_batch.pass_id and f.entity_status_id = e.id
     and f.kind in ('extra', 'changed') and f.severity = 'failed' and f.row_key = migration._key_array(k.key, e.definition)
$$;
comment on function migration._spare_kept_rows(migration.batches) is
  'Makes warnings of what a check has found about rows that the plan keeps.';
