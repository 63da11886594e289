-- Owns: progress as one JSON document.
-- Called by: function status, the command line.
-- Keeps: counts, names and codes only.
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
    'calls', (select jsonb_build_object('asked', count(*), 'accepted', count(d.accepted_at),
                'lost', count(*) filter (where d.finish_reason in ('lost', 'never arrived')))
                from migration.dispatches d where d.migration_id = p_migration_id));
end
$$;
comment on function migration.status_report(uuid) is
  'migration, entities in dependency order, errors by code, calls: as JSON. SF404.';

create function migration.list_migrations() returns jsonb
language sql stable set search_path = '' as $$
  select coalesce(jsonb_agg(to_jsonb(p) order by p.created_at desc), '[]') from (
    select * from migration.migration_progress order by created_at desc limit 100) p
$$;
comment on function migration.list_migrations() is 'The newest 100 migrations as a JSON array, newest first.';
