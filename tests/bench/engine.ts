/** What the control plane of a finished migration tells about its own work. */
import type { Server } from '../../scripts/local/index.ts'
import { connect } from './dataset.ts'

/**
 * Of the copy of the newest migration in a database. A lane is idle while the copy is under way and it
 * holds no batch: before it was first asked for, between two calls, and between two batches.
 */
export async function readEngine(server: Server, database: string) {
  const sql = connect(server, database)
  try {
    const [row] = await sql<Record<string, number>[]>`
      with newest as (
        select id, (configuration ->> 'lanes')::float as lanes
          from migration.orchestrations order by created_at desc limit 1),
      copied as (
        select b.*, o.lanes from migration.batches b join newest o on o.id = b.migration_id
         where b.kind = 'copy'),
      span as (
        select min(b.started_at) as began, max(b.completed_at) as ended from copied b)
      select b.lanes,
             count(*)::float as batches,
             sum(b.records_read)::float as rows,
             (sum(b.bytes) / greatest(1, sum(b.records_read)))::float as row_bytes,
             percentile_cont(0.5) within group (order by b.processing_duration_ms)::float as batch_ms_median,
             max(b.processing_duration_ms)::float as batch_ms_longest,
             max(b.records_read)::float as batch_rows_largest,
             extract(epoch from s.ended - s.began)::float as busy_span_seconds,
             (1 - sum(extract(epoch from b.completed_at - b.started_at))
               / (b.lanes * extract(epoch from s.ended - s.began)))::float as idle_lane_share
        from copied b cross join span s
       group by b.lanes, s.began, s.ended`
    const [calls] = await sql<Record<string, number>[]>`
      select count(*)::float as dispatches,
             count(*) filter (where d.finish_reason = 'surplus')::float as surplus_calls,
             coalesce(percentile_cont(0.5) within group
               (order by extract(epoch from d.accepted_at - d.created_at) * 1000), 0)::float
               as accept_ms_median
        from migration.dispatches d
        join (select id from migration.orchestrations order by created_at desc limit 1) o
          on o.id = d.migration_id`
    return { ...row, ...calls }
  } finally {
    await sql.end()
  }
}
