/** The oracle must find every kind of difference, and must not find any where there is none. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { assertExactCopy, compareDatabases } from '../../support/oracle.ts'
import { fillSource } from '../../support/sample.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'
import { plainServer } from './server.ts'

const TABLES = `
  create type mood as enum ('sad', 'happy');
  create table cells (
    id bigint primary key, a text, b text, f double precision, r real, n numeric, c char(5), j json,
    m mood, pair point, at timestamptz, raw bytea, list text[], cash money, gap interval,
    twice bigint generated always as (id * 2) stored);
  create table bag (word text, amount integer);
  create table parent (id integer, part text) partition by list (part);
  create table parent_x partition of parent for values in ('x');
  create table parent_y partition of parent for values in ('y');
  create table "odd ""name"".x" ("__proto__" text, "Select" integer);
  create table empty_one (id integer);`

const ROWS = `
  insert into cells select n, 'a' || n, 'b' || n, n / 3.0, n / 7.0, n * 1.10, 'c' || n % 10,
    '{"b": 1,  "a": 1.0}', 'happy', point(n, -n), timestamptz '2024-01-01 00:00:00.000001+00' + n * interval '1 s',
    decode(lpad(to_hex(n), 8, '0'), 'hex'), array['x,y', null, 'NULL'], n * 1.5::money, '1 mon' from generate_series(1, 500) n;
  insert into bag (word, amount) select 'word ' || n % 10, n % 3 from generate_series(1, 100) n;
  insert into parent select n, case when n % 2 = 0 then 'x' else 'y' end from generate_series(1, 20) n;
  insert into "odd ""name"".x" values ('p', 1), (null, null), ('', 0);`

describe('the oracle', () => {
  let source: Scratch
  let target: Scratch
  beforeAll(async () => {
    const address = await plainServer()
    source = await scratchDatabase(address)
    target = await scratchDatabase(address)
    for (const { sql } of [source, target]) {
      await sql.unsafe(`${TABLES} ${ROWS}`).simple()
      await sql.unsafe(`alter database ${sql.options.database} set timezone = 'Asia/Tokyo'`)
    }
  })
  afterAll(async () => {
    await Promise.all([source?.drop(), target?.drop()])
  })
  beforeEach(async () => {
    await target.sql`
      truncate cells, bag, parent, "odd ""name"".x", empty_one`
    await target.sql.unsafe(ROWS).simple()
  })
  const compare = () => compareDatabases({ source: source.url, target: target.url })

  it('finds no difference between equal databases, and says how much it looked at', async () => {
    const seen = await assertExactCopy({ source: source.url, target: target.url })
    expect(seen).toMatchObject({ tables: 5, rows: 623, differences: [] })
  })

  it('does not mind the order of rows or columns, or settings that change how values print', async () => {
    await target.sql`create table again as select amount, word from bag order by amount desc`
    await target.sql`truncate bag`
    await target.sql`alter table bag drop column word`
    await target.sql`alter table bag add column word text`
    await target.sql`insert into bag (amount, word) select amount, word from again`
    await target.sql`drop table again`
    await target.sql.unsafe(`alter database ${target.name} set datestyle = 'SQL, DMY'`)
    await target.sql.unsafe(`alter database ${target.name} set bytea_output = 'escape'`)
    await target.sql.unsafe(`alter database ${target.name} set extra_float_digits = 0`)
    await target.sql.unsafe(`alter database ${target.name} set intervalstyle = 'iso_8601'`)
    expect(await compare()).toEqual([])
  })

  const changes: readonly [string, string, number, number][] = [
    ['a changed cell', `update cells set a = 'A1' where id = 1`, 1, 1],
    ['a trailing blank', `update cells set a = a || ' ' where id = 1`, 1, 1],
    [
      'an empty text for NULL',
      `update "odd ""name"".x" set "__proto__" = '' where "Select" is null`,
      1,
      1,
    ],
    [
      'NULL for an empty text',
      `update "odd ""name"".x" set "__proto__" = null where "Select" = 0`,
      1,
      1,
    ],
    ['the text NULL', `update cells set a = 'NULL' where id = 7`, 1, 1],
    ['one microsecond', `update cells set at = at + interval '1 us' where id = 9`, 1, 1],
    ['the scale of a number', `update cells set n = 1.1 where id = 1`, 1, 1],
    ['whitespace in json', `update cells set j = '{"b": 1, "a": 1.0}' where id = 3`, 1, 1],
    ['the lowest bit of a float', `update cells set f = f + 5.6e-17 where id = 1`, 1, 1],
    ['an equal interval written otherwise', `update cells set gap = '30 days' where id = 5`, 1, 1],
    [
      'an array with other bounds',
      `update cells set list = '[2:4]={"x,y",NULL,"NULL"}' where id = 5`,
      1,
      1,
    ],
    ['swapped columns', 'update cells set a = b, b = a', 500, 500],
    [
      'text that moved to the next column',
      `update cells set a = a || 'b', b = substr(b, 2) where id = 4`,
      1,
      1,
    ],
    ['a missing row', 'delete from cells where id = 250', 1, 0],
    ['a row too many', 'insert into cells (id) values (501)', 0, 1],
    ['a doubled row', 'insert into bag select * from bag limit 1', 0, 1],
    ['a lost duplicate', 'delete from bag where ctid = (select min(ctid) from bag)', 1, 0],
    [
      'an exchanged duplicate',
      `update bag set amount = 9 where ctid = (select min(ctid) from bag)`,
      1,
      1,
    ],
    ['a row lost in a partition', `delete from parent_x where id = 2`, 1, 0],
    ['a row in an empty table', 'insert into empty_one values (null)', 0, 1],
    ['an empty table', 'truncate cells', 500, 0],
  ]
  it.each(changes)('finds %s', async (_, change, onlyInSource, onlyInTarget) => {
    await target.sql.unsafe(change)
    const differences = await compare()
    expect(differences).toHaveLength(1)
    expect(differences[0]).toMatchObject({ problem: 'rows differ', onlyInSource, onlyInTarget })
    await expect(assertExactCopy({ source: source.url, target: target.url })).rejects.toThrow(
      'not an exact copy',
    )
  })

  it('tells minus zero from zero, and shows no value', async () => {
    await source.sql`update cells set f = '-0', r = 0 where id = 11`
    await target.sql`update cells set f = 0, r = 0 where id = 11`
    const [difference] = await compare()
    expect(difference).toMatchObject({ table: 'public.cells', onlyInSource: 1, onlyInTarget: 1 })
    expect(difference?.sample.map((entry) => entry.keyHash)).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      difference?.sample[0]?.keyHash,
    ])
    await target.sql`update cells set f = '-0' where id = 11`
    expect(await compare()).toEqual([])
    await source.sql`update cells set f = 11 / 3.0, r = 11 / 7.0 where id = 11`
  })

  it('finds tables and columns that only one side has', async () => {
    await target.sql`create table more (id integer)`
    await target.sql`alter table empty_one rename column id to key`
    const problems = (await compare()).map((found) => [found.table, found.problem])
    await target.sql`drop table more`
    await target.sql`alter table empty_one rename column key to id`
    expect(problems).toEqual([
      ['public.empty_one', 'columns differ'],
      ['public.more', 'missing in source'],
    ])
    const pairs = [['public.bag', 'elsewhere.bag']] as const
    const missing = await compareDatabases({ source: source.url, target: target.url, pairs })
    expect(missing).toMatchObject([{ problem: 'missing in target', onlyInSource: 100 }])
  })

  it('compares tables under other names, and refuses to compare nothing', async () => {
    const both = { source: source.url, target: target.url }
    await target.sql`create schema other`
    await target.sql`create table other.words as table bag`
    expect(await compareDatabases({ ...both, pairs: [['public.bag', 'other.words']] })).toEqual([])
    await target.sql`drop schema other cascade`
    await expect(assertExactCopy({ ...both, pairs: [] })).rejects.toThrow('no table to compare')
  })

  it('compares 200,000 rows in seconds', { timeout: 30_000 }, async () => {
    const [big, copy] = [await scratchDatabase(source.url), await scratchDatabase(source.url)]
    try {
      await Promise.all([big, copy].map(({ url }) => fillSource(url, { rows: 200_000, wide: 64 })))
      const begun = performance.now()
      expect((await assertExactCopy({ source: big.url, target: copy.url })).rows).toBe(200_001)
      expect(performance.now() - begun).toBeLessThan(15_000)
      await copy.sql`delete from sample_2 where id % 1000 = 1`
      const [found] = await compareDatabases({ source: big.url, target: copy.url })
      expect(found).toMatchObject({ table: 'public.sample_2', onlyInTarget: 0 })
      expect(found?.onlyInSource).toBeGreaterThan(60)
    } finally {
      await Promise.all([big.drop(), copy.drop()])
    }
  })
})
