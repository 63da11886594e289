/** Whether anything is written at the source: what one look tells, and what two of them prove. */
import type { Source } from '../../source/source.ts'

export interface Look {
  /** Transaction ids below this one have been given out. */
  readonly xmax: string
  /** Transactions in flight that have written, in all databases of the server. */
  readonly open: number
  /** Sessions of this database that have written in a transaction that has not ended. */
  readonly writers: number
  readonly prepared: number
  /** Those that belong to other databases, or to the server itself. */
  readonly elsewhere: number
  /** Rows written to tables of this database, as the server's statistics count. */
  readonly rows: string
}

/** The server's own workers, which vacuum and analyse, write nothing that is moved. */
const statement = `
select pg_catalog.txid_snapshot_xmax(s.now)::text as xmax,
  (select count(*)::int from pg_catalog.txid_snapshot_xip(s.now)) as open,
  a.writers, p.prepared, a.elsewhere + p.elsewhere as elsewhere,
  (select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::text from pg_catalog.pg_stat_user_tables) as rows
from (select pg_catalog.txid_current_snapshot() as now) s,
  (select count(*) filter (where datname = pg_catalog.current_database() and usename is not null)::int as writers,
          count(*) filter (where datname is distinct from pg_catalog.current_database() or usename is null)::int as elsewhere
     from pg_catalog.pg_stat_activity where backend_xid is not null) a,
  (select count(*) filter (where database = pg_catalog.current_database())::int as prepared,
          count(*) filter (where database <> pg_catalog.current_database())::int as elsewhere
     from pg_catalog.pg_prepared_xacts) p`

export async function lookForWriters(source: Source): Promise<Look> {
  const [row] = await source.query(statement)
  return row as unknown as Look
}

/** Whether nothing was at work in either look, and nothing was written between them. */
export function isStill(before: Look, after: Look): boolean {
  const quiet = [before, after].every(
    ({ writers, prepared, open, elsewhere }) =>
      writers === 0 && prepared === 0 && open - elsewhere <= 0,
  )
  // Ids are given out for all databases: where others write, this one's statistics have to tell.
  return quiet && (before.xmax === after.xmax || before.rows === after.rows)
}

/** Milliseconds between two looks: statistics arrive within one second. */
const between = 1000

/** Looks until two of them in a row prove stillness; undefined after so many. */
export async function awaitStillness(
  source: Source,
  looks: number,
  pause: (milliseconds: number) => Promise<void>,
): Promise<Look | undefined> {
  let before = await lookForWriters(source)
  for (let look = 1; look < looks; look++) {
    await pause(between)
    const after = await lookForWriters(source)
    if (isStill(before, after)) return after
    before = after
  }
  return undefined
}
