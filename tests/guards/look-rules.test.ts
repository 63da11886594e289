/**
 * The rules by which a look judges what it sees: how far is certain, whose source it is, what less than a
 * comparison of all rows may do. Real PostgreSQL; rules in SQL alone. Each guard has the test that turns
 * red when it is taken out (`npm run mutants`).
 */
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { guardedDatabase, startMigration } from './fixture.ts'
import { facts } from './swept.ts'

const database = guardedDatabase()
let sql: Sql

beforeAll(() => {
  sql = postgres(database.url(), { max: 1, prepare: false, onnotice: () => undefined })
})
afterAll(() => sql.end())

async function horizon(id: string, seen: object): Promise<string | null> {
  const [row] = await sql<{ horizon: string | null }[]>`
    select to_char(migration._horizon(${id}, ${JSON.stringify(seen)}::text::jsonb) at time zone 'UTC', 'HH24:MI') as horizon`
  return row!.horizon
}

const clock = '2026-01-01T12:00:00Z'
const oldest = '2026-01-01T11:00:00Z'
const nobody = '00000000-0000-0000-0000-000000000000'

async function started(): Promise<{ id: string }> {
  const table = database.table()
  await sql.unsafe(`create table public.${table} (id integer primary key, note text)`)
  return { id: await startMigration(sql, table) }
}

describe('look', () => {
  it('goes no further than the clock of the source', async () => {
    expect(await horizon(nobody, { clock })).toBe('12:00')
    expect(await horizon(nobody, { clock, oldest: '2026-01-01T12:30:00Z' })).toBe('12:00')
  })

  it('goes no further than the oldest transaction in flight', async () => {
    expect(await horizon(nobody, { clock, oldest })).toBe('11:00')
  })

  it('goes back to an earlier look where a transaction in flight has no age', async () => {
    const { id } = await started()
    await sql`insert into migration.sync_looks (migration_id, source_next, horizon, looked_at)
      values (${id}, 40, '2026-01-01T09:00:00Z', now()), (${id}, 50, '2026-01-01T10:00:00Z', now()),
             (${id}, 51, '2026-01-01T11:30:00Z', now())`
    const seen = { clock, oldest, xmin: '50' }
    expect(await horizon(id, { ...seen, undated: true })).toBe('10:00')
    expect(await horizon(id, { ...seen, undated: false })).toBe('11:00')
  })

  it('opens no window while nothing dates a transaction in flight', async () => {
    const [row] = await sql`
      select migration._horizon(${nobody}, ${JSON.stringify({ clock, oldest, xmin: '50', undated: true })}::text::jsonb)
        = '-infinity' as nothing`
    expect(row).toEqual({ nothing: true })
  })

  it('tells another server, and an earlier time, from the source that it knows', async () => {
    const changed = async (seen: object, before: object = facts) => {
      const [row] = await sql<{ told: string | null }[]>`
        select migration._source_changed(${JSON.stringify(before)}::text::jsonb,
          ${JSON.stringify({ ...facts, ...seen })}::text::jsonb) as told`
      return row!.told
    }
    expect(await changed({})).toBeNull()
    expect(await changed({ next: '101', log_position: '1001' })).toBeNull()
    expect(await changed({ system: '8', next: '3' }, {})).toBeNull()
    expect(await changed({ system: '8' })).toBe('other')
    expect(await changed({ system: '8', next: '3', log_position: '3' })).toBe('other')
    expect(await changed({ timeline: '2', next: '101' })).toBe('other')
    expect(await changed({ next: '99' })).toBe('back')
    expect(await changed({ log_position: '999' })).toBe('back')
    expect(await changed({ timeline: '2', next: '99' })).toBe('back')
  })

  it('trusts ids of transactions only as long as they cannot come round', async () => {
    const lost = async (before: object, next: string) => {
      const [row] = await sql<{ lost: boolean }[]>`
        select migration._xid_is_lost(${JSON.stringify(before)}::text::jsonb, ${JSON.stringify({ next })}::text::jsonb) as lost`
      return row!.lost
    }
    expect(await lost({ xmin: '5' }, '2000000005')).toBe(false)
    expect(await lost({ xmin: '5' }, '2000000006')).toBe(true)
    expect(await lost({}, '6')).toBe(true)
  })

  it.each([
    ['where that was asked for', 'hash', 'id', {}, false, 'hash'],
    ['where the source or the plan is another', 'changes', 'id', {}, true, 'hash'],
    ['of an entity that was never compared', 'changes', 'id', { hash_at: null }, false, 'hash'],
    ['by the strategy hash', 'deletes', 'hash', {}, false, 'hash'],
    ['of a small table by the strategy hash', 'changes', 'hash', { rows: 10_000 }, false, 'hash'],
    ['not of a large one all the time', 'changes', 'hash', { rows: 10_001 }, false, 'changes'],
    ['of a large one with the keys', 'deletes', 'hash', { rows: 10_001 }, false, 'hash'],
    [
      'of a large one for the first time',
      'changes',
      'hash',
      { rows: 10_001, hash_at: null },
      false,
      'hash',
    ],
    ['where ids of transactions are lost', 'changes', 'xmin', { watermark: {} }, false, 'hash'],
    ['not where less is certain', 'deletes', 'id', { watermark: {} }, false, 'deletes'],
  ])('compares all rows %s', async (_, asked, strategy, less, all, scope) => {
    const { rows, ...known } = { rows: 5, hash_at: clock, watermark: { xmin: '100' }, ...less }
    const entity = { definition: { sync: { strategy } }, records_processed: rows }
    const [row] = await sql`
      select migration._scope_of(${asked}, jsonb_populate_record(null::migration.entity_statuses, ${JSON.stringify(entity)}::text::jsonb),
        jsonb_populate_record(null::migration.sync_positions, ${JSON.stringify(known)}::text::jsonb),
        ${JSON.stringify(facts)}::text::jsonb, ${all}) as scope`
    expect(row).toEqual({ scope })
  })

  it('counts an id only once nothing is left that was in flight when it was seen', async () => {
    const taken = async (watermark: object, seen: object, lastId: string) => {
      const [row] = await sql<{ taken: { through: string | null } }[]>`
        select migration._watermark_after(
          jsonb_populate_record(null::migration.sync_positions, jsonb_build_object('watermark', ${JSON.stringify(watermark)}::text::jsonb)),
          ${JSON.stringify({ ...facts, ...seen })}::text::jsonb,
          ${JSON.stringify({ horizon: clock, last_id: lastId })}::text::jsonb) as taken`
      return row!.taken
    }
    const first = await taken({}, { xmin: '90', next: '100' }, '50')
    expect(first.through).toBeNull()
    const second = await taken(first, { xmin: '99', next: '110' }, '60')
    expect(second.through).toBeNull()
    const third = await taken(second, { xmin: '100', next: '120' }, '70')
    expect(third.through).toBe('50')
    const fourth = await taken(third, { xmin: '115', next: '130' }, '80')
    expect(fourth.through).toBe('60')
    const fifth = await taken(fourth, { xmin: '116', next: '140' }, '90')
    expect(fifth.through).toBe('60')
  })
})
