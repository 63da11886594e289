/** A large migration under way, written straight into the control tables: for tests of what is read then. */
import type { Sql } from 'postgres'

const CONFIGURATION = JSON.stringify({
  dispatch_mode: 'notify',
  lanes: 8,
  lease_seconds: 60,
  max_retries: 6,
  batch_rows: 1000,
  source_secret: 'UNUSED',
})

/**
 * A migration as its start leaves it; its id. Every table has eight indexes, and all refer to the first.
 * @param name of the plan, and the beginning of its tables' names
 */
export async function begin(sql: Sql, name: string, entities: number): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    select migration.start(jsonb_build_object('name', ${name}::text), ${name}, 'source', (
      select jsonb_agg(jsonb_build_object(
        'entity_name', format('legacy.%s_%s', ${name}::text, n),
        'target_entity', format('public.%s_%s', ${name}::text, n),
        'dependency_order', n, 'records_total', 1000000,
        'definition', jsonb_build_object('target', jsonb_build_object('schema', 'public', 'table', 'moved')),
        'steps', (select jsonb_agg(jsonb_build_object('kind', 'index', 'stage', 1 + s / 4,
            'object_name', format('step_%s', s), 'statement', 'select', 'cost', s))
          from generate_series(0, 7) s)
          || case when n = 1 then '[]' else jsonb_build_array(jsonb_build_object('kind', 'foreign_key',
            'stage', 3, 'object_name', 'parent', 'statement', 'select',
            'references', format('public.%s_1', ${name}::text))) end))
      from generate_series(1, ${entities}::integer) n), ${CONFIGURATION}::text::jsonb, 'test') as id`
  return row!.id
}

/** All entities but the last ten are done, 100 batches each; the tenth from the end is half done. */
const HISTORY = `
  update migration.batches set status = 'completed', range_through = '["1000"]', attempt = 1,
         records_read = 1000, records_successful = 1000, batch_size = 1000, bytes = 250000,
         started_at = now(), completed_at = now(), processing_duration_ms = 500
   where migration_id = $1 and dependency_order <= 991;
  insert into migration.batches (migration_id, entity_status_id, dependency_order, batch_number,
    range_after, range_through, row_limit, max_retries, status, attempt, records_read,
    records_successful, batch_size, bytes, started_at, completed_at, processing_duration_ms)
  select $1, e.id, e.dependency_order, n, jsonb_build_array((1000 * (n - 1))::text),
         jsonb_build_array((1000 * n)::text), 1000, 6, 'completed', 1, 1000, 1000, 1000, 250000,
         now(), now(), 500
    from migration.entity_statuses e
   cross join lateral generate_series(2, case e.dependency_order when 991 then 1000 else 100 end) n
   where e.migration_id = $1 and e.dependency_order <= 991;
  insert into migration.batches (migration_id, entity_status_id, dependency_order, batch_number,
    range_after, row_limit, max_retries)
  select $1, e.id, e.dependency_order, 1001, '["1000000"]', 1000, 6
    from migration.entity_statuses e where e.migration_id = $1 and e.dependency_order = 991;
  update migration.entity_statuses e
     set status = case e.dependency_order when 991 then 'running' else 'completed' end,
         started_at = now(), completed_at = case when e.dependency_order < 991 then now() end,
         batches_created = done.batches + (e.dependency_order = 991)::integer, checkpoints_written = done.batches,
         prefix_through = jsonb_build_array((1000 * done.batches)::text),
         records_read = 1000 * done.batches, records_processed = 1000 * done.batches,
         records_total = 2000 * done.batches
    from (select entity_status_id, count(*) as batches from migration.batches
           where migration_id = $1 and status = 'completed' group by 1) done
   where done.entity_status_id = e.id;
  update migration.orchestrations set completed_entities = 990, records_total = 1000000000,
         records_read = 100000000, records_processed = 100000000 where id = $1;
  insert into migration.checkpoints (migration_id, entity_status_id, entity_name, batch_number, batch_id,
    last_source_id, records_processed, system_state)
  select $1, b.entity_status_id, e.entity_name, b.batch_number, b.id, b.range_through::text,
         1000 * b.batch_number, '{"kind":"copy","attempt":1,"range_after":[],"range_through":[],"open_batches":1}'
    from migration.batches b join migration.entity_statuses e on e.id = b.entity_status_id
   where b.migration_id = $1 and b.status = 'completed';
  insert into migration.events (event_type, migration_id, data)
  select 'migration_progress', $1, '{"entity":"legacy.large_1"}' from generate_series(1, 100000);
  insert into migration.audit_log (id, at, actor, action, migration_id, details, previous_hash, hash)
  select h.last_id + n, now(), 'process-batch', 'batch.completed', $1, '{"read":1000}', md5(''), md5('')
    from migration.audit_head h, generate_series(1, 100000) n;
  update migration.audit_head set last_id = last_id + 100000;
  insert into migration.dispatches (migration_id, nonce_hash, created_at, expires_at, accepted_at,
    finished_at, finish_reason, holder_pid, holder_started_at)
  select $1, 'spent ' || n, now(), now() + interval '1 minute', now(), now(), 'budget', 1, now()
    from generate_series(1, 10000) n;
  insert into migration.errors (migration_id, entity_status_id, error_type, error_code, error_message)
  select $1, e.id, 'timeout', 'holder_gone', 'made up' from migration.entity_statuses e
   cross join generate_series(1, 10) where e.migration_id = $1;
  update migration.steps s
     set is_ready = true, status = 'completed', started_at = now(), completed_at = now(), duration_ms = 5
    from migration.entity_statuses e
   where e.id = s.entity_status_id and e.migration_id = $1 and e.dependency_order < 990;
  update migration.steps s set is_ready = s.stage = 1 from migration.entity_statuses e
   where e.id = s.entity_status_id and e.migration_id = $1 and e.dependency_order = 990;
  update migration.orchestrations set completed_steps = 989 * 9 - 1 where id = $1`

/**
 * Fills the tables of a migration of 1000 entities as if most of it were done, past guards and foreign
 * keys. As a superuser.
 */
export async function pretendHistory(sql: Sql, id: string): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    for (const statement of HISTORY.split(';')) {
      await tx.unsafe(statement.replaceAll('$1', `'${id}'`))
    }
  })
}
