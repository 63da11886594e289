/**
 * What the end of a sweep may not do: delete late or twice, leave orphans, take what is not the
 * migration's, more than the plan allows at once, or what came back. Real PostgreSQL, no function: the
 * database alone must hold. Each guard has the test that turns red when it is taken out (`npm run mutants`).
 */
import postgres, { type Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { claim, guardedDatabase, sqlstate } from './fixture.ts'
import { applyDeletes, completeDeletes, driveToDeletes, type Gone, states } from './sweeps.ts'

const database = guardedDatabase()
const FENCED = sqlstate('SF001')

/** A sweep before its last batch: parents and children 1 to 5, some of them gone at the source. */
async function driven(
  gone: Gone,
  work: (sweep: Awaited<ReturnType<typeof driveToDeletes>>) => Promise<void>,
): Promise<void> {
  const sql = postgres(database.url(), { max: 1, prepare: false, onnotice: () => undefined })
  try {
    await work(await driveToDeletes(sql, database.table(), gone))
  } finally {
    await sql.end()
  }
}

const left = async (sql: Sql, table: string) => {
  const rows = await sql.unsafe<{ id: string }[]>(`select id from public.${table} order by id`)
  return rows.map(({ id }) => id).join(' ')
}

describe('deletes', () => {
  it('rejects the hand of an attempt that was overtaken', () =>
    driven({ child: ['1'] }, async ({ sql, id, held, child, parentId }) => {
      await sql`select migration.release_batch(${id}, ${held.batch_id}, ${held.attempt})`
      const heir = (await claim(sql, id))!
      const batch = [id, held.batch_id, held.attempt] as const
      await expect(
        sql.begin(
          (tx) => tx`select migration.apply_deletes(${batch[0]}, ${batch[1]}, ${batch[2]})`,
        ),
      ).rejects.toEqual(FENCED)
      await expect(
        sql`select migration.keep_returned(${batch[0]}, ${batch[1]}, ${batch[2]}, ${parentId}, '[]')`,
      ).rejects.toEqual(FENCED)
      await expect(
        sql`select migration.note_gone(${batch[0]}, ${batch[1]}, ${batch[2]}, '{2}')`,
      ).rejects.toEqual(FENCED)
      await expect(
        sql`select migration.complete_deletes(${batch[0]}, ${batch[1]}, ${batch[2]}, '{"stopped": [], "entities": []}', false)`,
      ).rejects.toEqual(FENCED)
      await expect(
        sql`select migration.halt_for_deletes(${batch[0]}, ${batch[1]}, ${batch[2]}, 1, false)`,
      ).rejects.toEqual(FENCED)
      expect(await left(sql, child)).toBe('1 2 3 4 5')
      await completeDeletes(sql, id, heir)
      expect(await left(sql, child)).toBe('2 3 4 5')
    }))

  it('holds a row that a row which stays refers to', () =>
    driven({ parent: ['1', '2'], child: ['2'] }, async ({ sql, id, held, parent, child }) => {
      await completeDeletes(sql, id, held)
      expect(await left(sql, parent)).toBe('1 3 4 5')
      expect(await left(sql, child)).toBe('1 3 4 5')
      expect(await states(sql, id)).toEqual(['1 held delete_refused'])
    }))

  it('waits for a row that is just coming and refers to one that is to go', () =>
    driven({ parent: ['1'], child: ['1'] }, async ({ sql, id, held, parent, child }) => {
      const other = postgres(database.url(), { max: 1, onnotice: () => undefined })
      try {
        let done: Promise<unknown> = Promise.resolve()
        await other.begin(async (tx) => {
          await tx.unsafe(`insert into public.${child} values (9, 1)`)
          done = completeDeletes(sql, id, held)
          // Long enough to be past its look, if it did not wait.
          await new Promise((resolve) => setTimeout(resolve, 500))
        })
        await done
      } finally {
        await other.end()
      }
      expect(await left(sql, parent)).toBe('1 2 3 4 5')
    }))

  it('takes more than the plan allows at once only when somebody has said so', () =>
    driven(
      { parent: ['1', '2', '3', '4'], child: ['1', '2', '3', '4'], limit: 3 },
      async (sweep) => {
        const { sql, id, held, parent } = sweep
        await completeDeletes(sql, id, held)
        expect(await left(sql, parent)).toBe('1 2 3 4 5')
        const [state] =
          await sql`select halted_code from migration.sync_states where migration_id = ${id}`
        expect(state).toEqual({ halted_code: 'deletes_exceeded' })
      },
    ))

  it('lets the word of somebody pass what a limit would stop', () =>
    driven(
      { parent: ['1', '2', '3', '4'], child: ['1', '2', '3', '4'], limit: 3 },
      async (sweep) => {
        const { sql, id, held, parent } = sweep
        await sql`update migration.batches set task = '{"allow_deletes": true}' where id = ${held.batch_id}`
        await completeDeletes(sql, id, held)
        expect(await left(sql, parent)).toBe('5')
      },
    ))

  it('leaves rows alone that the target may have had before', () =>
    driven({ child: ['4'], conflict: 'update' }, async ({ sql, id, held, child }) => {
      await completeDeletes(sql, id, held)
      expect(await left(sql, child)).toBe('1 2 3 4 5')
      expect(await states(sql, id)).toEqual(['4 reported row_gone'])
    }))

  it('notes what the target knows, and nothing else', () =>
    driven({ parent: ['1'] }, async ({ sql, id, held }) => {
      await sql`select migration.note_gone(${id}, ${held.batch_id}, ${held.attempt}, '{2, 77}')`
      expect(await states(sql, id)).toEqual(['1 pending -', '2 pending -'])
    }))

  it('takes a row off the list that the source has after all, not one that is only spelled alike', () =>
    driven(
      { parent: ['1', '2', '3'], child: ['1', '2', '3'] },
      async ({ sql, id, held, parentId, parent }) => {
        const found = JSON.stringify([
          [['1'], ['1']],
          [['2'], ['8']],
        ])
        await sql.begin(async (tx) => {
          await tx`select migration.keep_returned(${id}, ${held.batch_id}, ${held.attempt}, ${parentId}, ${found}::text::jsonb)`
          expect(await applyDeletes(tx as unknown as Sql, id, held)).toMatchObject({ stopped: [] })
        })
        expect(await left(sql, parent)).toBe('1 4 5')
      },
    ))

  it('reads a row that came back again before the sweep ends', () =>
    driven({ parent: ['1', '2'], child: ['1', '2'] }, async ({ sql, id, held, parentId }) => {
      const found = JSON.stringify([[['1'], ['1']]])
      await sql`select migration.keep_returned(${id}, ${held.batch_id}, ${held.attempt}, ${parentId}, ${found}::text::jsonb)`
      await completeDeletes(sql, id, held)
      const again = (await claim(sql, id))!
      const keys =
        await sql`select row_key from migration.changed_keys_of_batch(${id}, ${again.batch_id})`
      expect(keys.map(({ row_key }) => row_key)).toEqual([['1']])
    }))
})
