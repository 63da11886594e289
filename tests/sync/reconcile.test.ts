/** Sweeps that compare: whatever happened at the source, the target has it, and nothing else. */
import { describe, expect, test } from 'vitest'
import { type SweepEnd, syncScene } from './reconcile-scene.ts'

const scene = await syncScene()
await scene.source`create extension citext`
await scene.target`create extension citext`

/** Found by comparing keys: what is written with an old time is seen by time only by chance. */
const byTime = { strategy: 'timestamp' }
const nothing = [0, 0, 0, 0, 0]
/** Rows inserted and deleted: while others write, a row may be read again that would not be otherwise. */
const rowsOf = async (sweep: SweepEnd, table?: string) => {
  const [inserted, , deleted] = await sweep.counts(table)
  return [inserted, deleted]
}

const timed = (name: string, rows: number) => ({
  name,
  source: `create table t (id integer primary key, x text, at timestamptz not null default now());
    insert into t select n, 'x' || n, '2020-01-01' from generate_series(1, ${rows}) n`,
  entities: [{ source: `${name}.t`, sync: { column: 'at' } }],
})

describe.concurrent('a sweep that compares a plain table', { timeout: 120_000 }, () => {
  test('brings over every change, deletes included', async () => {
    const name = 'rec_plain'
    const id = await scene.follow({ ...timed(name, 50), entities: '*' })
    await scene.write(
      name,
      `delete from t where id <= 3; update t set x = 'silent' where id = 10; update t set id = 1005 where id = 5;
       insert into t values (60, 'new'); delete from t where id = 20; insert into t values (20, 'again')`,
    )
    const sweep = await scene.sweep(id, 'hash')
    expect(sweep.status).toBe('completed')
    await scene.alike(name, 'select * from %s.t order by id')
    expect(await sweep.counts()).toEqual([2, 2, 4, 0, 0])
    expect(await (await scene.sweep(id, 'hash')).counts()).toEqual(nothing)
  })

  test('sees by keys alone which rows there are, and by the rows what they hold', async () => {
    const name = 'rec_keys'
    const id = await scene.follow(timed(name, 50), byTime)
    // As many as before: a count would see nothing.
    await scene.write(
      name,
      `update t set id = 0 where id = 30; delete from t where id = 7;
       insert into t values (70, 'late', '2019-01-01'); update t set x = 'silent' where id = 10`,
    )
    const sweep = await scene.sweep(id, 'deletes')
    expect(await rowsOf(sweep)).toEqual([2, 2])
    await scene.alike(name, 'select id from %s.t order by id')
    expect((await scene.sweep(id, 'hash')).status).toBe('completed')
    await scene.alike(name, 'select * from %s.t order by id')
  })

  test.each([
    ['text', 'text collate "C"', `'k' || n`],
    ['citext', 'public.citext', `'k' || n`],
    ['uuid', 'uuid', `md5(n::text)::uuid`],
    ['numeric', 'numeric', `n / 10.0`],
    ['pair', 'integer, l text', `n % 5, 'l' || n`, ', l'],
  ])('by a key of type %s', async (kind, type, key, more = '') => {
    const name = `rec_by_${kind}`
    const id = await scene.follow(
      {
        name,
        source: `create table t (k ${type}, x text, at timestamptz not null default now(), primary key (k${more}));
          insert into t select ${key}, n::text, '2020-01-01' from generate_series(1, 40) n`,
        entities: [{ source: `${name}.t`, sync: { column: 'at' } }],
      },
      byTime,
    )
    for (const scope of ['deletes', 'hash'] as const) {
      const [from, to] = scope === 'hash' ? [41, 50] : [1, 10]
      await scene.write(
        name,
        `delete from t where x::integer between ${from === 1 ? 1 : 11} and ${from === 1 ? 10 : 20};
         insert into t select ${key}, n::text, '2019-01-01' from generate_series(${from + 100}, ${to + 100}) n`,
      )
      const sweep = await scene.sweep(id, scope)
      expect(sweep.status).toBe('completed')
      expect(await rowsOf(sweep)).toEqual([10, 10])
      await scene.alike(name, 'select * from %s.t order by x')
    }
  })

  test.each([
    ['citext', 'public.citext', `'a'`, `'A'`],
    ['numeric', 'numeric', '1.0', '1.00'],
  ])('whose key is written otherwise, and equal: %s', async (kind, type, before, after) => {
    const name = `rec_alike_${kind}`
    const id = await scene.follow({
      name,
      source: `create table t (k ${type} primary key, x text); insert into t values (${before}, 'one'), ('7', 'other')`,
      entities: '*',
    })
    await scene.write(name, `update t set k = ${after}`.concat(` where x = 'one'`))
    for (const _ of [1, 2]) expect((await scene.sweep(id, 'hash')).status).toBe('completed')
    await scene.alike(name, 'select * from %s.t order by x')
    expect(await scene.gone(id)).toEqual([])
    expect(await scene.letters(id, 't')).toEqual([])
  })

  test('that has more differences than are named one by one', async () => {
    const name = 'rec_many'
    const id = await scene.follow(timed(name, 30_000), {
      ...byTime,
      delete_limit: { rows: 50_000, share: 1 },
    })
    await scene.write(
      name,
      `delete from t where id % 2 = 0; insert into t select n, 'late', '2019-01-01' from generate_series(40001, 52000) n`,
    )
    const sweep = await scene.sweep(id, 'deletes')
    expect(sweep.status).toBe('completed')
    expect(await rowsOf(sweep)).toEqual([12_000, 15_000])
    await scene.alike(name, 'select count(*), sum(id) from %s.t')
  })

  test('whose rows nothing tells apart', async () => {
    const name = 'rec_keyless'
    const id = await scene.follow({
      name,
      source: `create table t (x text, n integer);
        insert into t select 'x' || n % 20, n % 20 from generate_series(1, 200) n`,
      entities: '*',
    })
    await scene.write(
      name,
      `delete from t where ctid in (select ctid from t where n = 3 limit 4); insert into t values ('x5', 5), ('x5', 5), ('new', null);
       update t set x = 'changed' where n = 7`,
    )
    const sweep = await scene.sweep(id, 'hash')
    expect(sweep.status).toBe('completed')
    await scene.alike(name, 'select x, n, count(*) from %s.t group by 1, 2 order by 1, 2')
    expect(await sweep.counts()).toEqual([13, 0, 14, 0, 0])
    expect(await scene.count(id, 't')).toMatchObject({ loaded: 199 })
  })

  test('whose rows nothing tells apart, and of which many differ', async () => {
    const name = 'rec_keyless_many'
    const id = await scene.follow({
      name,
      source: `create table t (x text); insert into t select 'x' || n from generate_series(1, 30000) n`,
      entities: '*',
    })
    await scene.write(name, `update t set x = x || 'y' where substr(x, 2)::integer % 2 = 0`)
    const sweep = await scene.sweep(id, 'hash')
    expect(await sweep.counts()).toEqual([15_000, 0, 15_000, 0, 0])
    await scene.alike(name, 'select x, count(*) from %s.t group by x order by x collate "C"')
  })
})

