-- Owns: the last batch of a sweep: what is gone at the source goes in the target, is marked, or is told.
-- Called by: function process-batch (deletes), once everything else of the sweep has been written.
-- Keeps: no row goes that a row which stays refers to; nothing goes that the migration did not bring; more than
--   the plan's limit goes only when somebody has said so; what came back stays.
create function migration.gone_to_ask(p_migration_id uuid, p_after_entity uuid, p_after_key text, p_limit integer)
returns table (entity_status_id uuid, definition jsonb, last_key text, keys jsonb)
language sql stable set search_path = '' as $$
  with page as (
    select x.entity_status_id, x.source_key, first_value(x.entity_status_id) over (order by x.entity_status_id, x.source_key) as first
      from (select g.entity_status_id, g.source_key from migration.gone_rows g
             where g.migration_id = p_migration_id and g.state <> 'reported' and g.reason = 'gone'
               and (g.entity_status_id, g.source_key) > (coalesce(p_after_entity, '00000000-0000-0000-0000-000000000000'), coalesce(p_after_key, ''))
             order by g.entity_status_id, g.source_key limit p_limit) x
  ), entity as materialized (
    -- a definition is large: what is asked of it is asked once
    select e.id, jsonb_array_length(e.definition -> 'key') > 1 as is_composite, e.definition #>> '{mapping,id}' is not null as is_mapped
      from migration.entity_statuses e where e.id = (select p.first from page p limit 1)
  ), keys as (
    select n.id, max(p.source_key) as last, jsonb_agg(case when n.is_composite then p.source_key::jsonb else jsonb_build_array(p.source_key) end
             order by p.source_key) filter (where not (n.is_mapped and p.source_key ~ '^=')) as keys
      from page p join entity n on n.id = p.entity_status_id group by n.id)
  select e.id, e.definition, k.last, k.keys from keys k join migration.entity_statuses e on e.id = k.id
$$;
comment on function migration.gone_to_ask(uuid, uuid, text, integer) is
  'Some of the keys whose rows are to go, of one entity, behind a key of another call: the source is asked for them once more. keys is null where no key leads to them.';

create function migration.keep_returned(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_entity_status_id uuid, p_found jsonb) returns bigint
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_definition jsonb := (select migration._sync_definition(e.definition) from migration.entity_statuses e where e.id = p_entity_status_id);
  v_rows bigint;
begin
  create temp table if not exists ferry_returned (parts jsonb, key text, found jsonb) on commit drop;
  truncate pg_temp.ferry_returned;
  insert into pg_temp.ferry_returned
  select f -> 0, case jsonb_array_length(f -> 0) when 1 then f #>> '{0,0}' else (f -> 0)::text end, f -> 1 from jsonb_array_elements(p_found) f;
  -- equal for the source, such as 'a' and 'A': another row, unless the target's own row is equal to both
  if v_definition #>> '{mapping,id}' is null then
    execute format('delete from pg_temp.ferry_returned k where k.parts <> k.found and not exists (select from %s t where %s and %s)',
      migration._target_of(v_definition), migration._target_by_parts(v_definition, 'k.parts'), migration._target_by_parts(v_definition, 'k.found'));
  else
    delete from pg_temp.ferry_returned k where k.parts <> k.found;
  end if;
  delete from migration.gone_rows g using pg_temp.ferry_returned k where g.entity_status_id = p_entity_status_id and g.source_key = k.key;
  get diagnostics v_rows = row_count;
  update migration.errors d set is_resolved = true, resolved_at = migration.clock(), resolved_by = 'process-batch', resolution = 'superseded'
    from pg_temp.ferry_returned k
   where d.entity_status_id = p_entity_status_id and d.source_record_id = k.key and d.error_code = 'delete_refused'
     and d.is_dead_letter and not d.is_resolved;
  -- by the source's own text of the key: by another one the row would be looked for, and not found, again
  insert into migration.changed_keys (migration_id, entity_status_id, source_key, noted_at)
  select p_migration_id, p_entity_status_id, k.found, migration.clock() from pg_temp.ferry_returned k;
  return v_rows;
end
$$;
comment on function migration.keep_returned(uuid, uuid, integer, uuid, jsonb) is
  'Takes keys that the source has after all off the list of gone ones: they are read again before the sweep ends. p_found: [key asked for, key found]. SF001 when fenced.';

create function migration._list_going(p_entity migration.entity_statuses) returns void
language plpgsql set search_path = '' as $$
declare
  v_definition jsonb := migration._sync_definition(p_entity.definition);
  v_id text := v_definition #>> array['mapping', 'columns', v_definition #>> '{mapping,id}'];
  v_target text := migration._target_of(v_definition);
