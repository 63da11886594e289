-- Owns: the birth of a migration.
-- Called by: function start, in the transaction that creates the target tables.
-- Keeps: all of it or nothing; one unfinished migration per target table.
create function migration._check_configuration(p_configuration jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  if not coalesce(
    p_configuration ->> 'dispatch_mode' in ('pg_net', 'notify')
    and (p_configuration ->> 'dispatch_mode' = 'notify' or p_configuration ->> 'functions_url' ~ '^https?://')
    and (p_configuration ->> 'lanes')::integer between 1 and 12
    and (p_configuration ->> 'lease_seconds')::integer between 1 and 600
    and (p_configuration ->> 'max_retries')::integer between 0 and 20
    and (p_configuration ->> 'batch_rows')::integer between 1 and 500000
    and p_configuration ->> 'source_secret' <> '', false)
  then
    perform migration._raise('SF422', 'configuration_invalid', 'The configuration of the migration is incomplete or out of range.',
      'Name dispatch_mode, functions_url, lanes (1-12), lease_seconds (1-600), max_retries (0-20), batch_rows (1-500000) and source_secret.');
  end if;
  if p_configuration ->> 'dispatch_mode' = 'pg_net' and to_regproc('net.http_post') is null then
    perform migration._raise('SF422', 'pg_net_missing', 'The extension pg_net is not enabled.',
      'Enable pg_net and pg_cron in the project, or apply the migrations again.');
  end if;
end
$$;
comment on function migration._check_configuration(jsonb) is 'Raises SF422 unless a migration can run with this configuration.';

create function migration._refuse_busy_targets(p_targets text[], p_except uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_busy record;
begin
  -- one start or retry at a time, so that two cannot both find the targets free
  perform pg_advisory_xact_lock(hashtextextended('migration.start', 0));
  select o.id, e.target_entity into v_busy
    from migration.orchestrations o join migration.entity_statuses e on e.migration_id = o.id
   where o.status in ('pending', 'running') and o.id is distinct from p_except
     and e.target_entity = any (p_targets) limit 1;
  if found then
    perform migration._raise('SF409', 'migration_exists',
      format('Migration %s is already filling %s.', v_busy.id, v_busy.target_entity),
      'Wait for it, or cancel it first.');
  end if;
end
$$;
comment on function migration._refuse_busy_targets(text[], uuid) is
  'Raises SF409 where an unfinished migration fills one of the target tables.';

create function migration._schedule_step_jobs(p_migration_id uuid) returns void
language plpgsql set search_path = '' as $$
begin
  if exists (select from migration.orchestrations o where o.id = p_migration_id
               and o.total_steps > 0 and o.configuration ->> 'dispatch_mode' = 'pg_net') then
    for i in 1 .. 2 loop  -- two at a time; the watchdog takes the jobs away when nothing is left to do
      perform cron.schedule('supaferry-steps-' || i, '1 seconds',
        'set statement_timeout = 0; select migration.run_steps()');
    end loop;
  end if;
end
$$;
comment on function migration._schedule_step_jobs(uuid) is
  'Has the steps of a migration run by pg_cron, where it has any and the project dispatches.';

create function migration._plan_steps(p_migration_id uuid, p_entities jsonb)
returns void language plpgsql set search_path = '' as $$
declare
  v_steps integer;
begin
  insert into migration.steps (migration_id, entity_status_id, referenced_entity_status_id, kind, stage,
    object_name, statement, weight)
  select p_migration_id, e.id, r.id, s ->> 'kind', (s ->> 'stage')::smallint, s ->> 'object_name',
         s ->> 'statement', e.records_total
    from jsonb_array_elements(p_entities) p
   cross join lateral jsonb_array_elements(coalesce(p -> 'steps', '[]')) s
    join migration.entity_statuses e on e.migration_id = p_migration_id and e.target_entity = p ->> 'target_entity'
    left join migration.entity_statuses r on r.migration_id = p_migration_id and r.target_entity = s ->> 'references';
  perform migration._help_uniqueness(p_migration_id);
  select count(*) into v_steps from migration.steps s where s.migration_id = p_migration_id;
  update migration.orchestrations o set total_steps = v_steps where o.id = p_migration_id;
  perform migration._schedule_step_jobs(p_migration_id);
end
$$;
comment on function migration._plan_steps(uuid, jsonb) is
  'Writes the steps that follow the copy, and has them run.';

create function migration._write_first_batches(p_migration_id uuid, p_entities jsonb, p_max_retries integer)
returns void language plpgsql set search_path = '' as $$
begin
  insert into migration.entity_dependencies (entity_status_id, kind, depends_on, until)
  select e.id, w ->> 'kind', on_.id, w ->> 'until'
    from jsonb_array_elements(p_entities) p
   cross join lateral jsonb_array_elements(coalesce(p -> 'waits_for', '[]')) w
    join migration.entity_statuses e on e.migration_id = p_migration_id and e.target_entity = p ->> 'target_entity'
    join migration.entity_statuses on_ on on_.migration_id = p_migration_id and on_.entity_name = w ->> 'entity_name';
  insert into migration.batches (migration_id, entity_status_id, kind, dependency_order, batch_number, row_limit,
    max_retries, not_before)
  select p_migration_id, e.id, k.kind, e.dependency_order, k.at, e.batch_size, p_max_retries,
         case when migration._waits(e.id, k.kind) and not (k.kind = 'copy' and migration._goes_ahead(e)) then 'infinity' else '-infinity' end::timestamptz
    from migration.entity_statuses e cross join (values ('copy', 1), ('settle', 2)) k (kind, at)
   where e.migration_id = p_migration_id
     and (k.kind = 'copy' or exists (select from migration.entity_dependencies d where d.entity_status_id = e.id and d.kind = 'settle'));
  update migration.entity_statuses e set batches_created = 2
   where e.migration_id = p_migration_id
     and exists (select from migration.entity_dependencies d where d.entity_status_id = e.id and d.kind = 'settle');
end
$$;
comment on function migration._write_first_batches(uuid, jsonb, integer) is
  'Writes what entities wait for, and for each its first range and, where references are to be settled, the look at them.';

create function migration._save_mappings(p_entities jsonb, p_version text) returns void
language sql set search_path = '' as $$
  insert into migration.map_entities (source_system, source_table, destination_table, entity_type)
  select p #>> '{definition,mapping,system}', p ->> 'entity_name', p ->> 'target_entity', p #>> '{definition,mapping,entity_type}'
    from jsonb_array_elements(p_entities) p where p #>> '{definition,mapping,id}' is not null
  on conflict (source_system, source_table) do update
     set destination_table = excluded.destination_table, entity_type = excluded.entity_type;
  -- before the new ones: dependencies that were turned around are no circle
  update migration.entity_mappings m set is_active = false, updated_at = migration.clock()
    from jsonb_array_elements(p_entities) p
   where m.source_entity = p ->> 'entity_name' and m.version <> p_version and m.is_active;
  insert into migration.entity_mappings (source_entity, destination_entity, transformation_rules, dependency_entities,
    validation_rules, version)
  select p ->> 'entity_name', p ->> 'target_entity', p -> 'definition',
         array(select distinct w ->> 'entity_name' from jsonb_array_elements(coalesce(p -> 'waits_for', '[]')) w
                where w ->> 'kind' = 'copy'),
         jsonb_build_object('rules', coalesce(p #> '{definition,rules}', '[]')), p_version
    from jsonb_array_elements(p_entities) p where p #> '{definition,mapping}' is not null
  on conflict (source_entity, destination_entity, version) do update set is_active = true, updated_at = excluded.updated_at
$$;
comment on function migration._save_mappings(jsonb, text) is
  'Gives mapped entities their place in the map, and keeps what they were compiled to by the plan''s fingerprint: the newest version is the active one.';

create function migration.start(
  p_plan jsonb, p_plan_fingerprint text, p_source_fingerprint text,
  p_entities jsonb, p_configuration jsonb, p_created_by text
) returns uuid language plpgsql set search_path = '' as $$
declare
  v_id uuid;
  v_now timestamptz := migration.clock();
begin
  perform migration._check_configuration(p_configuration);
  if jsonb_array_length(p_entities) = 0 then
    perform migration._raise('SF422', 'nothing_to_move', 'The plan selects no table.', 'Widen entities or include.');
  end if;
  perform migration._refuse_busy_targets(
    array(select e ->> 'target_entity' from jsonb_array_elements(p_entities) e), null);
  insert into migration.orchestrations (status, started_at, total_entities, configuration,
    lanes_allowed, created_by, plan, plan_fingerprint, source_fingerprint, records_total, created_at)
  select 'running', v_now, count(*), p_configuration, (p_configuration ->> 'lanes')::integer,
         p_created_by, p_plan, p_plan_fingerprint, p_source_fingerprint, sum((e ->> 'records_total')::bigint), v_now
    from jsonb_array_elements(p_entities) e returning id into v_id;
  perform migration._create_batch_partition(v_id);
  insert into migration.entity_statuses (migration_id, entity_name, target_entity, dependency_order,
    records_total, batch_size, definition, batches_created)
  select v_id, e ->> 'entity_name', e ->> 'target_entity', (e ->> 'dependency_order')::integer,
         (e ->> 'records_total')::bigint, (p_configuration ->> 'batch_rows')::integer, e -> 'definition', 1
    from jsonb_array_elements(p_entities) e;
  perform migration._write_first_batches(v_id, p_entities, (p_configuration ->> 'max_retries')::integer);
  perform migration._save_mappings(p_entities, p_plan_fingerprint);
  update migration.map_entities m set begun_empty_by =
      case when not exists (select from migration.id_map i where i.map_entity_id = m.id)
        -- two at once would both believe that they write alone
        and not exists (select from migration.entity_statuses e join migration.orchestrations o on o.id = e.migration_id
          where o.status in ('pending', 'running') and o.id <> v_id and e.entity_name = m.source_table
            and e.definition #>> '{mapping,system}' = m.source_system) then v_id end
   where (m.source_system, m.source_table) in (
       select p #>> '{definition,mapping,system}', p ->> 'entity_name' from jsonb_array_elements(p_entities) p);
  perform migration._plan_steps(v_id, p_entities);
  perform migration._emit(v_id, 'migration_started', jsonb_build_object('entities', jsonb_array_length(p_entities)));
  perform migration.audit(p_created_by, 'migration.started', v_id, jsonb_build_object(
    'entities', jsonb_array_length(p_entities), 'plan_fingerprint', p_plan_fingerprint));
  perform migration.dispatch_lanes(v_id);
  return v_id;
end
$$;
comment on function migration.start(jsonb, text, text, jsonb, jsonb, text) is
  'Writes a migration with its entities and first batches, and asks for the first calls. Its id. SF409 when a target is being filled, SF422 on unusable arguments.';
