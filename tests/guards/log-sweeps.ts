/** A migration that follows a log, driven by hand up to the batch that reads it. */
import type { Sql } from 'postgres'
import { type Claim, carve, claim, configuration, load } from './fixture.ts'

export interface LogSweep {
  readonly sql: Sql
  readonly id: string
  readonly held: Claim
  readonly entityId: string
}

const ROWS = 5

/** Copies, and begins a sweep whose slot is in the books. */
export async function driveToLog(sql: Sql, table: string): Promise<LogSweep> {
  await sql.unsafe(`create table public.${table} (id integer primary key, note text)`)
  const entity = {
    entity_name: `legacy.${table}`,
    target_entity: `public.${table}`,
    dependency_order: 1,
    records_total: ROWS,
    definition: {
      source: { schema: 'legacy', table, partitioned: false },
      target: { schema: 'public', table },
      key: [{ column: 'id', type: 'integer' }],
      columns: ['id', 'note'].map((name) => ({ source: name, target: name, type: 'integer' })),
      sync: { strategy: 'log', overlap_seconds: 300, deletes: 'delete', invalid: 'keep' },
    },
  }
  const [row] = await sql<{ id: string }[]>`
    select migration.start(p_plan => '{"name":"guarded","sync":{"publication":"p"}}', p_plan_fingerprint => 'p',
      p_source_fingerprint => 's', p_entities => ${JSON.stringify([entity])}::text::jsonb,
      p_configuration => ${JSON.stringify(configuration)}::text::jsonb, p_created_by => 'test') as id`
  const id = row!.id
  const copy = (await claim(sql, id))!
  await carve(sql, id, copy, String(ROWS), false)
  await load(sql, id, copy, table, 1, ROWS, `'x'`)
  await sql`insert into migration.source_slots (migration_id, source_secret, slot_name, read_through, publication, noted_at)
    values (${id}, 'LEGACY', 'slot', '0/1', 'p', now())`
  const held = await logOf(sql, id)
  const [found] = await sql<{ id: string }[]>`
    select id from migration.entity_statuses where migration_id = ${id}`
  return { sql, id, held, entityId: found!.id }
}

/** The batch of kind log of the next sweep. */
export async function nextSweep(sql: Sql, id: string): Promise<Claim> {
  await sql`select migration.sweep(${id}, 'test')`
  return logOf(sql, id)
}

/** Completes the look that is next, which finds nothing to do but reading the log. */
async function logOf(sql: Sql, id: string): Promise<Claim> {
  const look = (await claim(sql, id))!
  const [found] = await sql<{ id: string }[]>`
    select id from migration.entity_statuses where migration_id = ${id}`
  const seen = {
    facts: { clock: '2026-01-01T00:00:00Z', xmin: '10', xmax: '10', next: '10' },
    answers: [
      {
        entity_status_id: found!.id,
        scope: 'changes',
        horizon: '2026-01-01T00:00:00Z',
        schema: 's',
        batches: [{ kind: 'log', task: {} }],
      },
    ],
  }
  await sql`select migration.complete_look(${id}, ${look.batch_id}, ${look.attempt}, ${JSON.stringify(seen)}::text::jsonb, false)`
  return (await claim(sql, id))!
}

export async function completeLog(
  sql: Sql,
  id: string,
  held: Claim,
  { overruns = {} }: { readonly overruns?: Readonly<Record<string, string>> },
): Promise<void> {
  const log = {
    read_through: '0/9',
    through: '0/9',
    more: false,
    unsettled: null,
    changes: 0,
    keys: 0,
    overruns,
    facts: { retained_bytes: '0' },
  }
  await sql`select migration.complete_log(${id}, ${held.batch_id}, ${held.attempt}, ${JSON.stringify(log)}::text::jsonb, false)`
}
