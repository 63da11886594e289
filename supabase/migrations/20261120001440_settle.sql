-- Owns: references whose parent could come after the child, or go after it: of a table to itself, and those
--   within a circle. They are looked at when all rows of the circle are in.
-- Called by: function process-batch, for batches of kind settle; reload.sql.
-- Keeps: no reference of an entity is left that points at nothing; a row that is refused late is taken
--   back out of target and map, and counted as refused; each entity takes its own. Settling again changes nothing.
create function migration._is_settled(p_mapping jsonb) returns text
language sql immutable set search_path = '' as $$
  -- where no map tells, all of them
  select case when p_mapping ->> 'id' is null then '$1 is not distinct from $1' else migration._is_ours(p_mapping) || ' and $1 is not null' end
$$;
comment on function migration._is_settled(jsonb) is
  'Condition that a row t of the target is settled: rows that the target had before are none of ours. $1: id of the entity in the map.';

create function migration._circle(p_entity_status_id uuid) returns setof migration.entity_statuses
language sql stable set search_path = '' as $$
  with recursive edge as (
    select c.id as child, p.id as parent
      from migration.entity_statuses one
      join migration.entity_statuses c on c.migration_id = one.migration_id and c.definition ? 'mapping'
     cross join lateral jsonb_array_elements(coalesce(c.definition -> 'references', '[]')) r
      join migration.entity_statuses p on p.migration_id = one.migration_id and p.definition ? 'mapping'
       and p.definition #>> '{target,schema}' = r #>> '{referenced,schema}' and p.definition #>> '{target,table}' = r #>> '{referenced,table}'
     where one.id = p_entity_status_id),
  above (id) as (select p_entity_status_id union select e.parent from above a join edge e on e.child = a.id),
  below (id) as (select p_entity_status_id union select e.child from below b join edge e on e.parent = b.id)
  select x.* from migration.entity_statuses x where x.id in (select id from above) and x.id in (select id from below)
$$;
comment on function migration._circle(uuid) is 'An entity and those that it refers to and that refer to it, over others or not.';

create function migration._circle_references(p_entity_status_id uuid) returns table (
  child uuid, refusal integer, own integer, definition jsonb, orphan text, doomed text, nulled text)
