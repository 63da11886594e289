/**
 * The check of the books, on the real control plane: a migration driven by hand balances, and every
 * way of cooking its books is found.
 */
import type { Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { passCheckStatement } from '../../support/checks.ts'
import { assertExactCounters } from '../../support/counters.ts'
import { controlPlane } from './server.ts'

const CONFIGURATION = {
  dispatch_mode: 'notify',
  lanes: 1,
  lease_seconds: 60,
  max_retries: 3,
  batch_rows: 4,
  source_secret: 'UNUSED',
}

function entity(table: string, order: number) {
  return {
    entity_name: `public.${table}`,
    target_entity: `public.${table}`,
    dependency_order: order,
    records_total: 3,
    definition: {
      source: { schema: 'public', table },
      target: { schema: 'public', table },
      columns: [{ source: 'id', target: 'id', type: 'integer' }],
      key: [{ column: 'id', type: 'integer' }],
    },
  }
}

/** Plays the functions' part of the protocol for tables with ids 1 to `rows`, four rows a batch. */
async function migrate(sql: Sql, tables: Readonly<Record<string, number>>): Promise<string> {
  for (const table of Object.keys(tables)) {
    await sql`create table ${sql(table)} (id integer primary key)`
  }
  const entities = JSON.stringify(Object.keys(tables).map((table, i) => entity(table, i + 1)))
  const [started] = await sql<{ id: string }[]>`
    select migration.start('{}', 'plan', 'source', ${entities}::text::jsonb,
      ${JSON.stringify(CONFIGURATION)}::text::jsonb, 'test') as id`
  const id = started!.id
  for (;;) {
    const [batch] = await sql`select * from migration.claim_batch(${id}, null)`
    if (!batch) return id
    if (batch.kind === 'verify') {
      const held = { batch_id: batch.batch_id as string, attempt: batch.attempt as number }
      await sql.unsafe(passCheckStatement(id, held))
      continue
    }
    const { target } = batch.definition as { target: { table: string } }
    const after = Number((batch.range_after as string[])[0] ?? 0)
    const last = Math.min(after + 4, tables[target.table]!)
    const held = [id, batch.batch_id, batch.attempt] as const
    const more = last < tables[target.table]!
    const through = JSON.stringify([String(last)])
    if (last > after) {
      await sql`select migration.carve_batch(${held[0]}, ${held[1]}, ${held[2]}, ${through}::text::jsonb, ${more})`
    }
    await sql.begin(async (t) => {
      await t`select migration.begin_load(${held[0]}, ${held[1]}, ${held[2]})`
      await t`insert into ${t(target.table)} select generate_series(${after + 1}::int, ${last}::int)`
      const n = last - after
      await t`select migration.complete_batch(${held[0]}, ${held[1]}, ${held[2]}, ${n}, ${n}, 0, 0, ${n * 2}, 0, false)`
    })
  }
}

describe('the check of the books', () => {
  let plane: Awaited<ReturnType<typeof controlPlane>>
  let id: string
  beforeAll(async () => {
    plane = await controlPlane()
    id = await migrate(plane.sql, { alpha: 11, beta: 4, gamma: 0 })
  })
  afterAll(() => plane?.drop())

  it('accepts a migration whose books balance', async () => {
    await assertExactCounters(plane.url, id)
    const [seen] = await plane.sql`
      select records_read::int as read, (select count(*)::int from migration.batches where kind = 'copy') as batches
        from migration.orchestrations`
    expect(seen).toEqual({ read: 15, batches: 5 })
  })

  const alpha = `entity_name = 'public.alpha'`
  const ofAlpha = `entity_status_id = (select id from migration.entity_statuses where ${alpha})`
  const cooked: readonly [string, string, RegExp][] = [
    [
      'a status',
      `update migration.orchestrations set status = 'failed', failure_code = 'x'`,
      /status is failed/,
    ],
    ['a pause', `update migration.orchestrations set control_state = 'paused'`, /control_state/],
    [
      'progress',
      `update migration.orchestrations set progress_percentage = 99.99`,
      /progress is 99.99/,
    ],
    [
      'rows of the migration',
      'update migration.orchestrations set records_read = 16, records_processed = 16, records_total = 16',
      /the migration: read is 16, its parts have 15/,
    ],
    [
      'rows that are not accounted for',
      'update migration.orchestrations set records_read = 16, records_total = 16',
      /read 16 is not/,
    ],
    [
      'rows of an entity',
      `update migration.entity_statuses set records_read = 12, records_processed = 12, records_total = 12 where ${alpha}`,
      /alpha: read is 12, its parts have 11/,
    ],
    [
      'an estimate that stayed',
      `update migration.entity_statuses set records_total = 99 where ${alpha}`,
      /total 99 is not read 11/,
    ],
    [
      'rows of a batch',
      `update migration.batches set records_read = 3, records_successful = 3 where ${ofAlpha} and batch_number = 1`,
      /alpha: read is 11, its parts have 10/,
    ],
    [
      'an open batch',
      `update migration.batches set status = 'pending' where ${ofAlpha} and batch_number = 2`,
      /batch 2 is pending/,
    ],
    [
      'a gap between ranges',
      `update migration.batches set range_through = '["3"]' where ${ofAlpha} and batch_number = 1`,
      /alpha: behind 1 of 3 batches/,
    ],
    [
      'an overlap of ranges',
      `update migration.batches set range_after = '["3"]' where ${ofAlpha} and batch_number = 2`,
      /alpha: behind 1 of 3/,
    ],
    [
      'a lost first range',
      `update migration.batches set range_after = '["0"]' where ${ofAlpha} and batch_number = 1`,
      /alpha: behind 0 of 3/,
    ],
    [
      'a lost checkpoint',
      `delete from migration.checkpoints where ${alpha} and batch_number = 2`,
      /2 checkpoints for 3 batches/,
    ],
    [
      'a checkpoint of no batch',
      `update migration.checkpoints set batch_id = gen_random_uuid() where ${alpha} and batch_number = 2`,
      /of another batch/,
    ],
    [
      'a checkpoint that stands back',
      `update migration.checkpoints set records_processed = 10 where ${alpha} and batch_number = 3`,
      /last checkpoint has 10/,
    ],
    ['a row that vanished', 'delete from alpha where id = 5', /alpha: the target holds 10 rows/],
    ['a row that came twice', 'insert into beta values (99)', /beta: the target holds 5 rows/],
    [
      'the audit log',
      `update migration.audit_log set details = '{}' where action = 'batch.completed'`,
      /audit entry \d+: changed/,
    ],
    [
      'the tail of the audit log',
      'delete from migration.audit_log where id = (select max(id) from migration.audit_log)',
      /tail is missing/,
    ],
  ]
  it.each(cooked)('finds cooked books: %s', async (_, change, problem) => {
    const other = await plane.clone()
    try {
      await other.tamper(change)
      await expect(assertExactCounters(other.url, id)).rejects.toThrow(problem)
    } finally {
      await other.drop()
    }
  })
  it('does not take a migration that does not exist', async () => {
    const nobody = '00000000-0000-4000-8000-000000000000'
    await expect(assertExactCounters(plane.url, nobody)).rejects.toThrow('there is no migration')
  })
})
