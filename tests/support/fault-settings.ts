/** What the fault tests change in a database before anything runs in it. */
import postgres from 'postgres'
import type { Server } from '../../scripts/local/index.ts'

/** Commits are acknowledged when they are written, as on a hosted project. */
export async function acknowledgeOnlyWhatIsKept(server: Server, database: string): Promise<void> {
  const admin = postgres(server.url(database, server.superuser), { max: 1 })
  try {
    await admin`alter database ${admin(database)} set synchronous_commit = on`
  } finally {
    await admin.end()
  }
}

/** Tries again after milliseconds, and batches keep the size that they begin with. */
export async function makeImpatient(address: string): Promise<void> {
  const sql = postgres(address, { max: 1, onnotice: () => undefined })
  try {
    await sql`create or replace function migration._backoff(p_failures integer) returns interval
      language sql immutable set search_path = '' as $$ select interval '20 milliseconds' $$`
    await sql`create or replace function migration._next_batch_size(
        p_now integer, p_rows bigint, p_milliseconds bigint, p_bytes bigint) returns integer
      language sql immutable set search_path = '' as $$ select p_now $$`
  } finally {
    await sql.end()
  }
}

/** A cloned database has its template's jobs, and they name the template: the sweep would never run. */
export async function adoptJobs(server: Server, database: string): Promise<void> {
  const admin = postgres(server.url(database, server.superuser), { max: 1 })
  try {
    await admin`update cron.job set database = current_database()`
  } finally {
    await admin.end()
  }
}