begin
  -- what was there before the migration is not ours to take away
  insert into pg_temp.ferry_gone (entity_status_id, source_key, parts, target_id, action)
  select p_entity.id, g.source_key, case when v_id is null then migration._key_array(g.source_key, v_definition) end,
         coalesce(m.target_id, case when v_id is not null and g.source_key ~ '^=[0-9a-f-]{36}$' then substr(g.source_key, 2)::uuid end),
         case when m.origin <> 'c' or migration._is_mixed(v_definition) then 'report' when g.reason = 'refused' then 'delete'
              else v_definition #>> '{sync,deletes}' end
    from migration.gone_rows g
    left join (migration.id_map m join migration.loads l on l.id = m.load_id)
           on m.map_entity_id = migration._map_entity(v_definition #>> '{mapping,system}', p_entity.entity_name)
          and m.source_key = g.source_key and l.entity_status_id = p_entity.id
   where g.entity_status_id = p_entity.id and g.state <> 'reported';
  analyze pg_temp.ferry_gone;
  -- locked: who wants to refer to such a row has to wait, and finds it gone
  execute format('with found as (select k.source_key, t.tableoid as table_id, t.ctid as place from pg_temp.ferry_gone k join %s t on %s
      where k.entity_status_id = $1 for update of t)
    insert into pg_temp.ferry_going (entity_status_id, source_key, table_id, place) select $1, f.source_key, f.table_id, f.place from found f',
    v_target, case when v_id is null then migration._target_by_parts(v_definition, 'k.parts') else format('t.%I = k.target_id', v_id) end)
    using p_entity.id;
end
$$;
comment on function migration._list_going(migration.entity_statuses) is
  'Adds the gone rows of an entity to ferry_gone with what the plan says of them, and their places in the target, locked, to ferry_going.';

create function migration._mind_delete_limit(p_entity migration.entity_statuses, p_rows bigint) returns boolean
language sql stable set search_path = '' as $$
  select p_rows > (p_entity.definition #>> '{sync,delete_limit,rows}')::bigint
     and p_rows > (p_entity.definition #>> '{sync,delete_limit,share}')::numeric * p_entity.records_processed
$$;
comment on function migration._mind_delete_limit(migration.entity_statuses, bigint) is 'Whether more rows of an entity would go than its plan allows at once.';

create function migration._stop_beyond_limit(p_entity migration.entity_statuses) returns text
language plpgsql set search_path = '' as $$
declare
  v_rows bigint := (select count(distinct g.source_key) from pg_temp.ferry_going g join pg_temp.ferry_gone k using (entity_status_id, source_key)
    where g.entity_status_id = p_entity.id and k.action in ('delete', 'mark'));
begin
  if not migration._mind_delete_limit(p_entity, v_rows) then
    return null;
  end if;
  update pg_temp.ferry_gone k set action = 'stop' where k.entity_status_id = p_entity.id and k.action in ('delete', 'mark');
  return format('%s of %s rows of %s', v_rows, p_entity.records_processed, p_entity.entity_name);
end
$$;
comment on function migration._stop_beyond_limit(migration.entity_statuses) is
  'Takes none of an entity''s rows where its plan does not allow as many at once; says then how many.';

create function migration._referring(p_tables oid[]) returns table (name text, parent regclass, child regclass, columns text[], condition text)
language sql stable set search_path = '' as $$
  -- of partitions, the constraint of the table as a whole
  select c.conname::text, c.confrelid::regclass, c.conrelid::regclass, array_agg(a.attname::text order by x.at),
         string_agg(format('r.%I operator(%I.%s) t.%I', a.attname, n.nspname, o.oprname, b.attname), ' and ' order by x.at)
    from pg_catalog.pg_constraint c
   cross join lateral unnest(c.conkey, c.confkey, c.conpfeqop) with ordinality x(child, parent, operator, at)
    join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = x.child
    join pg_catalog.pg_attribute b on b.attrelid = c.confrelid and b.attnum = x.parent
    join pg_catalog.pg_operator o on o.oid = x.operator join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
   where c.contype = 'f' and c.conparentid = 0 and exists (select from unnest(p_tables) g(id)
     where c.confrelid = g.id or c.confrelid in (select p.relid from pg_partition_ancestors(g.id) p))
   group by c.oid, c.conname, c.confrelid, c.conrelid
$$;
comment on function migration._referring(oid[]) is
  'Foreign keys on tables: parent, child, and the condition that a row r of the child refers to a row t of the parent.';

create function migration._hold_referenced() returns void
language plpgsql set search_path = '' as $$
declare
  v_key record;
  v_tables oid[] := array(select distinct g.table_id from pg_temp.ferry_going g);
  v_held bigint;
  v_rows bigint;
begin
  loop
    v_held := 0;
    for v_key in select * from migration._referring(v_tables) loop
      -- loads fire no triggers, so nothing else would notice
      execute format('update pg_temp.ferry_gone k set action = ''hold'', constraint_name = $1, columns = $2
         from pg_temp.ferry_going g join %1$s t on t.ctid = g.place and t.tableoid = g.table_id
        where k.action = ''delete'' and g.entity_status_id = k.entity_status_id and g.source_key = k.source_key
          and exists (select from %2$s r where %3$s and not exists (select from pg_temp.ferry_going x join pg_temp.ferry_gone y using (entity_status_id, source_key)
            where y.action = ''delete'' and x.table_id = r.tableoid and x.place = r.ctid))', v_key.parent, v_key.child, v_key.condition)
        using v_key.name, to_jsonb(v_key.columns);
      get diagnostics v_rows = row_count;
      v_held := v_held + v_rows;
    end loop;
    exit when v_held = 0;
  end loop;
end
$$;
comment on function migration._hold_referenced() is
  'Holds the rows that a row which stays refers to, and then those that these refer to, until nothing more is held: what refers to each other in a circle goes together.';
