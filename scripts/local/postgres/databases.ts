/** Databases of the embedded servers: made, given a hosted look, cloned from a template, dropped. */
import type postgres from 'postgres'
import { runBootstrap } from './bootstrap.ts'
import type { Server } from './server.ts'
import { withSession } from './session.ts'

/** Not the database that anybody works in, so that a template never has a visitor. */
const MAINTENANCE = 'template1'

/** Makes the database where it is missing. */
export function ensureDatabase(server: Server, database: string): Promise<void> {
  return withSession(server, MAINTENANCE, async (sql) => {
    const found = await sql`select from pg_database where datname = ${database}`
    if (found.length === 0) await sql`create database ${sql(database)} template template0`
  })
}

/**
 * Gives a database of the target server a hosted project's look: schemas, default privileges, timeouts,
 * Vault. Makes the database where it is missing; does nothing where it has the look already.
 */
export async function bootstrapTarget(server: Server, database: string): Promise<void> {
  await ensureDatabase(server, database)
  await withSession(server, database, async (sql) => {
    const found = await sql`select from pg_namespace where nspname = 'vault'`
    if (found.length === 0) await runBootstrap(sql, 'database')
    await applySettings(sql, database)
  })
}

/**
 * Clones a database. Nobody may be connected to the template; close it with `sealTemplate` first.
 * On the target the clone also gets what PostgreSQL does not clone: owner, timeout, grants.
 */
export function cloneDatabase(server: Server, template: string, name: string): Promise<void> {
  return withSession(server, MAINTENANCE, async (sql) => {
    await sql`create database ${sql(name)} template ${sql(template)}`
    if (server.superuser === 'supabase_admin') await applySettings(sql, name)
  })
}

/** Ends every session of a database and lets no new one in, so that it can be cloned at any time. */
export function sealTemplate(server: Server, database: string): Promise<void> {
  return withSession(server, MAINTENANCE, async (sql) => {
    await sql`alter database ${sql(database)} with allow_connections false`
    await sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity
              where datname = ${database}`
  })
}

/** Drops a database with all its sessions; one that does not exist is no error. */
export function dropDatabase(server: Server, database: string): Promise<void> {
  return withSession(server, MAINTENANCE, async (sql) => {
    await sql`drop database if exists ${sql(database)} with (force)`
  })
}

async function applySettings(sql: postgres.Sql, database: string): Promise<void> {
  await sql`select set_config('ferry.database', ${database}, false)`
  await runBootstrap(sql, 'settings')
}