language sql stable set search_path = '' as $$
  select c.id, f.at::integer, migration._map_entity(c.definition #>> '{mapping,system}', c.entity_name), c.definition,
         format('t.%1$I is not null and not exists (select from %2$s p where p.%3$I = t.%1$I)', r #>> '{columns,0}',
           migration._target_of(p.definition), r #>> '{referenced_columns,0}'),
         format('exists (select from pg_temp.ferry_doomed d where d.entity = %L and d.id = t.%I::text)', p.id, r #>> '{columns,0}'),
         format('%I = null', r #>> '{columns,0}')
    from migration._circle(p_entity_status_id) c
   cross join lateral jsonb_array_elements(coalesce(c.definition -> 'references', '[]')) r
    join migration._circle(p_entity_status_id) p
      on p.definition #>> '{target,schema}' = r #>> '{referenced,schema}' and p.definition #>> '{target,table}' = r #>> '{referenced,table}'
    left join lateral (select x.at from jsonb_array_elements(c.definition #> '{mapping,refusals}') with ordinality x(refusal, at)
      where x.refusal ->> 'code' = 'reference_missing' and x.refusal -> 'columns' = r -> 'columns' limit 1) f on true
$$;
comment on function migration._circle_references(uuid) is
  'References within the circle of an entity: what refuses a row without its parent (null: its reference becomes null), and conditions over a row t of the child that the parent is not there, or goes.';

create function migration._doom_statement(p_definition jsonb, p_condition text) returns text
language sql immutable set search_path = '' as $$
  -- rows that the target had before are none of ours
  select format('insert into pg_temp.ferry_doomed (entity, id, refusal)
    select $2, t.%1$I::text, $3 from %2$s t where %3$s and %4$s on conflict do nothing', p_definition #>> array['mapping', 'columns', p_definition #>> '{mapping,identity,0}'],
    migration._target_of(p_definition), p_condition, migration._is_settled(p_definition -> 'mapping'))
$$;
comment on function migration._doom_statement(jsonb, text) is
  'Notes rows t of an entity in ferry_doomed. $1: its id in the map, $2: the entity, $3: why.';

create function migration._doom(p_entity_status_id uuid) returns void
language plpgsql set search_path = '' set enable_nestloop = off as $$
declare
  v_reference record;
  v_rows bigint;
  v_round bigint;
begin
  create temp table if not exists ferry_doomed (entity uuid, id text, refusal integer, primary key (entity, id)) on commit drop;
  truncate pg_temp.ferry_doomed;
  for v_reference in select * from migration._circle_references(p_entity_status_id) r where r.refusal is not null loop
    execute migration._doom_statement(v_reference.definition, v_reference.orphan)
      using v_reference.own, v_reference.child, v_reference.refusal;
  end loop;
  loop
    v_round := 0;
    -- a row that goes may be the parent of another
    for v_reference in select * from migration._circle_references(p_entity_status_id) r where r.refusal is not null loop
      execute migration._doom_statement(v_reference.definition, v_reference.doomed)
        using v_reference.own, v_reference.child, v_reference.refusal;
      get diagnostics v_rows = row_count;
      v_round := v_round + v_rows;
    end loop;
    exit when v_round = 0;
  end loop;
end
$$;
comment on function migration._doom(uuid) is
  'Finds the rows of an entity''s circle that cannot stay, in ferry_doomed: whatever member asks, whatever is gone already, they are the same.';

create function migration._settle(p_batch migration.batches, p_definition jsonb, p_own integer, out refused bigint, out left_out bigint)
language plpgsql set search_path = '' set enable_nestloop = off as $$
declare
  v_id text := p_definition #>> array['mapping', 'columns', p_definition #>> '{mapping,identity,0}'];
  v_reason record;
  v_reference record;
  v_rows bigint;
begin
  refused := 0; left_out := 0;
  perform migration._doom(p_batch.entity_status_id);
  for v_reason in select distinct d.refusal as at, p_definition #> array['mapping', 'refusals', (d.refusal - 1)::text] as told
                    from pg_temp.ferry_doomed d where d.entity = p_batch.entity_status_id order by 1 loop
    v_rows := migration._take_back(p_batch, p_definition, format(
      't.%I::text in (select d.id from pg_temp.ferry_doomed d where d.entity = %L and d.refusal = %s)', v_id, p_batch.entity_status_id, v_reason.at),
      v_reason.told, p_own);
    if coalesce((v_reason.told ->> 'skips')::boolean, false) then
      left_out := left_out + v_rows;
    else
      refused := refused + v_rows;
    end if;
  end loop;
  for v_reference in select * from migration._circle_references(p_batch.entity_status_id) r
                      where r.refusal is null and r.child = p_batch.entity_status_id loop
    execute format('update %s t set %s where (%s or %s) and %s', migration._target_of(p_definition), v_reference.nulled,
      v_reference.orphan, v_reference.doomed, migration._is_settled(p_definition -> 'mapping')) using p_own;
  end loop;
end
$$;
comment on function migration._settle(migration.batches, jsonb, integer) is
  'Settles the references of an entity to others of its circle; the rows of its own that went.';

create function migration.settle(p_migration_id uuid, p_batch_id uuid, p_attempt integer)
returns table (refused bigint, left_out bigint) language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
begin
  return query
    select s.refused, s.left_out
      from migration.entity_statuses e
     cross join lateral migration._settle(v_batch, e.definition,
       migration._map_entity(e.definition #>> '{mapping,system}', e.entity_name)) s
     where e.id = v_batch.entity_status_id;
end
$$;
comment on function migration.settle(uuid, uuid, integer) is
  'Does what a held batch of kind settle is for: rows refused and left out late. SF001 when fenced.';
