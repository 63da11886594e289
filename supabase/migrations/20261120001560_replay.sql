-- Owns: dead letters after the plan or the data were mended: trying them again, and putting them away.
-- Called by: function control (replay, resolve), function process-batch (dead_letters_of_batch, complete_replay).
-- Keeps: each is tried once a replay, parents before children, in key order where that decides; a replay
--   proves itself by a verification of its entities.
create function migration._chosen_dead_letters(p_migration_id uuid, p_choice jsonb) returns setof migration.errors
language sql stable set search_path = '' as $$
  select x.* from migration.errors x join migration.entity_statuses e on e.id = x.entity_status_id
   where x.migration_id = p_migration_id and x.is_dead_letter and not x.is_resolved
     and (not p_choice ? 'entity' or e.entity_name = p_choice ->> 'entity')
     and (not p_choice ? 'code' or x.error_code = p_choice ->> 'code')
     and (not p_choice ? 'keys' or x.source_record_id in (select jsonb_array_elements_text(p_choice -> 'keys')))
$$;
comment on function migration._chosen_dead_letters(uuid, jsonb) is
  'Unresolved dead letters of a migration; of an entity, code or source keys where the choice names them.';

create function migration._write_replay_batches(p_migration_id uuid, p_pass_id uuid, p_choice jsonb) returns void
language sql set search_path = '' as $$
  with chosen as materialized (
    select x.id, x.occurred_at, x.entity_status_id,
           -- uniqueness is decided among all of them at once
           case when coalesce((e.definition ->> 'serial')::boolean, false) then 1
                else (row_number() over (partition by x.entity_status_id order by x.occurred_at, x.id) + 499) / 500 end as at
      from migration._chosen_dead_letters(p_migration_id, p_choice) x
      join migration.entity_statuses e on e.id = x.entity_status_id
  ), dealt as materialized (
    select d.* from (select array_agg(x.entity_status_id) as entities
                       from (select distinct c.entity_status_id, c.at from chosen c) x) all_of
     cross join lateral migration._deal_batches(p_migration_id, p_pass_id, 'replay', all_of.entities) d
  )
  update migration.errors x set replay_batch_id = d.batch_id
    from chosen c join dealt d on d.entity_status_id = c.entity_status_id and d.at = c.at
   where x.id = c.id and x.occurred_at = c.occurred_at
$$;
comment on function migration._write_replay_batches(uuid, uuid, jsonb) is 'Deals chosen dead letters out to batches of a replay.';

create function migration._amend(p_migration_id uuid, p_amendment jsonb, p_actor text) returns void
language plpgsql set search_path = '' as $$
declare
  v_unknown text;
begin
  select min(p ->> 'entity_name') into v_unknown from jsonb_array_elements(p_amendment -> 'entities') p
   where not exists (select from migration.entity_statuses e where e.migration_id = p_migration_id
     and e.entity_name = p ->> 'entity_name' and e.target_entity = p ->> 'target_entity');
  if v_unknown is not null then
    perform migration._raise('SF422', 'plan_moves_other_tables', format('The migration does not move %s to that target.', v_unknown),
      'A mended plan may change columns, rules and references, not which tables are moved where.');
  end if;
  update migration.entity_statuses e set definition = p -> 'definition'
    from jsonb_array_elements(p_amendment -> 'entities') p
   where e.migration_id = p_migration_id and e.entity_name = p ->> 'entity_name';
  -- what was in step by the old plan may not be by the new one
  update migration.sync_positions p set hash_at = null where p.migration_id = p_migration_id;
  update migration.orchestrations o set plan = p_amendment -> 'plan', plan_fingerprint = p_amendment ->> 'plan_fingerprint'
   where o.id = p_migration_id;
  perform migration._save_mappings(p_amendment -> 'entities', p_amendment ->> 'plan_fingerprint');
  perform migration._emit(p_migration_id, 'plan_amended', jsonb_build_object('by', p_actor));
end
$$;
comment on function migration._amend(uuid, jsonb, text) is
  'Takes a mended plan for a migration that is done: plan, plan_fingerprint, entities as migration.start has them. SF422 where it moves other tables.';

create function migration.replay(p_migration_id uuid, p_actor text, p_choice jsonb default '{}', p_amendment jsonb default null)
returns jsonb language plpgsql set search_path = '' as $$
declare
  v_gate boolean := migration._take_for_pass(p_migration_id, 'replay');
  v_pass_id uuid;
begin
  if p_amendment is not null then
    perform migration._amend(p_migration_id, p_amendment, p_actor);
  end if;
  if not exists (select from migration._chosen_dead_letters(p_migration_id, p_choice)) then
    perform migration._raise('SF409', 'nothing_to_replay', 'No unresolved dead letter fits the choice.',
      'Look at migration.dead_letters.');
  end if;
  v_pass_id := migration._open_pass(p_migration_id, 'replay', migration._verification_settings(o), v_gate,
      array(select distinct x.entity_status_id from migration._chosen_dead_letters(p_migration_id, p_choice) x), p_actor)
    from migration.orchestrations o where o.id = p_migration_id;
  perform migration._write_replay_batches(p_migration_id, v_pass_id, p_choice);
  perform migration.audit(p_actor, 'migration.replay', p_migration_id, jsonb_build_object(
    'entity', p_choice -> 'entity', 'code', p_choice -> 'code', 'amended', p_amendment is not null));
  perform migration.dispatch_lanes(p_migration_id);
  return migration._brief(p_migration_id) || jsonb_build_object('verification_id', v_pass_id);
end
$$;
comment on function migration.replay(uuid, text, jsonb, jsonb) is
  'Tries chosen dead letters again, by the plan as it was or a mended one, and verifies their entities. SF404, SF409, SF422.';

