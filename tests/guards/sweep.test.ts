/**
 * When a sweep may begin, and which of its batches may be at work at once. Real PostgreSQL, no function.
 * Each guard has the test that turns red when it is taken out (`npm run mutants`).
 */
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claim, guardedDatabase, sqlstate, startMigration } from './fixture.ts'
import { driveToLook, type Gone, type Held } from './sweeps.ts'
import {
  catchUp,
  changes,
  completeSync,
  depends,
  nextLook,
  position,
  refusal,
  rows,
  sweepRows,
  swept,
  workOff,
} from './swept.ts'

const database = guardedDatabase()
const FENCED = sqlstate('SF001')
let sql: Sql

beforeAll(() => {
  sql = postgres(database.url(), { max: 1, prepare: false, onnotice: () => undefined })
})
afterAll(() => sql.end())

async function caughtUp(options: Gone = {}): Promise<Held> {
  const sweep = await driveToLook(sql, database.table(), options)
  await catchUp(sweep)
  return sweep
}

const both = { batches: [...changes, { kind: 'sync', check: 'beyond' }] } as const
const parts = { batches: [...rows, { kind: 'reconcile', check: 'keys' }] } as const

describe('sweep', () => {
  it('is not begun before sync mode, nor after it', async () => {
    const table = database.table()
    await sql.unsafe(`create table public.${table} (id integer primary key, note text)`)
    expect(await refusal(sql, await startMigration(sql, table))).toBe('sync_not_begun')
    const { id } = await caughtUp()
    await sql`update migration.sync_states set ended_at = now() where migration_id = ${id}`
    expect(await refusal(sql, id)).toBe('sync_not_begun')
  })

  it('is not begun while sync is halted', async () => {
    const { id } = await caughtUp()
    await sql`select migration._halt_sync(${id}, 'source_went_back', 'x')`
    expect(await refusal(sql, id)).toBe('sync_halted')
  })

  it('is not begun beside another one', async () => {
    const sweep = await caughtUp()
    await nextLook(sweep)
    expect(await refusal(sql, sweep.id)).toBe('pass_running')
  })

  it('is not begun while the migration is paused', async () => {
    const { id } = await caughtUp()
    await sql`update migration.orchestrations set control_state = 'paused' where id = ${id}`
    expect(await refusal(sql, id)).toBe('transition_illegal')
  })

  it('is not begun in a scope that nobody knows', async () => {
    const { id } = await caughtUp()
    expect(await refusal(sql, id, 'everything')).toBe('scope_unknown')
  })

  it('is no migration that calls are made for', async () => {
    const { id } = await driveToLook(sql, database.table())
    expect(await sweepRows(sql, id)).toMatchObject([{ status: 'running', is_open: false }])
  })

  it('rejects the hand of an attempt that was overtaken', async () => {
    const sweep = await caughtUp()
    await swept(sweep, { batches: changes }, {})
    const { id } = sweep
    const late = (await claim(sql, id))!
    await sql`select migration.release_batch(${id}, ${late.batch_id}, ${late.attempt})`
    const heir = (await claim(sql, id))!
    await expect(
      sql`select * from migration.apply_changes(${id}, ${late.batch_id}, ${late.attempt}, null, false)`,
    ).rejects.toEqual(FENCED)
    await expect(completeSync(sql, id, late)).rejects.toEqual(FENCED)
    await completeSync(sql, id, heir)
  })

  it('takes nothing once it was broken off, and its row says that it failed', async () => {
    const sweep = await caughtUp()
    const { id, parentId } = sweep
    const before = await position(sql, parentId)
    await swept(sweep, { batches: changes }, { batches: changes })
    const ours = (await claim(sql, id))!
    const other = (await claim(sql, id))!
    await sql`select migration.fail_batch(${id}, ${other.batch_id}, ${other.attempt}, 'unknown', 'x', null, 'x', false)`
    await expect(completeSync(sql, id, ours)).rejects.toEqual(FENCED)
    expect(await position(sql, parentId)).toEqual(before)
    expect((await sweepRows(sql, id)).at(-1)).toMatchObject({ status: 'failed', failure_code: 'x' })
    expect(await refusal(sql, id)).toBeUndefined()
  })

  it('brings parents in before children, and lets entities go that only settle on each other', async () => {
    const sweep = await caughtUp()
    await depends(sweep)
    await swept(sweep, { batches: changes }, { batches: changes })
    const parent = (await claim(sql, sweep.id))!
    expect(await claim(sql, sweep.id)).toBeUndefined()
    await completeSync(sql, sweep.id, parent)
    expect(await workOff(sql, sweep.id)).toBe(1)
    await sql`update migration.entity_dependencies set kind = 'settle' where entity_status_id = ${sweep.childId}`
    await swept(sweep, { batches: changes }, { batches: changes })
    expect(await claim(sql, sweep.id)).toBeDefined()
    expect(await claim(sql, sweep.id)).toBeDefined()
  })

  it('writes changes of a table one batch after the other', async () => {
    const sweep = await caughtUp()
    await swept(sweep, both, {})
    expect(await claim(sql, sweep.id)).toBeDefined()
    expect(await claim(sql, sweep.id)).toBeUndefined()
  })

  it('compares a table by as many lanes as there are', async () => {
    const sweep = await caughtUp()
    await swept(sweep, parts, {})
    expect(await claim(sql, sweep.id)).toBeDefined()
    expect(await claim(sql, sweep.id)).toBeDefined()
  })

  it('compares a table whose rows may meet one batch after the other', async () => {
    const sweep = await caughtUp({ serial: true })
    await swept(sweep, parts, {})
    expect(await claim(sql, sweep.id)).toBeDefined()
    expect(await claim(sql, sweep.id)).toBeUndefined()
  })

  it('lets no two claims at once pass each other', async () => {
    const sweep = await caughtUp()
    await swept(sweep, both, {})
    const other = postgres(database.url(), { max: 1, prepare: false, onnotice: () => undefined })
    try {
      let second: Promise<unknown> = Promise.resolve()
      await sql.begin(async (tx) => {
        expect(await claim(tx as unknown as Sql, sweep.id)).toBeDefined()
        second = claim(other, sweep.id)
        // Long enough to be past its look, if it did not wait.
        await new Promise((resolve) => setTimeout(resolve, 300))
      })
      expect(await second).toBeUndefined()
    } finally {
      await other.end()
    }
  })
})
