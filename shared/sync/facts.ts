/**
 * What a sweep has to know of the source's server before it looks at a row: its clock, which
 * transactions are at work, and whether it still is the same server.
 *
 * Read in a transaction of its own, before any snapshot that rows are read in: a transaction that commits
 * between the two is seen by the rows' snapshot, and one that begins after it has a later time. The other
 * way round, one that commits in between would be seen by neither.
 */
import type { SourceFacts } from '../projection/sweep.ts'
import type { Source } from '../source/source.ts'

interface Server {
  readonly version: number
  readonly replica: boolean
  readonly control: boolean
}

/** @throws FerryError `source_*` */
export async function readFacts(source: Source): Promise<SourceFacts> {
  const [server] = (await source.query(serverStatement)) as unknown as readonly Server[]
  const [row] = await source.query(factsStatement(server!))
  return row as unknown as SourceFacts
}

const serverStatement = `select pg_catalog.current_setting('server_version_num')::int as version,
  pg_catalog.pg_is_in_recovery() as replica,
  pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')
    and pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'execute') as control`

function factsStatement({ version, replica, control }: Server): string {
  // Release 10 gave the functions other names.
  const [current, replayed, difference] =
    version < 100_000
      ? ['pg_current_xlog_location', 'pg_last_xlog_replay_location', 'pg_xlog_location_diff']
      : ['pg_current_wal_lsn', 'pg_last_wal_replay_lsn', 'pg_wal_lsn_diff']
  const position = `pg_catalog.${difference}(pg_catalog.${replica ? replayed : current}(), '0/0')`
  const seen = (expression: string, type: string) => (control ? expression : `null::${type}`)
  return `with session as (
  -- another role's shows neither state nor times, unless one may read all statistics
  select xact_start, coalesce(state, 'disabled') = 'disabled' as hidden
    from pg_catalog.pg_stat_activity
   where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid()),
snapshot as (select pg_catalog.txid_current_snapshot() as now),
newest as (
  -- the age of the first id tells the next one's 32 bits; the epoch is that of the snapshot, or one more
  select pg_catalog.txid_snapshot_xmin(now) as xmin, pg_catalog.txid_snapshot_xmax(now) as xmax,
    3 + pg_catalog.age('3'::pg_catalog.xid)::bigint as next from snapshot),
ids as (select xmin, xmax + ((next - xmax) & 4294967295) as next from newest)
select pg_catalog.transaction_timestamp()::text as clock,
  xmin::text as xmin, next::text as next,
  (select pg_catalog.min(xact_start)::text from session) as oldest,
  xmin < next and (exists (select from session where hidden) or exists (select from pg_catalog.pg_prepared_xacts
      where database = pg_catalog.current_database())) as undated,
  ${position}::text as log_position,
  ${seen('(select system_identifier::text from pg_catalog.pg_control_system())', 'text')} as system,
  ${seen('(select timeline_id from pg_catalog.pg_control_checkpoint())', 'int')} as timeline
from ids`
}
