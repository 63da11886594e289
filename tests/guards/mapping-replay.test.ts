/** What a replay of dead letters may not do. Real PostgreSQL, no function: the database alone must hold. */
import postgres, { type Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { guardedDatabase, sqlstate } from './fixture.ts'
import {
  claimMapped,
  complete,
  idOf,
  letters,
  replay,
  stage,
  startMapped,
  texts,
} from './mapped.ts'
import { stateOf } from './passes.ts'

const database = guardedDatabase()

/** A completed migration with a dead letter: row 2 cannot be made. */
async function driven(
  work: (sql: Sql, id: string, table: string) => Promise<void>,
  more: { wins?: 'last' } = {},
): Promise<void> {
  const sql = postgres(database.url(), { max: 1, prepare: false, onnotice: () => undefined })
  const table = database.table()
  const id = await startMapped(sql, { table, ...more })
  const five = [1, 2, 3, 4, 5].map((key) => ({ id: key, x: key === 2 ? 'bad' : `x${key}` }))
  await complete(sql, id, five)
  expect(await stateOf(sql, id)).toMatchObject({ status: 'completed' })
  try {
    await work(sql, id, table)
  } finally {
    await sql.end()
  }
}

describe('replay', () => {
  it('rejects the stage of an attempt that was overtaken', () =>
    driven(async (sql, id) => {
      await sql`select migration.replay(${id}, 'test')`
      const held = (await claimMapped(sql, id))!
      await sql`select migration.release_batch(${id}, ${held.batch_id}, ${held.attempt})`
      const late = sql.begin(async (tx) => {
        await stage(tx as unknown as Sql, [{ id: 2, x: 'mended' }])
        await tx`select migration.reload_stage(${id}, ${held.batch_id}, ${held.attempt}, false, '{}', 'test')`
      })
      await expect(late).rejects.toEqual(sqlstate('SF001'))
    }))

  it('does not write over what the target has by now', () =>
    driven(async (sql, id, table) => {
      await sql.unsafe(`insert into public.${table} (id, x) values (${idOf(2)}, 'newer')`)
      await replay(sql, id, [{ id: 2, x: 'mended' }])
      expect(await letters(sql, id)).toEqual(['2 value_invalid superseded'])
      expect(await texts(sql, table)).toEqual(['newer', 'x1', 'x3', 'x4', 'x5'])
    }))

  it('tells once what is refused again, with the reason of now', () =>
    driven(async (sql, id) => {
      await replay(sql, id, [{ id: 2, x: 'poison' }])
      expect(await letters(sql, id)).toEqual(['2 constraint_violated'])
    }))

  it('takes nothing away from a row that is in, though the last wins', () =>
    driven(
      async (sql, id, table) => {
        await replay(sql, id, [{ id: 2, x: 'x5' }])
        expect(await letters(sql, id)).toEqual(['2 duplicate'])
        expect(await texts(sql, table)).toEqual(['x1', 'x3', 'x4', 'x5'])
        const [kept] = await sql.unsafe(
          `select id = ${idOf(5)} as is from public.${table} where x = 'x5'`,
        )
        expect(kept).toEqual({ is: true })
      },
      { wins: 'last' },
    ))
})
