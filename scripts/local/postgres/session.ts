/** Connections of the embedded project itself: as any role, over the private socket, never from a pool. */
import { join } from 'node:path'
import postgres from 'postgres'
import type { Server } from './server.ts'

export interface SessionOptions {
  /** Defaults to the server's superuser. */
  readonly role?: string
  readonly applicationName?: string
  /** Connections in the pool; one by default. */
  readonly max?: number
  readonly onclose?: () => void
}

/** Opens lazily; the caller ends it. Statements of these sessions have no timeout unless they set one. */
export function openSession(
  server: Server,
  database: string,
  options: SessionOptions = {},
): postgres.Sql {
  return postgres({
    path: join(server.socketDirectory, `.s.PGSQL.${server.port}`),
    database,
    username: options.role ?? server.superuser,
    max: options.max ?? 1,
    prepare: false,
    fetch_types: false,
    connect_timeout: 10,
    onnotice: () => {},
    ...(options.onclose ? { onclose: options.onclose } : {}),
    connection: { application_name: options.applicationName ?? 'ferry local' },
  })
}

/** Runs `work` with a session as the superuser and ends it afterwards. */
export async function withSession<T>(
  server: Server,
  database: string,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = openSession(server, database)
  try {
    await sql`set statement_timeout = 0`
    return await work(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
