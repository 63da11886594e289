/** Roles belong to a server, not to a database: they are made once per server. */
import { runBootstrap } from './bootstrap.ts'
import type { Server } from './server.ts'
import { withSession } from './session.ts'

/** The roles of a hosted project, where they are missing. */
export function ensureRoles(server: Server): Promise<void> {
  return ensure(server, 'authenticator', 'cluster')
}

/** The reader's role of the legacy source, where it is missing. */
export function ensureLegacyRoles(server: Server): Promise<void> {
  return ensure(server, 'legacy_reader', 'legacy')
}

function ensure(server: Server, witness: string, stage: 'cluster' | 'legacy'): Promise<void> {
  return withSession(server, 'template1', async (sql) => {
    const found = await sql`select from pg_roles where rolname = ${witness}`
    if (found.length === 0) await runBootstrap(sql, stage)
  })
}
