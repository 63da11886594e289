-- Owns: progress as one JSON document.
-- Called by: function status, the command line.
-- Keeps: counts, names and codes only.
create function migration._verification_report(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select to_jsonb(v) - 'migration_id' - 'verification_id' || jsonb_build_object('id', v.verification_id,
    'results', (select coalesce(jsonb_agg(to_jsonb(r) - array['id', 'migration_id', 'verification_id', 'entity_status_id']
                         order by e.dependency_order, r.check_name), '[]')
                  from migration.validation_results r join migration.entity_statuses e on e.id = r.entity_status_id
                 where r.verification_id = v.verification_id),
    'findings', (select coalesce(jsonb_agg(to_jsonb(f) - array['migration_id', 'verification_id', 'verified_at']), '[]') from (
                   select * from migration.verification_findings f where f.verification_id = v.verification_id
                    order by f.severity, f.entity_name, f.found_at limit 100) f))
    from migration.verification_progress v
   where v.migration_id = p_migration_id order by v.started_at desc limit 1
$$;
comment on function migration._verification_report(uuid) is
  'The newest verification or repair with its results and first 100 findings; null before the first.';

create function migration.status_report(p_migration_id uuid) returns jsonb
language plpgsql stable set search_path = '' as $$
begin
  perform migration._orchestration(p_migration_id);
  return jsonb_build_object(
    'migration', (select to_jsonb(p) from migration.migration_progress p where p.migration_id = p_migration_id),
    'entities', (select coalesce(jsonb_agg(to_jsonb(e) order by e.dependency_order), '[]')
                   from migration.entity_progress e where e.migration_id = p_migration_id),
    'errors', (select coalesce(jsonb_agg(to_jsonb(s) - 'migration_id' order by s.last_at desc), '[]')
                 from migration.error_summary s where s.migration_id = p_migration_id),
    'dead_letters', migration._dead_letters_at_a_look(p_migration_id),
    'verification', migration._verification_report(p_migration_id),
    'sync', migration._sync_report(p_migration_id),
    'calls', (select jsonb_build_object('asked', count(*), 'accepted', count(d.accepted_at),
                'lost', count(*) filter (where d.finish_reason in ('lost', 'never arrived')))
                from migration.dispatches d where d.migration_id = p_migration_id));
end
$$;
comment on function migration.status_report(uuid) is
  'migration, entities in dependency order, errors by code, refused rows by reason, newest verification, sync mode and cut-over, calls: as JSON. SF404.';

create function migration.list_migrations() returns jsonb
language sql stable set search_path = '' as $$
  select coalesce(jsonb_agg(to_jsonb(p) order by p.created_at desc), '[]') from (
    select * from migration.migration_progress order by created_at desc limit 100) p
$$;
comment on function migration.list_migrations() is 'The newest 100 migrations as a JSON array, newest first.';
