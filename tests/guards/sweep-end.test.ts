/**
 * How a sweep ends: positions move when everything is written, no key is forgotten, what was refused is
 * tried again only while that leads to more, and the counters are true. Real PostgreSQL, no function.
 * Each guard has the test that turns red when it is taken out (`npm run mutants`).
 */
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claim, guardedDatabase } from './fixture.ts'
import { driveToLook, type Held } from './sweeps.ts'
import {
  catchUp,
  changes,
  completeSync,
  depends,
  facts,
  later,
  position,
  rows,
  sweepRows,
  swept,
  workOff,
} from './swept.ts'

const database = guardedDatabase()
let sql: Sql

beforeAll(() => {
  sql = postgres(database.url(), { max: 1, prepare: false, onnotice: () => undefined })
})
afterAll(() => sql.end())

async function caughtUp(): Promise<Held> {
  const sweep = await driveToLook(sql, database.table())
  await catchUp(sweep)
  return sweep
}

/** A row of the child that was refused because its parent was missing. */
async function refuse({ id, childId }: Held, key: string, code = 'reference_missing') {
  await sql`insert into migration.errors (migration_id, entity_status_id, error_type, error_code, error_message,
      source_record_id, is_dead_letter)
    values (${id}, ${childId}, 'data_validation', ${code}, 'x', ${key}, true)`
}

/** Keys that a held batch reads again. */
async function keysOf(id: string, batchId: string): Promise<string> {
  const keys = await sql<{ key: string }[]>`
    select row_key ->> 0 as key from migration.changed_keys_of_batch(${id}, ${batchId}) order by 1`
  return keys.map(({ key }) => key).join(' ')
}

describe('sweep', () => {
  it('moves positions with its last batch, to where its look has set them', async () => {
    const sweep = await caughtUp()
    const { id, parentId, childId } = sweep
    const before = await position(sql, parentId)
    await swept(sweep, { batches: changes }, { batches: changes })
    await completeSync(sql, id, (await claim(sql, id))!)
    expect(await position(sql, parentId)).toEqual(before)
    await completeSync(sql, id, (await claim(sql, id))!)
    const watermark = {
      xmin: later.xmin,
      clock: later.clock,
      horizon: later.clock.replace('T', ' ').replace('+00:00', '+00'),
    }
    const moved = { ...before, watermark, changes_at: new Date(later.clock) }
    expect(await position(sql, parentId)).toEqual(moved)
    expect(await position(sql, childId)).toEqual(moved)
  })

  it('notes when keys and rows were compared, by the scope of the entity', async () => {
    const sweep = await caughtUp()
    await swept(sweep, { batches: rows }, { batches: rows, scope: 'hash' }, 'deletes')
    await workOff(sql, sweep.id)
    const then = new Date(facts.clock)
    const now = new Date(later.clock)
    expect(await position(sql, sweep.parentId)).toMatchObject({ deletes_at: now, hash_at: then })
    expect(await position(sql, sweep.childId)).toMatchObject({ deletes_at: now, hash_at: now })
  })

  it('deals keys out again whose batch went with a sweep that was broken off', async () => {
    const sweep = await caughtUp()
    const { id, childId } = sweep
    await depends(sweep)
    await refuse(sweep, '9')
    await swept(sweep, { batches: changes }, {})
    await completeSync(sql, id, (await claim(sql, id))!, { read: 1, inserted: 1 })
    const lost = (await claim(sql, id))!
    expect(await keysOf(id, lost.batch_id)).toBe('9')
    await sql`select migration.fail_batch(${id}, ${lost.batch_id}, ${lost.attempt}, 'unknown', 'x', null, 'x', false)`
    await swept(sweep, {}, {})
    const again = (await claim(sql, id))!
    expect(await keysOf(id, again.batch_id)).toBe('9')
    await completeSync(sql, id, again)
    expect((await sweepRows(sql, id)).at(-1)).toMatchObject({ status: 'completed' })
    const left = await sql`select from migration.changed_keys where entity_status_id = ${childId}`
    expect(left).toHaveLength(0)
  })

  it('tries refused rows again as long as that leads to more, and no longer', async () => {
    const sweep = await caughtUp()
    const { id } = sweep
    await depends(sweep)
    await refuse(sweep, '8')
    await refuse(sweep, '9', 'value_invalid')
    await swept(sweep, { batches: changes }, {})
    await completeSync(sql, id, (await claim(sql, id))!, { read: 1, inserted: 1 })
    for (const inserted of [1, 0]) {
      const again = (await claim(sql, id))!
      expect(await keysOf(id, again.batch_id)).toBe('8')
      await completeSync(sql, id, again, { read: 1, inserted })
    }
    expect(await claim(sql, id)).toBeUndefined()
    expect((await sweepRows(sql, id)).at(-1)).toMatchObject({ status: 'completed' })
  })

  it('counts what it did, and what the target has', async () => {
    const sweep = await caughtUp()
    const { id, childId } = sweep
    await swept(sweep, { batches: changes }, { batches: changes })
    await completeSync(sql, id, (await claim(sql, id))!, { read: 4, inserted: 3, updated: 1 })
    await refuse(sweep, '8', 'value_invalid')
    await refuse(sweep, '1', 'delete_refused')
    await completeSync(sql, id, (await claim(sql, id))!, { read: 3, deleted: 2, refused: 1 })
    expect((await sweepRows(sql, id)).at(-1)).toMatchObject({ records: '7/6/1' })
    const [child] =
      await sql`select concat_ws('/', records_read, records_processed, records_failed) as records
      from migration.entity_statuses where id = ${childId}`
    expect(child).toEqual({ records: '4/3/1' })
    const [all] =
      await sql`select concat_ws('/', records_read, records_processed, records_failed) as records
      from migration.orchestrations where id = ${id}`
    expect(all).toEqual({ records: '12/11/1' })
  })
})
