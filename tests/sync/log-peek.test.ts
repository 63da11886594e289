/** Keys read from the log of a real server: whatever is done to rows, each key that it touches, once. */
import { afterAll, describe, expect, it } from 'vitest'
import { openLogServer } from './log-server.ts'

const hostile = `a "b\\' €😀`

describe('the log of a source', async () => {
  const server = await openLogServer(
    `create table plain (id integer primary key, v text);
     create table pair (a text, v text, b date, primary key (b, a));
     create table wide (v text, id text primary key, w text);
     create table whole (id integer unique not null, v text); alter table whole replica identity full;
     create table other (id integer primary key);
     create table parted (id integer primary key, v text) partition by range (id);
     create table parted_1 partition of parted for values from (0) to (100);
     create table parted_2 partition of parted for values from (100) to (200);
     create schema "Odd""; drop";
     create table "Odd""; drop"."${hostile.replaceAll('"', '""')}" ("${hostile.replaceAll('"', '""')}" text primary key);`,
    [
      { table: 'plain' },
      { table: 'pair', key: ['b', 'a'] },
      { table: 'wide' },
      { table: 'whole' },
      { table: 'parted' },
      { table: hostile, schema: 'Odd"; drop', key: [hostile] },
    ],
  )
  const { sql } = server.scratch
  afterAll(() => server.close())

  it('tells inserts, updates and deletes by the key', async () => {
    await sql.unsafe(`insert into plain select n, 'v' from generate_series(1, 5) n`)
    await sql`update plain set v = 'w' where id = 2`
    await sql`delete from plain where id = 3`
    const first = await server.touched()
    expect(first.of('plain')).toEqual(['["1"]', '["2"]', '["3"]', '["4"]', '["5"]'])
    expect(first).toMatchObject({ changes: 7, more: false })
    expect(first.transactions).toHaveLength(3)
    await sql`delete from plain`
    expect((await server.touched()).of('plain')).toEqual(['["1"]', '["2"]', '["4"]', '["5"]'])
    expect((await server.touched()).keys.size).toBe(0)
  })

  it('tells both keys of a row that gets another one', async () => {
    await sql`insert into plain values (10, 'v')`
    await sql`insert into pair values (${'x'}, 'v', '2020-02-29')`
    await server.touched()
    await sql`update plain set id = 11 where id = 10`
    await sql`update pair set a = ${'y,"'} where a = 'x'`
    const found = await server.touched()
    expect(found.of('plain')).toEqual(['["10"]', '["11"]'])
    expect(found.of('pair')).toEqual(['["2020-02-29","x"]', '["2020-02-29","y,\\""]'])
  })

  it('does not need values that are not sent again, and never their text', async () => {
    const long = 'some text that compresses badly '.repeat(50_000)
    await sql`alter table wide alter v set storage external, alter w set storage external`
    await sql`insert into wide values (${long}, 'k', ${long})`
    expect((await server.touched()).overrun.get('wide')).toBe('key_not_shown') // behind 1.6 MB
    await sql`update wide set w = 'short' where id = 'k'` // v is sent as unchanged
    const found = await server.touched()
    expect(found.of('wide')).toEqual(['["k"]'])
    await sql`insert into wide values ('short', 'l', ${long})`
    expect((await server.touched()).of('wide')).toEqual(['["l"]'])
  })

  it('reads rows that are told whole', async () => {
    await sql`insert into whole values (1, 'a'), (2, 'b')`
    await server.touched()
    await sql`update whole set v = 'c' where id = 1`
    await sql`update whole set id = 3 where id = 2`
    expect((await server.touched()).of('whole')).toEqual(['["1"]', '["2"]', '["3"]'])
  })

  it('tells of partitions under the name of their table', async () => {
    await sql`insert into parted values (1, 'a'), (150, 'b')`
    await sql`update parted set id = 160 where id = 1`
    expect((await server.touched()).of('parted')).toEqual(['["1"]', '["150"]', '["160"]'])
  })

  it('keeps names and texts as they are', async () => {
    const name = `"Odd""; drop"."${hostile.replaceAll('"', '""')}"`
    const texts = [`tab\there`, 'line\nbreak', hostile, '\\N', '', '😀'.repeat(40), '\u{feff}bom']
    for (const text of texts) await sql.unsafe(`insert into ${name} values ($1)`, [text])
    const found = await server.touched()
    expect(found.of(hostile)).toEqual(texts.map((text) => JSON.stringify([text])).toSorted())
  })

  it('knows nothing of what was rolled back', async () => {
    await sql
      .unsafe(`begin; insert into plain values (100); rollback;
        begin; insert into plain values (101); savepoint one; insert into plain values (102);
          rollback to savepoint one; savepoint two; insert into plain values (103); release savepoint two; commit;
        do $$ begin
          insert into plain values (104);
          begin insert into plain values (105); perform 1 / 0; exception when division_by_zero then null; end;
        end $$;`)
      .simple()
    expect((await server.touched()).of('plain')).toEqual(['["101"]', '["103"]', '["104"]'])
  })

  it('has all rows compared of a table that was emptied', async () => {
    await sql`insert into plain values (200)`
    await sql`truncate plain, other`
    await sql`insert into plain values (201)`
    const found = await server.touched()
    expect(found.overrun).toEqual(new Map([['plain', 'truncated']]))
    expect(found.keys.size).toBe(0)
  })

  it('leaves tables of nobody alone, and still moves on', async () => {
    await sql`insert into other select generate_series(1000, 1100)`
    const found = await server.touched()
    expect(found).toMatchObject({ changes: 0, more: false })
    expect(found.keys.size).toBe(0)
  })

  it('tells of what was committed without waiting for the disk', async () => {
    await sql`insert into plain select generate_series(400001, 400003)`
    await server.touched()
    const seen = new Set<string>()
    await sql`set synchronous_commit = off`
    for (let id = 400_010; id < 400_030; id += 1) {
      await sql`insert into plain values (${id})`
      for (const key of (await server.touched()).of('plain')) seen.add(key)
      expect(seen).toContain(`["${id}"]`)
    }
    await sql`reset synchronous_commit`
  })

  it('is read in parts of whole transactions', async () => {
    for (let id = 300; id < 306; id += 1) {
      await sql.unsafe(`insert into plain select ${id} + n * 100 from generate_series(0, 9) n`)
    }
    const seen: number[] = []
    for (;;) {
      const part = await server.touched({ messages: 15 })
      seen.push(part.of('plain').length)
      if (!part.more) break
    }
    // 12 messages a transaction, and the relation once
    expect(seen.slice(0, 3)).toEqual([20, 20, 20])
    expect(seen.slice(3).every((keys) => keys === 0)).toBe(true)
  })

  it('is told again until it was taken, and what was recorded is left out then', async () => {
    await sql`insert into plain values (9000)`
    expect((await server.touched({ stay: true })).of('plain')).toEqual(['["9000"]'])
    expect((await server.touched()).of('plain')).toEqual(['["9000"]'])
    expect((await server.touched()).of('plain')).toEqual([])
  })

  it('gives up counting keys where they are too many, and goes on with the others', async () => {
    await sql`insert into plain select generate_series(2001, 2030)`
    await sql`insert into pair select n::text, 'v', '2020-01-01' from generate_series(1, 8) n`
    const found = await server.touched({ limits: { entity: 20, all: 100 } })
    expect(found.overrun).toEqual(new Map([['plain', 'too_many_keys']]))
    expect(found.of('pair')).toHaveLength(8)
    expect(found.changes).toBe(38)
  })

  it('holds one transaction of 200,000 rows', { timeout: 60_000 }, async () => {
    await sql`update plain set v = 'x'`
    await server.touched()
    await sql`insert into plain select generate_series(10001, 210000)`
    const found = await server.touched({ messages: 100 })
    expect(found.keys.get('plain')?.size).toBe(200_000)
    expect(found).toMatchObject({ changes: 200_000 })
    expect(await server.touched()).toMatchObject({ changes: 0, more: false })
  })
})
