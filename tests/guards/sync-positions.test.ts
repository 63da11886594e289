/** What a sweep or a cancellation that comes in between may not do: forget that all rows are to be compared, or remember a halt. Real PostgreSQL. */
import type { Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { driveToSync } from './driven-sync.ts'
import { claim, guardedDatabase } from './fixture.ts'

const database = guardedDatabase()
const { table } = database

const facts = { clock: '2026-01-01T00:00:00Z', xmin: '10', next: '10', log_position: '10' }
const batch = { kind: 'sync', task: { strategy: 'id', after: null } }

/** A migration that follows its source by ids: no sweep of changes compares rows unasked. */
async function driven() {
  const { sql, id } = await driveToSync(database.url(), table())
  await sql`update migration.entity_statuses set definition = jsonb_set(definition, '{sync,strategy}', '"id"') where migration_id = ${id}`
  return { sql, id }
}

/** The look of the sweep at work, as a function would open it. @returns what it is to do for the one entity */
async function openLook(sql: Sql, id: string, system: string) {
  const held = (await claim(sql, id))!
  const seen = JSON.stringify({ ...facts, system })
  const [asked] = await sql<{ entity_status_id: string; scope: string }[]>`
    select entity_status_id, scope from migration.open_look(${id}, ${held.batch_id}, ${held.attempt}, ${seen}::text::jsonb)`
  return { held, asked: asked! }
}

/** Begins a sweep and ends its look. @returns its scope */
async function look(sql: Sql, id: string, system: string, batches: readonly object[]) {
  if (!(await isAtWork(sql, id))) await sql`select migration.sync(${id}, 'test')`
  const { held, asked } = await openLook(sql, id, system)
  const answer = { ...asked, horizon: facts.clock, schema: 's', known_schema: null, batches }
  const seen = { facts: { ...facts, system }, answers: [answer] }
  await sql`select migration.complete_look(${id}, ${held.batch_id}, ${held.attempt}, ${JSON.stringify(seen)}::text::jsonb, false)`
  return asked.scope
}

async function isAtWork(sql: Sql, id: string): Promise<boolean> {
  const [row] = await sql<{ pass: string | null }[]>`
    select verification_id as pass from migration.orchestrations where id = ${id}`
  return row!.pass !== null
}

const breakOff = (sql: Sql, id: string) => sql`select migration._abort_pass(${id}, 'test')`

async function endWork(sql: Sql, id: string) {
  const held = (await claim(sql, id))!
  await sql`select migration.complete_sync(${id}, ${held.batch_id}, ${held.attempt}, '{}', false)`
}

describe('all rows are compared', () => {
  it('of a source that is another one, until a sweep has done it', async () => {
    const { sql, id } = await driven()
    expect(await look(sql, id, '1', [batch])).toBe('changes')
    await endWork(sql, id)
    expect(await look(sql, id, '2', [batch])).toBe('hash')
    await breakOff(sql, id)
    expect(await look(sql, id, '2', [batch])).toBe('hash')
    await endWork(sql, id)
    expect(await look(sql, id, '2', [batch])).toBe('changes')
    const looks = await sql`select 1 from migration.sync_looks where migration_id = ${id}`
    expect(looks).toHaveLength(1)
    await sql.end()
  })

  it('after a halt, until a sweep has done it', async () => {
    const { sql, id } = await driven()
    await sql`select migration._halt_sync(${id}, 'source_went_back', 'Test.')`
    await sql`select migration.resume_sync(${id}, 'test')`
    expect(await look(sql, id, '1', [batch])).toBe('hash')
    await breakOff(sql, id)
    expect(await look(sql, id, '1', [batch])).toBe('hash')
    await sql.end()
  })
})

describe('sync mode', () => {
  it('begins anew without the halt that it was ended in', async () => {
    const { sql, id } = await driven()
    await sql`select migration._complete(${id})`
    await sql`select migration._halt_sync(${id}, 'source_went_back', 'Test.')`
    await sql`select migration.cancel(${id}, 'test')`
    await sql`select migration.sync(${id}, 'test')`
    const [status] = await sql`
      select state, halted_code from migration.sync_status where migration_id = ${id}`
    expect(status).toEqual({ state: 'catching_up', halted_code: null })
    await sql.end()
  })
})
