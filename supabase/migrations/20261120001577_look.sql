-- Owns: the look at the source that begins a sweep: how far it may go, and what there is to do.
-- Called by: function process-batch, for batches of kind look.
-- Keeps: no window passes the oldest transaction that may still commit; a source that is another one, or has
--   gone back, or whose tables have changed is never followed in silence.
create function migration._horizon(p_migration_id uuid, p_facts jsonb) returns timestamptz
language sql stable set search_path = '' as $$
  select least((p_facts ->> 'clock')::timestamptz, (p_facts ->> 'oldest')::timestamptz,
    case when (p_facts ->> 'undated')::boolean then coalesce(
      (select max(l.horizon) from migration.sync_looks l
        where l.migration_id = p_migration_id and l.source_next <= (p_facts ->> 'xmin')::numeric), '-infinity') end)
$$;
comment on function migration._horizon(uuid, jsonb) is
  'No transaction that commits from now on can have begun before this time of the source: the oldest one in flight by its session, or by an earlier look at ids where no session tells.';

create function migration._source_changed(p_before jsonb, p_facts jsonb) returns text
language sql immutable set search_path = '' as $$
  select case when p_before = '{}' then null
    when p_before ->> 'system' <> p_facts ->> 'system' then 'other'
    when (p_facts ->> 'next')::numeric < (p_before ->> 'next')::numeric
      or (p_facts ->> 'log_position')::numeric < (p_before ->> 'log_position')::numeric then 'back'
    -- times of rows are held against its clock
    when p_before ->> 'timeline' <> p_facts ->> 'timeline' or (p_facts ->> 'clock')::timestamptz < (p_before ->> 'clock')::timestamptz then 'other' end
$$;
comment on function migration._source_changed(jsonb, jsonb) is
  'other: another server, or one that was promoted or restored forward, or whose clock was put back; back: the same one at an earlier time; null: as it was.';

create function migration._xid_is_lost(p_before jsonb, p_facts jsonb) returns boolean
language sql immutable set search_path = '' as $$
  -- beyond this many, a 32-bit id would look newer than it is
  select not p_before ? 'xmin' or (p_facts ->> 'next')::numeric - (p_before ->> 'xmin')::numeric > 2000000000
$$;
comment on function migration._xid_is_lost(jsonb, jsonb) is
  'Whether transaction ids of rows cannot be held against the last look any more.';

