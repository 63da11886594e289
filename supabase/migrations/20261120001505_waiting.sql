-- Owns: what an entity waits for: its parents, and its own batches one after the other.
-- Called by: complete_batch and settle.sql open what has become possible; accounting.sql asks what is stuck.
-- Keeps: a child is looked at when it is known which of its parents' rows are there; what waits for a failed
--   entity holds up nobody's end. A batch that waits has not_before infinity; nobody holds it.
create function migration._open_next(p_batch migration.batches) returns void
language sql set search_path = '' as $$
  update migration.batches b set not_before = '-infinity'
   where b.migration_id = p_batch.migration_id and b.entity_status_id = p_batch.entity_status_id
     and b.kind = 'copy' and p_batch.kind = 'copy' and b.range_after = p_batch.range_through
     and b.status = 'pending' and b.not_before = 'infinity'
$$;
comment on function migration._open_next(migration.batches) is
  'Opens the range behind a completed one, of an entity whose batches run in key order.';

create function migration._waits(p_entity_status_id uuid, p_kind text) returns boolean
language sql stable set search_path = '' as $$
  select exists (select from migration.entity_dependencies d join migration.entity_statuses on_ on on_.id = d.depends_on
    where d.entity_status_id = p_entity_status_id and d.kind = p_kind
      and case d.until when 'copied' then on_.copied_at is null else on_.status not in ('completed', 'skipped') end)
$$;
comment on function migration._waits(uuid, text) is 'Whether something that an entity''s copy or settling waits for is not done.';

create function migration._goes_ahead(p_entity migration.entity_statuses) returns boolean
language sql stable set search_path = '' as $$
  select p_entity.definition ? 'direct' and not exists (
    select from migration.entity_dependencies d join migration.entity_statuses on_ on on_.id = d.depends_on
     where d.entity_status_id = p_entity.id and d.kind = 'copy' and not p_entity.definition #> '{direct,ahead_of}' ? on_.entity_name)
$$;
comment on function migration._goes_ahead(migration.entity_statuses) is
  'Whether an entity that is loaded directly need not wait for its parents: their ids are known before their rows are in.';

create function migration._open_waiting(p_migration_id uuid, p_entity_status_id uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_opened boolean;
begin
  update migration.batches b set not_before = '-infinity'
    from migration.entity_dependencies d
   where d.depends_on = p_entity_status_id and b.migration_id = p_migration_id
     and b.entity_status_id = d.entity_status_id and b.kind = d.kind
     and b.not_before = 'infinity'
     and (b.status = 'pending' and b.range_after = '[]' or b.status = 'retrying' and b.task ? 'staged')
     and not migration._waits(d.entity_status_id, d.kind);
  v_opened := found;
  if v_opened then
    perform migration._ask_for_calls(p_migration_id);
  end if;
end
$$;
comment on function migration._open_waiting(uuid, uuid) is
  'Opens what waited for an entity that is copied or completed, where it waits for nothing else. Call it under the orchestration''s lock.';

create function migration._ask_for_calls(p_migration_id uuid) returns void
language sql set search_path = '' as $$
  -- the lanes are the last lock of a transaction: whoever ends it looks at this
  select set_config('migration.calls_wanted', p_migration_id::text, true)
$$;
comment on function migration._ask_for_calls(uuid) is 'Notes for the end of this transaction that there is new work for other lanes.';

create function migration._calls_wanted(p_migration_id uuid) returns boolean
language sql stable set search_path = '' as $$
  select coalesce(current_setting('migration.calls_wanted', true) = p_migration_id::text, false)
$$;
comment on function migration._calls_wanted(uuid) is 'Whether this transaction has opened work for other lanes.';

create function migration._stuck_entities(p_migration_id uuid) returns setof uuid
language sql stable set search_path = '' as $$
  with recursive stuck (id) as (
    select e.id from migration.entity_statuses e where e.migration_id = p_migration_id and e.status = 'failed'
    union
    select e.id from stuck
      join migration.entity_dependencies d on d.depends_on = stuck.id
      join migration.entity_statuses e on e.id = d.entity_status_id
     where case d.kind when 'copy' then e.status = 'pending' or e.status = 'running' and exists (
             select from migration.batches b where b.migration_id = p_migration_id and b.entity_status_id = e.id
                and b.status = 'retrying' and b.not_before = 'infinity')
           else e.status = 'running' and e.copied_at is not null end)
  select id from stuck
$$;
comment on function migration._stuck_entities(uuid) is
  'Entities that failed, and those that can do nothing more because they wait for one.';
