/**
 * Everywhere that a value of a row could turn up outside its table: the control plane, what the server
 * keeps of statements and jobs, and the logs of servers and functions.
 */
import { readFileSync } from 'node:fs'
import type { Sql } from 'postgres'

/** Begins every text of the source, and is part of every number and every run of bytes. */
export const CANARY = 'canarybird'
export const CANARY_NUMBER = 731094612
/** Years, days and hexadecimal digits that only canaries have. */
const traces = /canarybird|73109461|6361[67]?6e6172796269|1873-0?[34]-1\d/i

export function traceOf(text: string): string | undefined {
  const found = traces.exec(text)
  if (found === null) return undefined
  return text.slice(Math.max(0, found.index - 120), found.index + 60)
}

export interface Column {
  readonly relation: string
  readonly column: string
}

/** Schemas and views that outlive a statement, or show it while it runs. */
const schemas = ['migration', 'cron', 'net']
const views = ['pg_stat_activity', 'pg_stat_statements']

/** Every column that a text of any form can be in. */
export async function columnsOf(sql: Sql): Promise<Column[]> {
  return [
    ...(await sql<Column[]>`
      select c.oid::regclass::text as relation, a.attname::text as column
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid
        join pg_type t on t.oid = a.atttypid
       where c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped
         and not c.relispartition
         and (c.relnamespace::regnamespace::text = any (${schemas}) or c.relname = any (${views}))
         and (t.typcategory in ('S', 'U', 'A', 'X', 'N', 'D') or t.typname in ('json', 'jsonb', 'bytea', 'char'))
       order by 1, 2`),
  ]
}

/** Columns with a canary in them, and what stands around it. */
export async function findCanaries(sql: Sql, columns: readonly Column[]): Promise<string[]> {
  const found: string[] = []
  for (const { relation, column } of columns) {
    const rows = await sql.unsafe<{ text: string }[]>(
      `select t."${column.replaceAll('"', '""')}"::text as text from ${relation} t
        where t."${column.replaceAll('"', '""')}"::text ~* $1`,
      [traces.source],
    )
    for (const { text } of rows) found.push(`${relation}.${column}: ${traceOf(text)}`)
  }
  return found
}

export function logLines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n')
}

export function leaks(texts: readonly string[]): string[] {
  return texts.flatMap((text) => traceOf(text) ?? [])
}
