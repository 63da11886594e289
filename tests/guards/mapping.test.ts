/**
 * What a mapped load may not do: load late or twice, accept what loses, blame rows for what they are not to
 * blame for, lose what it overwrites. Real PostgreSQL, no function: the database alone must hold. Each guard
 * has the test that turns red when it is taken out (`npm run mutants`).
 */
import postgres, { type Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { guardedDatabase, sqlstate } from './fixture.ts'
import {
  claimMapped,
  complete,
  idOf,
  letters,
  loadMapped,
  type MappedEntity,
  makeTarget,
  move,
  settle,
  stage,
  startMapped,
  texts,
} from './mapped.ts'
import { stateOf } from './passes.ts'

const database = guardedDatabase()
const FENCED = sqlstate('SF001')

/** A migration into tables of its own, on a connection of its own. */
async function driven(
  work: (sql: Sql, id: string, table: string) => Promise<void>,
  { before, ...entity }: Partial<MappedEntity> & { before?: (table: string) => string } = {},
): Promise<void> {
  const sql = postgres(database.url(), { max: 1, prepare: false, onnotice: () => undefined })
  const table = database.table()
  await makeTarget(sql, table)
  if (before !== undefined) await sql.unsafe(before(table))
  try {
    await work(sql, await startMapped(sql, { ...entity, table }), table)
  } finally {
    await sql.end()
  }
}

/** One row a text, keys from `first` on. */
const rows = (xs: string, first = 1) => [...xs].map((x, at) => ({ id: first + at, x }))

describe('mapping', () => {
  it('rejects the stage of an attempt that was overtaken', () =>
    driven(async (sql, id, table) => {
      const held = (await claimMapped(sql, id))!
      await sql`select migration.release_batch(${id}, ${held.batch_id}, 1)`
      const heir = (await claimMapped(sql, id))!
      const late = sql.begin(async (tx) => {
        await stage(tx as unknown as Sql, rows('a'))
        await tx`select migration.load_stage(${id}, ${held.batch_id}, ${held.attempt})`
      })
      await expect(late).rejects.toEqual(FENCED)
      expect(await loadMapped(sql, id, heir, rows('a'))).toMatchObject({ loaded: 1 })
      expect(await texts(sql, table)).toEqual(['a'])
    }))

  it('rejects the look at late references of an attempt that was overtaken', () =>
    driven(async (sql, id) => {
      await move(sql, id, rows('a'))
      const held = (await claimMapped(sql, id))!
      expect(held.kind).toBe('settle')
      await sql`select migration.release_batch(${id}, ${held.batch_id}, 1)`
      await expect(
        sql`select migration.settle(${id}, ${held.batch_id}, ${held.attempt})`,
      ).rejects.toEqual(FENCED)
    }))

  it('refuses a row whose values an earlier batch has brought', () =>
    driven(async (sql, id, table) => {
      await move(sql, id, rows('ab'), true)
      expect(await move(sql, id, rows('bc', 3))).toEqual({ loaded: 1, failed: 1, left_out: 0 })
      expect(await texts(sql, table)).toEqual(['a', 'b', 'c'])
      expect(await letters(sql, id)).toEqual(['3 duplicate'])
    }))

  it('accepts a row whose rival the server has refused', () =>
    driven(
      async (sql, id, table) => {
        const rival = [{ id: 1, x: 'a', up: 9 }, ...rows('aa', 2)]
        expect(await move(sql, id, rival)).toMatchObject({ loaded: 1, failed: 2 })
        expect(await letters(sql, id)).toEqual(['1 constraint_violated', '3 duplicate'])
        expect(await texts(sql, table)).toEqual(['a'])
      },
      { before: (table) => `alter table public.${table} add check (up is null)` },
    ))

  it('gives a row back that had to give way to one that the server refuses', () =>
    driven(
      async (sql, id, table) => {
        await move(sql, id, rows('a'), true)
        expect(await move(sql, id, [{ id: 2, x: 'a', up: 9 }])).toMatchObject({
          loaded: 0,
          failed: 1,
        })
        expect(await texts(sql, table)).toEqual(['a'])
        expect(await letters(sql, id)).toEqual(['2 constraint_violated'])
      },
      { wins: 'last', before: (table) => `alter table public.${table} add check (up is null)` },
    ))

  it('takes no row away that the target had before', () =>
    driven(
      async (sql, id, table) => {
        expect(await move(sql, id, rows('h'))).toMatchObject({ loaded: 0, failed: 1 })
        expect(await letters(sql, id)).toEqual(['1 duplicate'])
        expect(await texts(sql, table)).toEqual(['h'])
      },
      {
        wins: 'last',
        conflict: 'update',
        before: (table) => `insert into public.${table} (id, x) values (gen_random_uuid(), 'h')`,
      },
    ))

  it('stops where too many rows are refused, and writes none of them down', () =>
    driven(
      async (sql, id, table) => {
        const [one, two] = [
          { id: 1, x: 'bad' },
          { id: 2, x: 'bad' },
        ]
        await expect(move(sql, id, [one, two])).rejects.toMatchObject({
          code: 'SF422',
          detail: 'refusals_exceeded',
        })
        expect([await texts(sql, table), await letters(sql, id)]).toEqual([[], []])
      },
      { limit: 1 },
    ))

  it('blames rows for what they hold', () =>
    driven(async (sql, id, table) => {
      const poison = [...rows('abc'), { id: 4, x: 'poison' }, ...rows('de', 5)]
      expect(await move(sql, id, poison)).toEqual({ loaded: 5, failed: 1, left_out: 0 })
      expect(await letters(sql, id)).toEqual(['4 constraint_violated'])
      expect(await texts(sql, table)).toHaveLength(5)
    }))

  it.each(['40P01', '55P03', '53100', '57014'])('blames no row for %s', (code) =>
    driven(
      async (sql, id, table) => {
        await expect(move(sql, id, rows('abc'))).rejects.toEqual(sqlstate(code))
        expect([await texts(sql, table), await letters(sql, id)]).toEqual([[], []])
      },
      { before: (table) => alwaysOn(table, `raise exception using errcode = '${code}'`) },
    ),
  )

  it('counts what the target took', () =>
    driven(
      async (sql, id) => {
        await expect(move(sql, id, rows('abc'))).rejects.toEqual(sqlstate('SF002'))
      },
      { before: (table) => alwaysOn(table, `if new.x = 'b' then return null; end if`) },
    ))

  it('takes a row out of target and map that is refused late, with all that hang on it', () =>
    driven(async (sql, id, table) => {
      await move(sql, id, [
        ...rows('a'),
        { id: 2, x: 'b', up: 9 },
        { id: 3, x: 'c', up: 2 },
        { id: 4, x: 'd', up: 1 },
        { id: 5, x: 'e', up: 3 },
      ])
      await settle(sql, id)
      expect(await texts(sql, table)).toEqual(['a', 'd'])
      const gone = ['2', '3', '5'].map((key) => `${key} reference_missing`)
      expect(await letters(sql, id)).toEqual(gone)
      expect(await keysInMap(sql, table)).toEqual(['1', '4'])
    }))

  it('keeps an image of what it overwrites', () =>
    driven(
      async (sql, id, table) => {
        await move(sql, id, rows('a'))
        const kept =
          await sql.unsafe(`select b.source_key, (b.image::public.${table}).x, t.x as new, t.note
          from migration.before_images b, public.${table} t where b.target_table = 'public.${table}'`)
        expect([...kept]).toEqual([{ source_key: '1', x: 'old', new: 'a', note: 'hers' }])
      },
      {
        conflict: 'update',
        before: (table) =>
          `insert into public.${table} (id, x, note) values (${idOf(1)}, 'old', 'hers')`,
      },
    ))

  it('keeps one entry of the map for a row that comes again', () =>
    driven(async (sql, id, table) => {
      await complete(sql, id, rows('abcde'))
      expect(await stateOf(sql, id)).toMatchObject({ status: 'completed' })
      const again = await startMapped(sql, { table, conflict: 'update' })
      expect(await move(sql, again, rows('ebcdaf'))).toMatchObject({ loaded: 6 })
      expect(await keysInMap(sql, table)).toEqual(['1', '2', '3', '4', '5', '6'])
    }))
})

const keysInMap = async (sql: Sql, table: string) => {
  const found = await sql<{ source_id: string }[]>`
    select source_id from migration.mappings where source_table = ${`legacy.${table}`} order by source_id`
  return found.map(({ source_id }) => source_id)
}

/** A trigger that no load switches off. */
const alwaysOn = (table: string, body: string) => `
  create function public.on_${table}() returns trigger language plpgsql as $$ begin ${body}; return new; end $$;
  create trigger t before insert on public.${table} for each row execute function public.on_${table}();
  alter table public.${table} enable always trigger t`
