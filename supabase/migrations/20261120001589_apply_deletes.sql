-- Owns: what becomes of the rows on the list of gone ones, once it is decided which of them can go.
-- Called by: function process-batch (deletes).
-- Keeps: row, place in the map, dead letters and counters change together; a row that is held or told of has
--   its reason written down once.
create function migration._take_gone(p_entity migration.entity_statuses) returns void
language plpgsql set search_path = '' as $$
declare
  v_definition jsonb := migration._sync_definition(p_entity.definition);
  v_target text := migration._target_of(v_definition);
begin
  execute format('delete from %s t using pg_temp.ferry_going g join pg_temp.ferry_gone k using (entity_status_id, source_key)
    where k.entity_status_id = $1 and k.action = ''delete'' and t.ctid = g.place and t.tableoid = g.table_id', v_target) using p_entity.id;
  delete from migration.id_map m using pg_temp.ferry_gone k
   where m.map_entity_id = migration._map_entity(v_definition #>> '{mapping,system}', p_entity.entity_name) and m.source_key = k.source_key
     and k.entity_status_id = p_entity.id and k.action = 'delete' and k.target_id is not null;
  if v_definition #> '{sync,mark}' is not null then
    execute format('update %s t set %I = %s from pg_temp.ferry_going g join pg_temp.ferry_gone k using (entity_status_id, source_key)
      where k.entity_status_id = $1 and k.action = ''mark'' and t.ctid = g.place and t.tableoid = g.table_id', v_target,
      v_definition #>> '{sync,mark,column}',
      case v_definition #>> '{sync,mark,type}' when 'boolean' then 'true' else 'migration.clock()' end) using p_entity.id;
  end if;
end
$$;
comment on function migration._take_gone(migration.entity_statuses) is 'Takes rows of ferry_gone out of target and map, or marks them.';

create function migration._tell_gone(p_batch migration.batches) returns void
language plpgsql set search_path = '' as $$
begin
  -- a row whose new version is refused keeps the dead letter that says so
  update migration.errors d set is_resolved = true, resolved_at = migration.clock(), resolved_by = 'process-batch', resolution = 'gone'
    from pg_temp.ferry_gone k join migration.gone_rows g using (entity_status_id, source_key)
   where d.entity_status_id = k.entity_status_id and d.source_record_id = k.source_key and d.is_dead_letter and not d.is_resolved
     and k.action in ('delete', 'mark') and (g.reason = 'gone' or d.error_code = 'delete_refused');
  insert into migration.errors (migration_id, entity_status_id, batch_id, error_type, error_code, error_message, source_record_id,
    context, occurred_at, is_dead_letter)
  select p_batch.migration_id, k.entity_status_id, p_batch.id, 'constraint_violation', 'delete_refused',
         'Row not deleted: a row that stays refers to it by ' || k.constraint_name || '.', k.source_key,
         jsonb_build_object('constraint', k.constraint_name, 'columns', k.columns, 'batch_number', p_batch.batch_number), migration.clock(), true
    from pg_temp.ferry_gone k
   where k.action = 'hold' and not exists (select from migration.errors d where d.entity_status_id = k.entity_status_id
     and d.source_record_id = k.source_key and d.error_code = 'delete_refused' and d.is_dead_letter and (not d.is_resolved or d.resolution = 'dismissed'));
  insert into migration.errors (migration_id, entity_status_id, batch_id, error_type, error_code, error_message, source_record_id, context, occurred_at)
  select p_batch.migration_id, k.entity_status_id, p_batch.id, 'data_validation', 'row_gone', 'The source has this row no more; it stays in the target.',
         k.source_key, jsonb_build_object('batch_number', p_batch.batch_number), migration.clock()
    from pg_temp.ferry_gone k
   where k.action = 'report' and exists (select from pg_temp.ferry_going g where g.entity_status_id = k.entity_status_id and g.source_key = k.source_key)
     and not exists (select from migration.errors d where d.entity_status_id = k.entity_status_id and d.source_record_id = k.source_key
       and d.error_code = 'row_gone' and not d.is_resolved);
  update migration.gone_rows g set state = case k.action when 'hold' then 'held' else 'reported' end
    from pg_temp.ferry_gone k
   where g.entity_status_id = k.entity_status_id and g.source_key = k.source_key and k.action in ('hold', 'report');
  delete from migration.gone_rows g using pg_temp.ferry_gone k
   where g.entity_status_id = k.entity_status_id and g.source_key = k.source_key and k.action in ('delete', 'mark');
end
$$;
comment on function migration._tell_gone(migration.batches) is
  'Dead letters of rows that are held, errors of rows that are told of, and the list as it is after that.';

create function migration._silence_deletes(p_migration_id uuid) returns void
language plpgsql set search_path = '' as $$
begin
  perform migration._silence_triggers(e.definition) from migration.entity_statuses e
   where e.id in (select g.entity_status_id from migration.gone_rows g where g.migration_id = p_migration_id);
  -- no constraint that a trigger keeps is broken by a row that goes, foreign keys aside: those are looked at here
  perform set_config('session_replication_role', 'replica', true);
exception when insufficient_privilege then
  null;
end
$$;
comment on function migration._silence_deletes(uuid) is
  'Switches triggers and foreign keys off while rows go; SF422 where the role may not and a target has some.';

create function migration.apply_deletes(p_migration_id uuid, p_batch_id uuid, p_attempt integer) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_entity migration.entity_statuses;
  v_stopped text[] := '{}';
begin
  perform migration._silence_deletes(p_migration_id);
  perform from migration.entity_statuses e where e.migration_id = p_migration_id order by e.id for no key update;
  create temp table ferry_gone (entity_status_id uuid, source_key text collate "C", parts jsonb, target_id uuid, action text,
    constraint_name text, columns jsonb, primary key (entity_status_id, source_key)) on commit drop;
  create temp table ferry_going (entity_status_id uuid, source_key text collate "C", table_id oid, place tid) on commit drop;
  for v_entity in select e.* from migration.entity_statuses e where e.id in (select g.entity_status_id from migration.gone_rows g
      where g.migration_id = p_migration_id and g.state <> 'reported') order by e.dependency_order loop
    perform migration._list_going(v_entity);
    if not coalesce((v_batch.task ->> 'allow_deletes')::boolean, false) then
      v_stopped := v_stopped || migration._stop_beyond_limit(v_entity);
    end if;
  end loop;
  create index on pg_temp.ferry_going (table_id, place);
  create index on pg_temp.ferry_going (entity_status_id, source_key);
  analyze pg_temp.ferry_going;
  perform migration._hold_referenced();
  perform migration._take_gone(e) from migration.entity_statuses e where e.id in (select k.entity_status_id from pg_temp.ferry_gone k);
  perform migration._tell_gone(v_batch);
  return jsonb_build_object('stopped', to_jsonb(array_remove(v_stopped, null)), 'entities', coalesce((select jsonb_agg(to_jsonb(x)) from (
    select k.entity_status_id, count(*) filter (where k.action = 'delete' and g.n > 0) as deleted, count(*) filter (where k.action = 'mark' and g.n > 0) as marked,
           count(*) filter (where k.action = 'hold') as held, count(*) filter (where k.action = 'report' and g.n > 0) as reported
      from pg_temp.ferry_gone k
     cross join lateral (select count(*) as n from pg_temp.ferry_going y where y.entity_status_id = k.entity_status_id and y.source_key = k.source_key) g
     group by k.entity_status_id) x), '[]'));
end
$$;
comment on function migration.apply_deletes(uuid, uuid, integer) is
  'Takes away, marks, holds or tells of every row on the list: how many of each entity, and which entities were stopped by their limit. SF001 when fenced.';

create function migration.complete_deletes(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_outcome jsonb, p_last_of_call boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_entity jsonb;
  v_stopped text := (select string_agg(x, '; ') from jsonb_array_elements_text(p_outcome -> 'stopped') x);
begin
  perform migration._close_batch(v_batch, (select coalesce(sum((x ->> 'deleted')::bigint + (x ->> 'marked')::bigint), 0)::bigint
    from jsonb_array_elements(p_outcome -> 'entities') x));
  perform from migration.entity_statuses e where e.migration_id = p_migration_id order by e.id for no key update;
  perform migration._hold_pass(v_batch);
  for v_entity in select x from jsonb_array_elements(p_outcome -> 'entities') x loop
    v_batch.entity_status_id := v_entity ->> 'entity_status_id';
    -- what an earlier sweep has noted may be of an entity that this one had nothing to do with
    insert into migration.sweep_entities (sweep_id, entity_status_id, scope, strategy, watermark_before, watermark_after)
    select v_batch.pass_id, e.id, 'changes', e.definition #>> '{sync,strategy}', p.watermark, p.watermark
      from migration.entity_statuses e join migration.sync_positions p on p.entity_status_id = e.id
     where e.id = v_batch.entity_status_id on conflict do nothing;
    perform migration._count_sync(v_batch, jsonb_build_object('deleted', v_entity -> 'deleted', 'marked', v_entity -> 'marked'));
  end loop;
  perform migration.audit('process-batch', 'sweep.deletes', p_migration_id, p_outcome, case when v_stopped is null then 'ok' else 'refused' end);
  if v_stopped is null then
    perform migration._end_sweep_if_done(v_batch);
  else
    perform migration._halt_sync(p_migration_id, 'deletes_exceeded', format('The source has lost %s: more than the plan lets go at once.', v_stopped));
  end if;
  perform migration._leave_call(v_batch, p_last_of_call, true);
end
$$;
comment on function migration.complete_deletes(uuid, uuid, integer, jsonb, boolean) is
  'Closes the batch of kind deletes with what apply_deletes did; ends the sweep, or halts sync where a limit has stopped some of it. SF001 when fenced.';

create function migration.exceeds_delete_limit(p_batch_id uuid, p_entity_status_id uuid, p_rows bigint) returns boolean
language sql stable set search_path = '' as $$
  select migration._mind_delete_limit(e, p_rows) and not coalesce((b.task ->> 'allow_deletes')::boolean, false)
    from migration.entity_statuses e join migration.batches b on b.migration_id = e.migration_id and b.id = p_batch_id
   where e.id = p_entity_status_id
$$;
comment on function migration.exceeds_delete_limit(uuid, uuid, bigint) is
  'Whether a batch may not take as many rows of an entity without a key away: its rows are not on the list of gone ones.';

create function migration.halt_for_deletes(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_rows bigint, p_last_of_call boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
begin
  perform migration._close_batch(v_batch, 0);
  perform migration._hold_pass(v_batch);
  perform migration._halt_sync(p_migration_id, 'deletes_exceeded', format('The source has lost %s rows of %s: more than the plan lets go at once.',
    p_rows, e.entity_name)) from migration.entity_statuses e where e.id = v_batch.entity_status_id;
  perform migration._leave_call(v_batch, p_last_of_call, true);
end
$$;
comment on function migration.halt_for_deletes(uuid, uuid, integer, bigint, boolean) is
  'Closes a held batch of kind reconcile that would take too many rows away, and halts sync. SF001 when fenced.';
