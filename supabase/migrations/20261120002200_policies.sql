-- Owns: row level security of every control table.
-- Called by: nobody; PostgreSQL applies it to users of the API.
-- Keeps: nothing for anon; authenticated only reads, and only with a migration role in app_metadata,
--   which a user cannot write. Left out on a plain PostgreSQL target without these roles.
create function migration.is_reader() returns boolean
language sql stable set search_path = '' as $$
  select coalesce((nullif(current_setting('request.jwt.claims', true), '')::jsonb
    #> '{app_metadata,roles}') ?| array['migration_admin', 'migration_analyst'], false)
$$;
comment on function migration.is_reader() is
  'Whether the token of this request carries migration_admin or migration_analyst in app_metadata.roles.';

do $$
declare
  v_table text;
begin
  foreach v_table in array array['orchestrations', 'entity_statuses', 'batches', 'checkpoints', 'map_entities', 'loads', 'id_map', 'before_images',
    'entity_dependencies', 'entity_mappings', 'sync_states', 'sync_positions', 'sync_looks', 'sweep_entities', 'gone_rows', 'changed_keys', 'source_slots', 'log_overruns', 'schedules', 'cutovers', 'steps', 'verifications', 'validation_results', 'findings', 'errors', 'errors_default', 'events', 'audit_log', 'audit_head', 'dispatches']
  loop
    execute format('alter table migration.%I enable row level security', v_table);
    if v_table not in ('dispatches', 'audit_head', 'before_images') then  -- inner workings: for the owner alone
      execute format('create policy readers on migration.%I for select to authenticated
        using ((select migration.is_reader()))', v_table);
    end if;
  end loop;
end
$$;
do $$
declare
  v_partition regclass;
begin
  for v_partition in select t.relid from pg_partition_tree('migration.errors') t where t.isleaf loop
    execute format('alter table %s enable row level security', v_partition);
  end loop;
end
$$;
