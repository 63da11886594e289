-- Owns: references whose parent could come after the child: of a table to itself, and those that close a
--   circle. They are loaded as they will be if the parent arrives, and looked at when all parents are in.
-- Called by: function process-batch, for batches of kind settle.
-- Keeps: no reference of an entity is left that points at nothing; a row that is refused late is taken
--   back out of target and map, and counted as refused. Settling again changes nothing.
create function migration._orphans(p_definition jsonb, p_late jsonb) returns text
language sql immutable set search_path = '' as $$
  select format('t.%1$I is not null and not exists (select from %2$I.%3$I p where p.%4$I = t.%1$I)%5$s',
    p_late ->> 'column', p_late #>> '{parent,schema}', p_late #>> '{parent,table}', p_late ->> 'parent_column',
    -- rows that the target had before are none of ours
    case when p_definition #>> '{mapping,conflict}' = 'fail' or p_definition #>> '{mapping,id}' is null then ''
         else format(' and exists (select from migration.id_map m where m.map_entity_id = $1 and m.target_id = t.%I and m.origin <> ''f'')',
           p_definition #>> array['mapping', 'columns', p_definition #>> '{mapping,id}']) end)
$$;
comment on function migration._orphans(jsonb, jsonb) is
  'Condition over a row t of the target that its late reference points at nothing. $1: id of the entity in the map.';

create function migration._settle(p_batch migration.batches, p_definition jsonb, p_own integer, out refused bigint, out left_out bigint)
language plpgsql set search_path = '' as $$
declare
  v_late jsonb;
  v_rows bigint;
  v_round bigint;
begin
  refused := 0; left_out := 0;
  loop
    v_round := 0;
    -- a row that goes may be the parent of another
    for v_late in select x from jsonb_array_elements(p_definition #> '{mapping,late}') x where x ->> 'missing' <> 'null' loop
      v_rows := migration._take_back(p_batch, p_definition, migration._orphans(p_definition, v_late),
        p_definition #> array['mapping', 'refusals', ((v_late ->> 'refusal')::integer - 1)::text], p_own);
      v_round := v_round + v_rows;
      refused := refused + case v_late ->> 'missing' when 'reject' then v_rows else 0 end;
      left_out := left_out + case v_late ->> 'missing' when 'skip' then v_rows else 0 end;
    end loop;
    exit when v_round = 0;
  end loop;
  for v_late in select x from jsonb_array_elements(p_definition #> '{mapping,late}') x where x ->> 'missing' = 'null' loop
    execute format('update %s t set %I = null where %s', migration._target_of(p_definition), v_late ->> 'column',
      migration._orphans(p_definition, v_late)) using p_own;
  end loop;
end
$$;
comment on function migration._settle(migration.batches, jsonb, integer) is 'Settles all late references of an entity; the rows that went.';

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