const mapped = (name: string, rows: number, key = 'integer', value = 'n') => ({
  name,
  source: `create table p (id integer primary key); insert into p values (1), (2);
    create table t (id ${key} primary key, x text, p integer, at timestamptz not null default now());
    insert into t select ${value}, 'x' || n, 1 + n % 2, '2020-01-01' from generate_series(1, ${rows}) n`,
  entities: [
    {
      source: `${name}.p`,
      id: { strategy: 'uuid' },
      columns: { legacy: 'id' },
      sync: { strategy: 'hash' },
    },
    {
      source: `${name}.t`,
      id: { strategy: 'uuid' },
      columns: { legacy: 'id', x: 'x', p_id: { op: 'reference', to: `${name}.p`, of: 'p' } },
      sync: { column: 'at' },
    },
  ],
})
const mappedRows = (name: string) =>
  scene.rows(
    `select t.legacy, t.x, p.legacy from ${name}_new.t left join ${name}_new.p on p.id = t.p_id order by t.legacy`,
  )
const legacyRows = async (name: string) => {
  const rows = await scene.source
    .unsafe(`select t.id::text, x, p::text from ${name}.t order by t.id`)
    .values()
  return rows.map((row) => row.map((value) => value ?? '-').join(' '))
}

describe.concurrent('a sweep that compares a mapped table', { timeout: 120_000 }, () => {
  test.each(['deletes', 'hash'] as const)('brings over which rows there are: %s', async (scope) => {
    const name = `rec_mapped_${scope}`
    const id = await scene.follow(mapped(name, 50), byTime)
    await scene.write(
      name,
      `update t set id = 0 where id = 30; delete from t where id in (7, 20); insert into t values (20, 'again', 2, '2019-01-01');
       insert into t values (70, 'late', 1, '2019-01-01')`,
    )
    const sweep = await scene.sweep(id, scope)
    expect(sweep.status).toBe('completed')
    expect(await rowsOf(sweep, 't')).toEqual([2, 2])
    if (scope === 'hash') expect(await mappedRows(name)).toEqual(await legacyRows(name))
    expect(
      await scene.rows(`select count(*) from migration.mappings where source_table = '${name}.t'`),
    ).toEqual(['50'])
    expect(await (await scene.sweep(id, scope)).counts()).toEqual(nothing)
  })

  test('whose keys the target cannot sort, in several ranges', async () => {
    const name = 'rec_text'
    const id = await scene.follow(mapped(name, 25_000, 'text', `'k' || n`), {
      ...byTime,
      delete_limit: { rows: 50_000, share: 1 },
    })
    await scene.write(
      name,
      `delete from t where x in ('x1', 'x20000'); update t set x = 'silent' where id in ('k7', 'k24000');
       insert into t values ('a', 'new', 1, '2019-01-01')`,
    )
    const sweep = await scene.sweep(id, 'hash')
    expect(sweep.status).toBe('completed')
    expect(await sweep.counts('t')).toEqual([1, 2, 2, 0, 0])
    await scene.write(
      name,
      `delete from t where id like 'k1%'; insert into t select 'z' || n, 'z', 1, '2019-01-01' from generate_series(1, 12000) n`,
    )
    const [gone] = await scene.source.unsafe(
      `select 25000 - 2 + 1 - count(*)::integer + 12000 as rows from ${name}.t`,
    )
    const many = await scene.sweep(id, 'deletes')
    expect(many.status).toBe('completed')
    expect(await rowsOf(many, 't')).toEqual([12_000, gone!.rows])
    await scene.alike(name, 'select count(*) from %s.t')
  })

  test('does not take a row that is left out for a difference that stays', async () => {
    const name = 'rec_left_out'
    const told = mapped(name, 50)
    const id = await scene.follow(
      {
        ...told,
        entities: [
          told.entities[0]!,
          { ...told.entities[1], filter: { column: 'x', is: '<>', value: 'x9' } },
        ],
      },
      byTime,
    )
    await scene.write(name, `update t set x = 'x9' where id = 10; delete from t where id = 11`)
    const sweep = await scene.sweep(id, 'deletes')
    expect(await rowsOf(sweep, 't')).toEqual([0, 2])
    expect(await rowsOf(await scene.sweep(id, 'deletes'), 't')).toEqual([0, 0])
  })
})
