-- Owns: following the log of a source: its slot, how far it was read, and what a sweep makes of it.
-- Called by: function process-batch, for batches of kind look and log; every function, to drop slots (slots_to_drop).
-- Keeps: keys and the position that they were read up to are written together; a position is only told to the
--   source after that; what the log does not tell is compared row by row, in a sweep that is not forgotten.
create function migration.open_log(p_migration_id uuid) returns jsonb
language sql stable set search_path = '' as $$
  select jsonb_build_object('read_through', s.read_through::text, 'unsettled', s.unsettled, 'fingerprint', s.publication,
    'publication', o.plan #>> '{sync,publication}',
    'entities', coalesce((
      select jsonb_agg(jsonb_build_object('id', e.id, 'source', e.definition -> 'source',
               'key', (select jsonb_agg(k.part ->> 'column' order by k.at) from jsonb_array_elements(e.definition -> 'key') with ordinality k(part, at)), 'batch_keys', migration._batch_keys(e))
             order by e.dependency_order, e.id)
        from migration.entity_statuses e join migration.sync_positions p on p.entity_status_id = e.id
       where e.migration_id = p_migration_id and e.definition #>> '{sync,strategy}' = 'log'), '[]'))
    from migration.orchestrations o left join migration.source_slots s on s.migration_id = o.id
   where o.id = p_migration_id
$$;
comment on function migration.open_log(uuid) is
  'What a holder has to know to read the log: publication, entities of strategy log, how far it was read. No read_through: the slot is not made yet.';

create function migration.want_slot(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_slot_name text) returns void
language plpgsql set search_path = '' as $$
begin
  perform migration._hold(p_migration_id, p_batch_id, p_attempt);
  insert into migration.source_slots (migration_id, source_secret, slot_name, noted_at)
  select o.id, o.configuration ->> 'source_secret', p_slot_name, migration.clock()
    from migration.orchestrations o where o.id = p_migration_id
  on conflict (migration_id) do nothing;
end
$$;
comment on function migration.want_slot(uuid, uuid, integer, text) is
  'Writes down that a slot is about to be made; commit it before. SF001 when fenced.';

create function migration._note_overruns(p_batch migration.batches, p_overruns jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  delete from migration.log_overruns o
   where o.migration_id = p_batch.migration_id and exists (
     select from migration.verifications v where v.id = o.pass_id and v.status = 'passed');
  insert into migration.log_overruns (entity_status_id, migration_id, pass_id, reason, noted_at)
  select x.key::uuid, p_batch.migration_id, p_batch.pass_id, x.value, migration.clock() from jsonb_each_text(p_overruns) x
  on conflict (entity_status_id) do update set pass_id = excluded.pass_id, reason = excluded.reason, noted_at = excluded.noted_at;
end
$$;
comment on function migration._note_overruns(migration.batches, jsonb) is
  'Adds entities that the log does not tell key by key, and forgets those that were compared since.';

create function migration.slot_made(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_slot jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
begin
  perform migration._note_overruns(v_batch, (
    select coalesce(jsonb_object_agg(e.value ->> 'id', 'slot_made'), '{}') from jsonb_array_elements(migration.open_log(p_migration_id) -> 'entities') e));
  update migration.source_slots s
     set read_through = (p_slot ->> 'begins')::pg_lsn, unsettled = p_slot ->> 'unsettled', publication = p_slot ->> 'fingerprint',
         facts = '{}', noted_at = migration.clock()
   where s.migration_id = p_migration_id;
  perform migration.audit('process-batch', 'slot.made', p_migration_id, jsonb_build_object('slot', s.slot_name))
     from migration.source_slots s where s.migration_id = p_migration_id;
end
$$;
comment on function migration.slot_made(uuid, uuid, integer, jsonb) is
  'Takes a new slot''s beginning over: what commits before it is found by comparing all rows. SF001 when fenced.';

create function migration._write_overruns(p_batch migration.batches) returns void
language sql set search_path = '' as $$
  -- those of a sweep that was broken off, too
  with due as (
    update migration.log_overruns o set pass_id = p_batch.pass_id where o.migration_id = p_batch.migration_id returning o.entity_status_id
  ), told as (
    insert into migration.sweep_entities (sweep_id, entity_status_id, scope, strategy, watermark_before, watermark_after)
    select p_batch.pass_id, p.entity_status_id, 'hash', 'log', p.watermark, p.watermark
      from due d join migration.sync_positions p on p.entity_status_id = d.entity_status_id
    on conflict (sweep_id, entity_status_id) do update set scope = 'hash'
  ), counted as (
    update migration.entity_statuses e set batches_created = e.batches_created + 1
      from due d where e.id = d.entity_status_id returning e.*
  )
  insert into migration.batches (migration_id, entity_status_id, kind, check_name, pass_id, task, dependency_order, batch_number, row_limit, max_retries)
  select p_batch.migration_id, e.id, 'reconcile', 'log', p_batch.pass_id, jsonb_build_object('scope', 'hash', 'rows_total', e.records_processed),
         c.dependency_order, c.batches_created, migration._check_batch_rows(e), p_batch.max_retries
    from counted c join migration.entity_statuses e on e.id = c.id
$$;
comment on function migration._write_overruns(migration.batches) is
  'Queues the comparison of all rows of the entities that the log does not tell key by key.';

create function migration._read_on(p_batch migration.batches, p_through text) returns void
language sql set search_path = '' as $$
  with counted as (
    update migration.entity_statuses e set batches_created = e.batches_created + 1 where e.id = p_batch.entity_status_id returning e.*)
  insert into migration.batches (migration_id, entity_status_id, kind, pass_id, task, dependency_order, batch_number, range_after, row_limit, max_retries)
  select p_batch.migration_id, c.id, 'log', p_batch.pass_id, p_batch.task || jsonb_build_object('through', p_through), c.dependency_order,
         c.batches_created, jsonb_build_array('log', c.batches_created), 1, p_batch.max_retries
    from counted c
$$;
comment on function migration._read_on(migration.batches, text) is
  'Queues the batch that reads the next part of the log, up to where the sweep began to.';

create function migration._take_log_positions(p_batch migration.batches) returns void
language sql set search_path = '' as $$
  -- the others move with the end of the sweep
  update migration.sync_positions p set changes_at = (p.watermark ->> 'clock')::timestamptz
    from migration.entity_statuses e
   where e.id = p.entity_status_id and p.migration_id = p_batch.migration_id and e.definition #>> '{sync,strategy}' = 'log'
     and not exists (select from migration.sweep_entities s where s.sweep_id = p_batch.pass_id and s.entity_status_id = e.id)
$$;
comment on function migration._take_log_positions(migration.batches) is
  'Moves entities that the log tells nothing of: that is known when it is read.';

create function migration._watch_slot(p_migration_id uuid, p_facts jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  v_limit numeric := (select coalesce((o.plan #>> '{sync,log_limit_bytes}')::numeric, 10737418240)
    from migration.orchestrations o where o.id = p_migration_id);
  v_before numeric := (select (s.facts ->> 'retained_bytes')::numeric from migration.source_slots s where s.migration_id = p_migration_id);
  v_facts jsonb := p_facts || jsonb_build_object('read_at', migration.clock(), 'limit_bytes', v_limit);
begin
  if (p_facts ->> 'retained_bytes')::numeric > v_limit and coalesce(v_before, 0) <= v_limit then
    perform migration._emit(p_migration_id, 'log_slot_lagging', p_facts || jsonb_build_object('limit_bytes', v_limit));
  end if;
  update migration.source_slots s set facts = v_facts where s.migration_id = p_migration_id;
  update migration.sync_states s set source = s.source || jsonb_build_object('log', v_facts) where s.migration_id = p_migration_id;
end
$$;
comment on function migration._watch_slot(uuid, jsonb) is
  'Keeps what was seen of the slot, and tells once when it begins to hold back more than the plan lets it.';

create function migration.begin_log(p_migration_id uuid, p_batch_id uuid, p_attempt integer) returns timestamptz
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
begin
  perform migration.silence_log();
  perform set_config('statement_timeout',
    (greatest(1, extract(epoch from v_batch.lease_until - migration.clock())) * 1000)::bigint::text, true);
  return migration.clock();
end
$$;
comment on function migration.begin_log(uuid, uuid, integer) is
  'Opens the transaction that records what was read: takes the fence first. When it is noted. SF001 when fenced.';

create function migration.complete_log(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_log jsonb, p_last_of_call boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
begin
  perform migration._close_batch(v_batch, (p_log ->> 'keys')::bigint);
  perform from migration.entity_statuses e where e.migration_id = p_migration_id order by e.id for no key update;
  perform migration._hold_pass(v_batch);
  if p_log ? 'halt' then
    perform migration._halt_sync(p_migration_id, p_log #>> '{halt,code}', p_log #>> '{halt,reason}');
    perform migration._leave_call(v_batch, p_last_of_call, false);
    return;
  end if;
  update migration.source_slots s set read_through = (p_log ->> 'read_through')::pg_lsn, unsettled = p_log ->> 'unsettled'
   where s.migration_id = p_migration_id;
  perform migration._watch_slot(p_migration_id, p_log -> 'facts');
  perform migration._note_overruns(v_batch, p_log -> 'overruns');
  if (p_log ->> 'more')::boolean then
    perform migration._read_on(v_batch, p_log ->> 'through');
  else
    perform migration._write_overruns(v_batch);
    perform migration._write_key_batches(v_batch);
    perform migration._take_log_positions(v_batch);
    perform migration._end_sweep_if_done(v_batch);
  end if;
  if (p_log ->> 'changes')::bigint > 0 or p_log -> 'overruns' <> '{}' then
    perform migration.audit('process-batch', 'log.read', p_migration_id, jsonb_build_object('sweep', v_batch.pass_id,
      'changes', p_log -> 'changes', 'keys', p_log -> 'keys', 'overruns', p_log -> 'overruns'));
  end if;
  perform migration._leave_call(v_batch, p_last_of_call, true);
end
$$;
comment on function migration.complete_log(uuid, uuid, integer, jsonb, boolean) is
  'Closes a held batch of kind log whose keys are in changed_keys: keeps how far it has read and queues what is to be read again, or halts sync. SF001 when fenced.';

create function migration.slots_to_drop() returns table (migration_id uuid, source_secret text, slot_name text)
language sql stable set search_path = '' as $$
  select s.migration_id, s.source_secret, s.slot_name from migration.source_slots s
   where not exists (
     select from migration.sync_states y join migration.orchestrations o on o.id = y.migration_id
      where y.migration_id = s.migration_id and y.ended_at is null
        and exists (select from migration.entity_statuses e where e.migration_id = o.id and e.definition #>> '{sync,strategy}' = 'log'))
$$;
comment on function migration.slots_to_drop() is
  'Slots that nobody needs any more: of migrations that were cancelled, have cut over, follow their source another way, or are gone.';

create function migration.slot_dropped(p_migration_id uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_slot text;
begin
  delete from migration.source_slots s where s.migration_id = p_migration_id returning s.slot_name into v_slot;
  if found then  -- somebody else may have been faster
    perform migration.audit('supaferry', 'slot.dropped', (select o.id from migration.orchestrations o where o.id = p_migration_id),
      jsonb_build_object('slot', v_slot));
  end if;
end
$$;
comment on function migration.slot_dropped(uuid) is 'Takes a slot that was dropped out of the books. Does nothing where it is not in them.';

create function migration._call_for_slots() returns integer
language plpgsql set search_path = '' as $$
declare
  v_migration migration.orchestrations;
begin
  -- every call drops what it finds when it has nothing else to do: where there was one lately, it has tried
  select o.* into v_migration from migration.orchestrations o
   where exists (select from migration.slots_to_drop())
     and not exists (select from migration.dispatches d where d.created_at > migration.clock() - interval '1 minute')
     and o.parent_id is null and o.configuration ->> 'dispatch_mode' is distinct from 'notify'
   order by exists (select from migration.source_slots s where s.migration_id = o.id) desc, o.created_at desc limit 1;
  if not found then
    return 0;
  end if;
  perform migration._lock_lanes(v_migration.id);
  perform migration._send(v_migration.id, v_migration.configuration);
  return 1;
end
$$;
comment on function migration._call_for_slots() is
  'Asks for a call, once a minute at most, where slots wait to be dropped and nobody has been called who would have: a slot keeps log on the disk of the source. Of any migration, because a slot can outlive its own.';
