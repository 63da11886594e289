/**
 * What the look that begins a sweep may not do: go further than is certain, follow another source, an
 * earlier one, or other tables in silence. Real PostgreSQL, no function. Each guard has the test that
 * turns red when it is taken out (`npm run mutants`).
 */
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claim, guardedDatabase, sqlstate } from './fixture.ts'
import { driveToLook, type Gone, type Held } from './sweeps.ts'
import {
  answer,
  catchUp,
  changes,
  completeLook,
  haltOf,
  later,
  nextLook,
  openLook,
  position,
  rows,
  sweepRows,
} from './swept.ts'

const database = guardedDatabase()
let sql: Sql

beforeAll(() => {
  sql = postgres(database.url(), { max: 1, prepare: false, onnotice: () => undefined })
})
afterAll(() => sql.end())

const held = (options: Gone = {}) => driveToLook(sql, database.table(), options)

async function caughtUp(options: Gone = {}): Promise<Held> {
  const sweep = await held(options)
  await catchUp(sweep)
  return sweep
}

describe('look', () => {
  it('rejects the hand of an attempt that was overtaken', async () => {
    const sweep = await held()
    const { id, look } = sweep
    await sql`select migration.release_batch(${id}, ${look.batch_id}, ${look.attempt})`
    const heir = (await claim(sql, id))!
    await expect(openLook(sql, id, look)).rejects.toEqual(sqlstate('SF001'))
    await expect(completeLook(sweep, look, [])).rejects.toEqual(sqlstate('SF001'))
    expect(await openLook(sql, id, heir)).toHaveLength(2)
    await completeLook(sweep, heir, [])
  })

  it('takes nothing for a sweep that was broken off', async () => {
    const sweep = await held()
    await sql`select migration._abort_pass(${sweep.id}, 'test')`
    await expect(completeLook(sweep, sweep.look, [answer(sweep.parentId)])).rejects.toEqual(
      sqlstate('SF001'),
    )
    expect((await position(sql, sweep.parentId)).watermark).toEqual({})
  })

  it('halts where the source is at an earlier time, and moves nothing', async () => {
    const sweep = await caughtUp()
    const before = await position(sql, sweep.parentId)
    const back = { ...later, next: '99' }
    await completeLook(sweep, await nextLook(sweep), [answer(sweep.parentId)], back)
    expect(await haltOf(sql, sweep.id)).toBe('source_went_back')
    expect(await position(sql, sweep.parentId)).toEqual(before)
    expect((await sweepRows(sql, sweep.id)).at(-1)).toMatchObject({
      failure_code: 'source_went_back',
    })
  })

  it('compares all rows where the source is another server', async () => {
    const sweep = await caughtUp({ strategy: 'id' })
    const look = await nextLook(sweep)
    expect(await openLook(sql, sweep.id, look, later)).toEqual(['changes', 'changes'])
    const other = { ...later, system: '8' }
    expect(await openLook(sql, sweep.id, look, other)).toEqual(['hash', 'hash'])
    await completeLook(sweep, look, [answer(sweep.parentId)], other)
    expect(await haltOf(sql, sweep.id)).toBeNull()
    const events = await sql`select event_type from migration.events
      where migration_id = ${sweep.id} and event_type = 'source_replaced'`
    expect(events).toHaveLength(1)
  })

  it('halts where the columns of a table are other ones', async () => {
    const sweep = await caughtUp()
    const look = await nextLook(sweep)
    await completeLook(
      sweep,
      look,
      [answer(sweep.parentId), answer(sweep.childId, { schema: 'another', batches: changes })],
      later,
    )
    expect(await haltOf(sql, sweep.id)).toBe('source_schema_changed')
    expect(await claim(sql, sweep.id)).toBeUndefined()
  })

  it('halts where a table is gone', async () => {
    const sweep = await caughtUp()
    const look = await nextLook(sweep)
    const gone = answer(sweep.childId, { schema: null, known_schema: null })
    await completeLook(sweep, look, [answer(sweep.parentId), gone], later)
    expect(await haltOf(sql, sweep.id)).toBe('source_schema_changed')
  })

  it('goes on where nobody knew the columns', async () => {
    const sweep = await caughtUp()
    const look = await nextLook(sweep)
    const known = answer(sweep.childId, { known_schema: null })
    await completeLook(sweep, look, [answer(sweep.parentId), known], later)
    expect(await haltOf(sql, sweep.id)).toBeNull()
  })

  it('compares all rows until a sweep has caught up', async () => {
    const sweep = await caughtUp({ strategy: 'id' })
    await sql`update migration.sync_states set caught_up_at = null where migration_id = ${sweep.id}`
    expect(await openLook(sql, sweep.id, await nextLook(sweep), later)).toEqual(['hash', 'hash'])
  })

  it('compares all rows once the plan was mended, though a sweep of the old one ended later', async () => {
    const sweep = await held({ strategy: 'id' })
    await sql`update migration.orchestrations set plan_fingerprint = 'mended' where id = ${sweep.id}`
    await catchUp(sweep)
    const look = await nextLook(sweep)
    expect(await openLook(sql, sweep.id, look, later)).toEqual(['hash', 'hash'])
    await catchUp({ ...sweep, look })
    expect(await openLook(sql, sweep.id, await nextLook(sweep), later)).toEqual([
      'changes',
      'changes',
    ])
  })

  it('moves the position of what has not changed at once, and no other', async () => {
    const sweep = await caughtUp()
    const before = await position(sql, sweep.childId)
    await completeLook(
      sweep,
      await nextLook(sweep),
      [
        answer(sweep.parentId, { horizon: later.clock }),
        answer(sweep.childId, { horizon: later.clock, batches: rows }),
      ],
      later,
    )
    expect((await position(sql, sweep.parentId)).watermark).toMatchObject({ clock: later.clock })
    expect(await position(sql, sweep.childId)).toEqual(before)
  })
})
