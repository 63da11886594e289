-- Owns: keys whose rows are to be read again, and the batches that they are dealt out to.
-- Called by: log.sql and sweep_end.sql (_write_key_batches); function process-batch (changed_keys_of_batch).
-- Keeps: a key stays until a batch that has read it commits; what a broken-off sweep left is dealt out by the next one.
create function migration._batch_keys(p_entity migration.entity_statuses) returns integer
language sql stable set search_path = '' as $$
  -- what the first copy has learned about the width of its rows; several columns are told one by one
  select least(p_entity.batch_size, case when jsonb_array_length(p_entity.definition -> 'key') = 1 then 20000 else 2000 end)
$$;
comment on function migration._batch_keys(migration.entity_statuses) is 'How many keys of an entity one batch may read again.';

create function migration._write_key_batches(p_batch migration.batches) returns boolean
language plpgsql set search_path = '' as $$
declare
  v_batches bigint;
begin
  with found as (
    select k.id, k.entity_status_id, k.batch_id, b.id is null and k.batch_id is not null as is_dealt
      from migration.changed_keys k left join migration.batches b on b.migration_id = k.migration_id and b.id = k.batch_id
     where k.migration_id = p_batch.migration_id and (b.id is null or b.pass_id <> p_batch.pass_id or b.status = 'completed')
  ), waiting as (
    select k.id, k.entity_status_id, (row_number() over (partition by k.entity_status_id order by k.id) - 1) / e.keys as chunk
      from found k
      join (select x.id, migration._batch_keys(x) as keys from migration.entity_statuses x where x.migration_id = p_batch.migration_id) e
        on e.id = k.entity_status_id
     where not k.is_dealt
  ), made as (
    select w.entity_status_id, w.chunk, gen_random_uuid() as batch_id, min(w.id) as first from waiting w group by w.entity_status_id, w.chunk
  ), taken as (
    update migration.changed_keys k set batch_id = c.batch_id
      from waiting w join made c on c.entity_status_id = w.entity_status_id and c.chunk = w.chunk where k.id = w.id
  ), chunks as (
    select x.entity_status_id, x.batch_id, row_number() over (partition by x.entity_status_id order by x.first) as at
      from (select m.entity_status_id, m.batch_id, m.first from made m
            union all
            select f.entity_status_id, f.batch_id, min(f.id) from found f where f.is_dealt group by f.entity_status_id, f.batch_id) x
  ), counted as (
    update migration.entity_statuses e set batches_created = e.batches_created + n.batches
      from (select entity_status_id, count(*)::integer as batches from chunks group by entity_status_id) n
     where e.id = n.entity_status_id returning e.*, n.batches
  ), told as (
    insert into migration.sweep_entities (sweep_id, entity_status_id, scope, strategy, watermark_before, watermark_after)
    select p_batch.pass_id, c.id, 'changes', c.definition #>> '{sync,strategy}', p.watermark, p.watermark
      from counted c join migration.sync_positions p on p.entity_status_id = c.id on conflict do nothing
  )
  insert into migration.batches (id, migration_id, entity_status_id, kind, pass_id, task, dependency_order, batch_number, range_after,
    row_limit, max_retries)
  select k.batch_id, p_batch.migration_id, e.id, 'sync', p_batch.pass_id, '{"strategy": "keys"}', e.dependency_order,
         e.batches_created - e.batches + k.at, jsonb_build_array('keys', e.batches_created, k.at), e.batch_size, p_batch.max_retries
    from chunks k join counted e on e.id = k.entity_status_id;
  get diagnostics v_batches = row_count;
  return v_batches > 0;
end
$$;
comment on function migration._write_key_batches(migration.batches) is
  'Writes the batches of the sweep that keys which wait to be read again are dealt out to, those from a log since they were recorded. Whether there are any.';

create function migration.changed_keys_of_batch(p_migration_id uuid, p_batch_id uuid) returns table (row_key jsonb)
language sql stable set search_path = '' as $$
  select distinct k.source_key from migration.changed_keys k where k.migration_id = p_migration_id and k.batch_id = p_batch_id
$$;
comment on function migration.changed_keys_of_batch(uuid, uuid) is 'Keys that a held batch of kind sync reads again.';