create function migration._scope_of(p_asked text, p_entity migration.entity_statuses, p_position migration.sync_positions, p_facts jsonb, p_all boolean) returns text
language sql stable set search_path = '' as $$
  select case when p_asked = 'hash' or p_all or p_position.hash_at is null then 'hash'
    -- to compare a large table every half a minute would keep both sides at it all day
    when x.strategy = 'hash' then case when p_asked = 'changes' and p_entity.records_processed > 10000 then 'changes' else 'hash' end
    when x.strategy in ('timestamp', 'xmin') and migration._xid_is_lost(p_position.watermark, p_facts) then 'hash'
    else p_asked end
    from (select p_entity.definition #>> '{sync,strategy}' as strategy) x
$$;
comment on function migration._scope_of(text, migration.entity_statuses, migration.sync_positions, jsonb, boolean) is
  'What a sweep does for an entity: what was asked for, or a comparison of all rows where nothing less is certain. Strategy hash has nothing between a comparison and none: in sweeps of scope changes, large tables have none.';

create function migration.open_look(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_facts jsonb)
returns table (entity_status_id uuid, entity_name text, definition jsonb, scope text, since jsonb, low timestamptz, horizon timestamptz, known_schema text)
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_state migration.sync_states;
  v_horizon timestamptz := migration._horizon(p_migration_id, p_facts);
  v_all boolean;
begin
  select * into v_state from migration.sync_states s where s.migration_id = p_migration_id;
  select v_state.caught_up_at is null or migration._source_changed(v_state.source, p_facts) is not null
      or v_state.plan_fingerprint <> o.plan_fingerprint into v_all
    from migration.orchestrations o where o.id = p_migration_id;
  return query
    select e.id, e.entity_name,
           jsonb_build_object('source', e.definition -> 'source', 'key', e.definition -> 'key', 'columns', '[]'::jsonb,
             'sync', (e.definition -> 'sync') - 'stage'),
           migration._scope_of(v_batch.task ->> 'scope', e, p, p_facts, v_all),
           p.watermark,
           ((p.watermark ->> 'horizon')::timestamptz - make_interval(secs => (e.definition #>> '{sync,overlap_seconds}')::numeric::float8)),
           v_horizon, e.definition #>> '{source,digest}'
      from migration.sync_positions p join migration.entity_statuses e on e.id = p.entity_status_id
     where p.migration_id = p_migration_id order by e.dependency_order;
end
$$;
comment on function migration.open_look(uuid, uuid, integer, jsonb) is
  'What a look asks the source about each entity: the scope, since when, and up to which horizon. SF001 when fenced.';

create function migration._watermark_after(p_position migration.sync_positions, p_facts jsonb, p_answer jsonb) returns jsonb
language sql immutable set search_path = '' as $$
  select p_position.watermark || jsonb_build_object('xmin', p_facts ->> 'xmin', 'clock', p_facts ->> 'clock',
      -- once all rows were compared, nothing before counts
      'horizon', greatest((p_answer ->> 'horizon')::timestamptz,
        case when p_answer ->> 'scope' <> 'hash' then (p_position.watermark ->> 'horizon')::timestamptz end)::text)
    || case when p_answer ? 'last_id' then (
      -- ids that were given out before a look belong to transactions that it could see: once none of those is left, they are all in
      select jsonb_build_object('ids', coalesce(jsonb_agg(x.seen order by x.seen ->> 'next') filter (where not x.is_past or x.is_newest), '[]'),
               'through', (array_agg(x.seen ->> 'id' order by (x.seen ->> 'next')::numeric desc) filter (where x.is_past))[1])
        from (select seen, (seen ->> 'next')::numeric <= (p_facts ->> 'xmin')::numeric as is_past,
                     row_number() over (partition by (seen ->> 'next')::numeric <= (p_facts ->> 'xmin')::numeric order by (seen ->> 'next')::numeric desc) = 1 as is_newest
                from jsonb_array_elements(coalesce(p_position.watermark -> 'ids', '[]')
                  || jsonb_build_object('next', p_facts ->> 'next', 'id', p_answer -> 'last_id')) seen) x)
      else '{}' end
$$;
comment on function migration._watermark_after(migration.sync_positions, jsonb, jsonb) is
  'Where an entity stands once the sweep of this look is done.';

create function migration._is_staged_unordered(p_definition jsonb) returns boolean
language sql stable set search_path = '' as $$
  select p_definition ? 'mapping' and migration._range_condition(p_definition, '["0"]', null) is null and not migration._is_mixed(p_definition)
$$;
comment on function migration._is_staged_unordered(jsonb) is
  'Whether both sides of a mapped entity may sort its key differently, so that no range of one is a range of the other.';

create function migration._write_sweep_batches(p_batch migration.batches, p_look jsonb) returns void
language sql set search_path = '' as $$
  with asked as (
    select e.id, (a -> 'batches')
           -- what is gone of a table whose ranges the target cannot tell is found by keys alone
           || case when a ->> 'scope' = 'hash' and migration._is_staged_unordered(e.definition)
                then '[{"kind": "reconcile", "check": "keys", "task": {"scope": "gone"}}]' else '[]' end::jsonb as batches
      from jsonb_array_elements(p_look -> 'answers') a join migration.entity_statuses e on e.id = (a ->> 'entity_status_id')::uuid
     where jsonb_array_length(a -> 'batches') > 0
  ), counted as (
    update migration.entity_statuses e set batches_created = e.batches_created + jsonb_array_length(a.batches)
      from asked a where e.id = a.id returning e.*, a.batches
  )
  insert into migration.batches (migration_id, entity_status_id, kind, check_name, pass_id, task, dependency_order, batch_number,
    row_limit, max_retries)
  select p_batch.migration_id, c.id, b ->> 'kind', coalesce(b ->> 'check', ''), p_batch.pass_id, coalesce(b -> 'task', '{}')
           || jsonb_strip_nulls(jsonb_build_object('rows_total', e.records_processed, 'allow_deletes', p_batch.task -> 'allow_deletes')), c.dependency_order,
         c.batches_created - jsonb_array_length(c.batches) + x.at, coalesce((b ->> 'rows')::integer,
           case b ->> 'kind' when 'sync' then 10 * (o.configuration ->> 'batch_rows')::integer else migration._check_batch_rows(e) end), p_batch.max_retries
    from counted c cross join lateral jsonb_array_elements(c.batches) with ordinality x(b, at)
    join migration.entity_statuses e on e.id = c.id
    join migration.orchestrations o on o.id = p_batch.migration_id
$$;
comment on function migration._write_sweep_batches(migration.batches, jsonb) is 'Queues the batches that a look asks for.';

create function migration._take_positions(p_batch migration.batches, p_look jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  insert into migration.sweep_entities (sweep_id, entity_status_id, scope, strategy, watermark_before, watermark_after)
  select p_batch.pass_id, e.id, a ->> 'scope', e.definition #>> '{sync,strategy}', p.watermark, migration._watermark_after(p, p_look -> 'facts', a)
    from jsonb_array_elements(p_look -> 'answers') a
    join migration.entity_statuses e on e.id = (a ->> 'entity_status_id')::uuid
    join migration.sync_positions p on p.entity_status_id = e.id
   where jsonb_array_length(a -> 'batches') > 0;
  -- where nothing is to be done, it is done; what is read from the log is not told by a look, nor is what was not compared
  update migration.sync_positions p
     set watermark = migration._watermark_after(p, p_look -> 'facts', a),
         changes_at = case when e.definition #>> '{sync,strategy}' in ('log', 'hash') then p.changes_at else (p_look #>> '{facts,clock}')::timestamptz end
    from jsonb_array_elements(p_look -> 'answers') a join migration.entity_statuses e on e.id = (a ->> 'entity_status_id')::uuid
   where p.entity_status_id = e.id and jsonb_array_length(a -> 'batches') = 0;
  insert into migration.sync_looks (migration_id, source_next, horizon, looked_at)
  values (p_batch.migration_id, (p_look #>> '{facts,next}')::numeric, migration._horizon(p_batch.migration_id, p_look -> 'facts'), migration.clock())
  on conflict do nothing;
  delete from migration.sync_looks l where l.migration_id = p_batch.migration_id and l.source_next < (
    select x.source_next from migration.sync_looks x where x.migration_id = p_batch.migration_id order by x.source_next desc offset 1000 limit 1);
end
$$;
comment on function migration._take_positions(migration.batches, jsonb) is
  'Writes down where entities stand: of those with work to do for the end of the sweep, of the others at once.';

create function migration.complete_look(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_look jsonb, p_last_of_call boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_before jsonb;
  v_changed text;
  v_halt boolean := true;
begin
  perform migration._close_batch(v_batch, 0);
  perform from migration.entity_statuses e where e.migration_id = p_migration_id order by e.id for no key update;
  perform migration._hold_pass(v_batch);
  select s.source into v_before from migration.sync_states s where s.migration_id = p_migration_id for update;
  select a ->> 'entity_name' into v_changed from jsonb_array_elements(p_look -> 'answers') a
   where a ->> 'schema' is distinct from a ->> 'known_schema' and a ->> 'known_schema' is not null
      or a ->> 'schema' is null limit 1;
  if migration._source_changed(v_before, p_look -> 'facts') = 'back' then
    perform migration._halt_sync(p_migration_id, 'source_went_back',
      'The source is at an earlier time than the last sweep has seen: it was restored from a backup, or is another server.');
  elsif v_changed is not null then
    perform migration._halt_sync(p_migration_id, 'source_schema_changed',
      format('The columns of %s at the source are not those that the plan was compiled for.', v_changed));
  else
    v_halt := false;
    update migration.sync_states s set source = s.source || (p_look -> 'facts') where s.migration_id = p_migration_id;
    if migration._source_changed(v_before, p_look -> 'facts') = 'other' then
      perform migration._forget_positions(p_migration_id);
      perform migration._emit(p_migration_id, 'source_replaced', jsonb_build_object('sweep', v_batch.pass_id));
    end if;
    perform migration._take_positions(v_batch, p_look);
    perform migration._write_sweep_batches(v_batch, p_look);
    perform migration._end_sweep_if_done(v_batch);
  end if;
  perform migration._leave_call(v_batch, p_last_of_call, not v_halt);
end
$$;
comment on function migration.complete_look(uuid, uuid, integer, jsonb, boolean) is
  'Takes what a look has seen: queues what is to be done, moves the positions of what has not changed, or halts sync. p_look: facts, answers (entity_status_id, scope, horizon, schema, batches …). SF001 when fenced.';