create function migration.dead_letters_of_batch(p_migration_id uuid, p_batch_id uuid) returns table (row_key jsonb)
language sql stable set search_path = '' as $$
  select migration._key_array(x.source_record_id, e.definition) from migration.errors x
    join migration.entity_statuses e on e.id = x.entity_status_id
   where x.migration_id = p_migration_id and x.replay_batch_id = p_batch_id and not x.is_resolved
$$;
comment on function migration.dead_letters_of_batch(uuid, uuid) is 'Keys of the source that a held batch of kind replay tries again.';

create function migration._recount(p_entity_status_id uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_entity migration.entity_statuses;
  v_failed bigint;
begin
  select * into v_entity from migration.entity_statuses e where e.id = p_entity_status_id for no key update;
  v_failed := migration._live_letters(p_entity_status_id);
  -- rows that are gone at the source, or left out by now, count as filtered
  update migration.entity_statuses e
     set records_failed = v_failed,
         records_filtered = e.records_filtered + n.left_out,
         records_processed = e.records_read - v_failed - e.records_filtered - n.left_out, updated_at = migration.clock()
    from (select count(*) as left_out from migration.errors d
           where d.entity_status_id = p_entity_status_id and d.is_dead_letter and d.resolution = 'gone'
             and not coalesce((d.context ->> 'counted')::boolean, false)) n
   where e.id = p_entity_status_id;
  update migration.errors d set context = d.context || '{"counted": true}'
   where d.entity_status_id = p_entity_status_id and d.is_dead_letter and d.resolution = 'gone'
     and not coalesce((d.context ->> 'counted')::boolean, false);
  update migration.orchestrations o
     set records_processed = t.processed, records_failed = t.failed, records_filtered = t.filtered
    from (select sum(e.records_processed) as processed, sum(e.records_failed) as failed, sum(e.records_filtered) as filtered
            from migration.entity_statuses e where e.migration_id = v_entity.migration_id) t
   where o.id = v_entity.migration_id;
end
$$;
comment on function migration._recount(uuid) is
  'Brings the counters of an entity and its migration to what its dead letters say: what is no dead letter any more was loaded, or is gone. Locks the entity, then the orchestration.';

create function migration._recount_pass(p_batch migration.batches) returns void
language sql set search_path = '' as $$
  select migration._recount(e.id) from migration.entity_statuses e
   where e.migration_id = p_batch.migration_id and e.definition ? 'mapping'
     and e.id in (select b.entity_status_id from migration.batches b where b.migration_id = p_batch.migration_id and b.pass_id = p_batch.pass_id)
   order by e.id
$$;
comment on function migration._recount_pass(migration.batches) is
  'Recounts the mapped entities of a batch''s pass: its last batch settles references of all of them. Call it under the locks of the entities.';

create function migration.complete_replay(p_migration_id uuid, p_batch_id uuid, p_attempt integer, p_loaded bigint, p_last_of_call boolean)
returns void language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
  v_pass migration.verifications;
  v_ended boolean;
begin
  perform migration._close_batch(v_batch, p_loaded);
  -- the verification that follows numbers its batches
  perform from migration.entity_statuses e where e.migration_id = p_migration_id order by e.id for no key update;
  perform migration._hold_pass(v_batch);
  perform migration._recount_pass(v_batch);
  v_ended := not migration._has_open_batches(p_migration_id, v_batch.pass_id);
  if v_ended then
    update migration.verifications v set status = 'passed', completed_at = migration.clock()
     where v.id = v_batch.pass_id returning v.* into v_pass;
    perform migration._emit(p_migration_id, 'replay_completed', jsonb_build_object('verification', v_pass.id));
    perform migration._begin_verification(p_migration_id, jsonb_build_object('mode', v_pass.mode, 'seed', v_pass.seed,
      'sample_rows', v_pass.sample_rows), v_pass.is_gate, case when v_pass.is_gate then null else v_pass.entity_status_ids end, v_pass.requested_by);
  end if;
  perform migration.audit('process-batch', 'batch.replayed', p_migration_id, jsonb_build_object(
    'batch_number', v_batch.batch_number, 'loaded', p_loaded));
  perform migration._leave_call(v_batch, p_last_of_call, true);
end
$$;
comment on function migration.complete_replay(uuid, uuid, integer, bigint, boolean) is
  'Closes a held batch of kind replay; the last one begins the verification that proves it. SF001 when fenced.';

create function migration.resolve_errors(p_migration_id uuid, p_actor text, p_choice jsonb, p_notes text) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_resolved bigint;
begin
  perform migration._orchestration(p_migration_id);
  if coalesce(p_notes, '') = '' then
    perform migration._raise('SF422', 'notes_missing', 'A dead letter is not put away without a word.', 'Say why: notes.');
  end if;
  update migration.errors x set is_resolved = true, resolution = 'dismissed', resolution_notes = p_notes,
         resolved_at = migration.clock(), resolved_by = p_actor
    from migration._chosen_dead_letters(p_migration_id, p_choice) c where c.id = x.id and c.occurred_at = x.occurred_at;
  get diagnostics v_resolved = row_count;
  perform migration.audit(p_actor, 'errors.resolved', p_migration_id, jsonb_build_object('resolved', v_resolved,
    'entity', p_choice -> 'entity', 'code', p_choice -> 'code'));
  return migration._brief(p_migration_id) || jsonb_build_object('resolved', v_resolved);
end
$$;
comment on function migration.resolve_errors(uuid, text, jsonb, text) is
  'Puts chosen dead letters away with a note: their rows stay refused and are counted as such. SF404, SF422.';
