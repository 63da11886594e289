/** Rows that the target is to have already: found by what they are called, never made. */
import { describe, expect, test } from 'vitest'
import { mappedScene } from './mapped-scene.ts'

const scene = await mappedScene()

const entity = (source: string, more: object) => ({ source, id: { strategy: 'uuid' }, ...more })

describe.concurrent('rows that are looked up', { timeout: 60_000 }, () => {
  test('are refused where there is none, or more than one', async () => {
    const name = 'found'
    const id = await scene.move({
      name,
      source: `create table t (id integer primary key, x text);
        insert into t values (1, 'one'), (2, 'none'), (3, 'two'), (4, null), (5, 'one');
        create table c (id integer primary key, t integer); insert into c values (1, 1), (2, 2), (3, 3), (5, 5)`,
      target: `create table t (id uuid primary key default gen_random_uuid(), x text);
        insert into t (x) values ('one'), ('two'), ('two'), ('three')`,
      entities: [
        { source: `${name}.t`, id: { strategy: 'lookup', by: { x: 'x' } } },
        entity(`${name}.c`, {
          columns: { legacy: 'id', t_id: { op: 'reference', to: `${name}.t`, of: 't' } },
        }),
      ],
    })
    expect(await scene.letters(id, 't')).toEqual([
      '2 lookup_missing',
      '3 lookup_ambiguous',
      '4 lookup_missing',
    ])
    expect(await scene.letters(id, 'c')).toEqual(['2 reference_missing', '3 reference_missing'])
    const children = `select c.legacy, t.x from ${name}_new.c join ${name}_new.t on t.id = c.t_id order by 1`
    expect(await scene.rows(children)).toEqual(['1 one', '5 one'])
    expect(await scene.count(id, 't')).toMatchObject({ loaded: 2, failed: 3 })
  })

  test('are found by several columns, made of what the source has, and one may be found twice', async () => {
    const name = 'several'
    const id = await scene.move({
      name,
      source: `create table t (a integer, b text, x text, y integer, primary key (a, b));
        insert into t values (1, 'k', ' One ', 1), (1, 'l', 'ONE', 1), (2, 'k', 'one', 2), (3, 'k', 'one', 3);
        create table c (id integer primary key, a integer, b text); insert into c values (1, 1, 'k'), (2, 1, 'l'), (3, 2, 'k'), (4, 3, 'k')`,
      target: `create table t (id uuid primary key default gen_random_uuid(), x text, y bigint, note text default 'hers');
        insert into t (x, y) values ('one', 1), ('one', 2), ('One', 3), (null, 3)`,
      entities: [
        {
          source: `${name}.t`,
          id: {
            strategy: 'lookup',
            by: { x: { op: 'lower', of: { op: 'trim', of: 'x' } }, y: 'y' },
          },
        },
        entity(`${name}.c`, {
          columns: { legacy: 'id', t_id: { op: 'reference', to: `${name}.t`, of: ['a', 'b'] } },
        }),
      ],
      batchRows: 1,
    })
    expect(await scene.letters(id, 't')).toEqual(['["3", "k"] lookup_missing'])
    const children = `select c.legacy, t.x, t.y from ${name}_new.c join ${name}_new.t on t.id = c.t_id order by 1`
    expect(await scene.rows(children)).toEqual(['1 one 1', '2 one 1', '3 one 2'])
    const origins = `select distinct mapping_metadata ->> 'origin' from migration.mappings where source_table = '${name}.t'`
    expect(await scene.rows(origins)).toEqual(['found'])
    expect(await scene.rows(`select count(*), min(note) from ${name}_new.t`)).toEqual(['4 hers'])
  })

  test('are found after all, when they have come and the dead letter is tried again', async () => {
    const name = 'later'
    const id = await scene.move({
      name,
      source: `create table t (id integer primary key, x text); insert into t values (1, 'one'), (2, 'two');
        create table c (id integer primary key, t integer); insert into c values (1, 1), (2, 2)`,
      target: `create table t (id uuid primary key default gen_random_uuid(), x text); insert into t (x) values ('one')`,
      entities: [
        { source: `${name}.t`, id: { strategy: 'lookup', by: { x: 'x' } } },
        entity(`${name}.c`, {
          columns: { legacy: 'id', t_id: { op: 'reference', to: `${name}.t`, of: 't' } },
        }),
      ],
    })
    expect(await scene.letters(id, 'c')).toEqual(['2 reference_missing'])
    await scene.target.unsafe(`insert into ${name}_new.t (x) values ('two')`)
    await scene.control({ action: 'replay', migration_id: id })
    await scene.verified(id)
    expect([await scene.letters(id, 't'), await scene.letters(id, 'c')]).toEqual([[], []])
    expect(await scene.count(id, 't')).toMatchObject({ read: 2, loaded: 2, failed: 0 })
    const children = `select c.legacy, t.x from ${name}_new.c join ${name}_new.t on t.id = c.t_id order by 1`
    expect(await scene.rows(children)).toEqual(['1 one', '2 two'])
  })
})
