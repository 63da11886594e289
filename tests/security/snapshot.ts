/** Whether anything at all was written: every table of the control plane, and the list of all tables. */
import type { Sql } from 'postgres'

export interface Snapshot {
  /** Rows and digest per table of schema `migration`, the audit log apart. */
  readonly control: Readonly<Record<string, string>>
  /** Every table of the database that is not the server's own. */
  readonly tables: string
  /** Requests that wait to be sent. */
  readonly queue: string
}

export interface AuditEntry {
  readonly actor: string
  readonly action: string
  readonly outcome: string
}

const AUDIT = ['audit_log', 'audit_head']

export async function snapshot(sql: Sql): Promise<Snapshot> {
  const tables = await sql<{ name: string }[]>`
    select c.relname as name from pg_class c
     where c.relnamespace = 'migration'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     order by 1`
  const control: Record<string, string> = {}
  for (const { name } of tables.filter((table) => !AUDIT.includes(table.name))) {
    const [row] = await sql<{ content: string }[]>`
      select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as content
        from ${sql(`migration.${name}`)} t`
    control[name] = row!.content
  }
  return { control, tables: await tableList(sql), queue: await queueDigest(sql) }
}

export async function auditLog(sql: Sql): Promise<readonly AuditEntry[]> {
  const rows = await sql<AuditEntry[]>`
    select actor, action, outcome from migration.audit_log order by id`
  return [...rows]
}

async function tableList(sql: Sql): Promise<string> {
  const [row] = await sql<{ tables: string }[]>`
    select string_agg(c.oid::regclass::text, ' ' order by c.oid::regclass::text) as tables from pg_class c
     where c.relkind in ('r', 'p', 'v', 'm', 'S')
       and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast')`
  return row!.tables
}

async function queueDigest(sql: Sql): Promise<string> {
  const [row] = await sql<{ queue: string }[]>`
    select count(*) || ' ' || coalesce(md5(string_agg(q::text, '|' order by q.id)), '') as queue
      from net.http_request_queue q`
  return row!.queue
}
