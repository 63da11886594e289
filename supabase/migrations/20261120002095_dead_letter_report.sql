-- Owns: dead letters as JSON: by reason with numbers, and one by one.
-- Called by: function status, status.sql and report.sql, the command line.
-- Keeps: of a row nothing but its key; bounded for any number of them.
create index errors_without_dead_letters on migration.errors (migration_id) where not is_dead_letter;

create function migration._dead_letter_counts(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select coalesce(jsonb_agg(to_jsonb(s) - 'migration_id' order by s.unresolved desc, s.refused desc, s.entity_name, s.error_code), '[]')
    from (select * from migration.dead_letter_summary d where d.migration_id = p_migration_id
           order by d.unresolved desc, d.refused desc, d.entity_name, d.error_code limit 200) s
$$;
comment on function migration._dead_letter_counts(uuid) is
  'Refused rows of a migration by entity and reason, the 200 reasons with the most of them.';

create function migration._dead_letters_at_a_look(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  -- whoever watches looks every other second: very many are not added up each time
  select case when o.records_failed <= 50000 then migration._dead_letter_counts(o.id) else '[]' end
    from migration.orchestrations o where o.id = p_migration_id
$$;
comment on function migration._dead_letters_at_a_look(uuid) is
  'The same for a look at progress; none where there are more than 50,000.';

create function migration.dead_letter_report(p_migration_id uuid, p_choice jsonb, p_limit integer, p_after uuid default null)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
  v_after timestamptz := (select x.occurred_at from migration.errors x where x.migration_id = p_migration_id and x.id = p_after);
  v_letters jsonb;
begin
  perform migration._orchestration(p_migration_id);
  select coalesce(jsonb_agg(to_jsonb(l) order by l.occurred_at, l.id), '[]') into v_letters from (
    select d.id, d.entity_name, d.source_key, d.error_code, d.sqlstate, d.rule, d.constraint_name, d.columns, d.occurred_at,
           d.is_resolved, d.resolution, d.resolution_notes
      from migration.dead_letters d
     where d.migration_id = p_migration_id
       and (not p_choice ? 'entity' or d.entity_name = p_choice ->> 'entity')
       and (not p_choice ? 'code' or d.error_code = p_choice ->> 'code')
       and (p_choice ->> 'state' = 'all' or not d.is_resolved)
       and (p_after is null or (d.occurred_at, d.id) > (v_after, p_after))
     order by d.occurred_at, d.id limit least(greatest(p_limit, 1), 1000)) l;
  return jsonb_build_object('summary', migration._dead_letter_counts(p_migration_id), 'dead_letters', v_letters,
    -- where there may be more: what the next question gives as after
    'next', case when jsonb_array_length(v_letters) >= least(greatest(p_limit, 1), 1000) then v_letters #> '{-1,id}' end);
end
$$;
comment on function migration.dead_letter_report(uuid, jsonb, integer, uuid) is
  'summary by reason; dead_letters one by one, unresolved ones unless the choice has state all, of its entity and code; next for the following ones. SF404.';
