/** References: to parents that come before, in circles, refused, left out, failed. */
import { describe, expect, test } from 'vitest'
import { ended } from '../fidelity/move.ts'
import { assertExactCounters } from '../support/counters.ts'
import { mappedScene } from './mapped-scene.ts'

const scene = await mappedScene()

const uuid = (source: string, columns: object, more: object = {}) => ({
  source,
  id: { strategy: 'uuid' },
  columns: { legacy: 'id', ...columns },
  ...more,
})
const reference = (to: string, of: string | string[], more: object = {}) => ({
  op: 'reference',
  to,
  of,
  ...more,
})
const ways = ['reject', 'null', 'skip'] as const

/** Child and parent, by the keys of the source. */
const pairs = (name: string, child: string, column: string, parent: string) =>
  scene.rows(`select c.legacy, p.legacy from ${name}_new.${child} c
    left join ${name}_new.${parent} p on p.id = c.${column} order by c.legacy::text`)

describe.concurrent('a reference', { timeout: 60_000 }, () => {
  test('to a parent that is not there refuses, is null, or leaves the row out', async () => {
    const name = 'forward'
    const child = (of: string) => `
      create table ${of} (id integer primary key, p integer, a integer, b text);
      insert into ${of} values (1, 1, 1, 'x'), (2, 9, 1, 'x'), (3, null, 1, 'x'), (4, 2, 1, 'y'), (5, 1, null, 'x')`
    const id = await scene.move({
      name,
      source: `create table p (id integer primary key, bad text);
        insert into p values (1, '1'), (2, 'refused'), (3, '3');
        create table q (a integer, b text, id integer, primary key (a, b)); insert into q values (1, 'x', 7);
        ${ways.map(child).join('; ').replaceAll('table null', 'table "null"').replaceAll('into null', 'into "null"')}`,
      entities: [
        uuid(`${name}.p`, { bad: { op: 'cast', of: 'bad', to: 'integer' } }),
        uuid(`${name}.q`, {}),
        ...ways.map((missing) =>
          uuid(`${name}.${missing}`, {
            p_id: reference(`${name}.p`, 'p', { missing }),
            q_id: reference(`${name}.q`, ['a', 'b'], { missing }),
          }),
        ),
      ],
      batchRows: 2,
    })
    expect(await scene.letters(id, 'p')).toEqual(['2 value_invalid'])
    const refused = ['2 reference_missing', '4 reference_missing']
    expect(await scene.letters(id, 'reject')).toEqual(refused)
    expect(await pairs(name, 'reject', 'p_id', 'p')).toEqual(['1 1', '3 -', '5 1'])
    expect(await pairs(name, '"null"', 'p_id', 'p')).toEqual(['1 1', '2 -', '3 -', '4 -', '5 1'])
    expect(await pairs(name, '"null"', 'q_id', 'q')).toEqual(['1 7', '2 7', '3 7', '4 -', '5 -'])
    expect(await pairs(name, 'skip', 'q_id', 'q')).toEqual(['1 7', '3 7', '5 -'])
    expect(await scene.count(id, 'skip')).toMatchObject({ loaded: 3, failed: 0, filtered: 2 })
  })

  test('of a table to itself is looked at when all rows are in, and what is refused takes its children along', async () => {
    const name = 'itself'
    const rows = `values (1, 1), (2, 9), (3, 2), (4, 3), (5, 6), (6, 5), (7, 1), (8, null)`
    const tables = ways.map((way) => `t_${way}`)
    const id = await scene.move({
      name,
      source: tables
        .map(
          (of) =>
            `create table ${of} (id integer primary key, up integer); insert into ${of} ${rows}`,
        )
        .join('; '),
      entities: ways.map((missing) =>
        uuid(`${name}.t_${missing}`, {
          up_id: reference(`${name}.t_${missing}`, 'up', { missing }),
        }),
      ),
      batchRows: 1,
    })
    const kept = ['1 1', '5 6', '6 5', '7 1', '8 -']
    expect(await pairs(name, 't_reject', 'up_id', 't_reject')).toEqual(kept)
    expect(await scene.letters(id, 't_reject')).toEqual(
      [2, 3, 4].map((key) => `${key} reference_missing`),
    )
    expect(await scene.count(id, 't_reject')).toMatchObject({ read: 8, loaded: 5, failed: 3 })
    expect(await pairs(name, 't_skip', 'up_id', 't_skip')).toEqual(kept)
    expect(await scene.count(id, 't_skip')).toMatchObject({ read: 8, loaded: 5, filtered: 3 })
    expect(await pairs(name, 't_null', 'up_id', 't_null')).toEqual([
      '1 1',
      '2 -',
      '3 2',
      '4 3',
      '5 6',
      '6 5',
      '7 1',
      '8 -',
    ])
    const mapped = `select count(*) from migration.mappings where source_table = 'itself.t_reject'`
    expect(await scene.rows(mapped)).toEqual(['5'])
  })

  test.each(ways)('in a circle of three tables that would %s', async (missing) => {
    const name = `circle_${missing}`
    const id = await scene.move(circle(name, missing, '(3, 3)'))
    expect(await scene.letters(id, 'c')).toEqual(['3 value_invalid'])
    const whole = missing === 'null' ? ['1 1', '2 2', '3 -'] : ['1 1', '2 2']
    expect(await pairs(name, 'b', 'up_id', 'c')).toEqual(whole)
    const above = missing === 'null' ? ['1 1', '2 2', '3 3', '4 3'] : ['1 1', '2 2']
    expect(await pairs(name, 'a', 'up_id', 'b')).toEqual(above)
    expect(await pairs(name, 'c', 'up_id', 'a')).toEqual(['1 1', '2 2'])
  })

  test.each(['reject', 'skip'])(
    'in a circle that would %s: with a row that goes late go all that hang on it',
    async (missing) => {
      const name = `hanging_${missing}`
      const told = circle(name, missing, '(3, 3), (4, 4)')
      const outside = `create table o (id integer primary key, up integer); insert into o values (1, 1), (4, 4)`
      const id = await scene.move({
        ...told,
        source: `${told.source}; ${outside}`,
        entities: [...told.entities, uuid(`${name}.o`, { up_id: reference(`${name}.c`, 'up') })],
      })
      for (const [child, parent] of [
        ['a', 'b'],
        ['b', 'c'],
        ['c', 'a'],
      ] as const)
        expect(await pairs(name, child, 'up_id', parent)).toEqual(['1 1', '2 2'])
      expect(await pairs(name, 'o', 'up_id', 'c')).toEqual(['1 1'])
      expect(await scene.letters(id, 'o')).toEqual(['4 reference_missing'])
      const refused = missing === 'reject'
      const gone = { failed: refused ? 2 : 0, filtered: refused ? 0 : 2 }
      for (const each of ['a', 'b'])
        expect(await scene.count(id, each)).toMatchObject({ read: 4, loaded: 2, ...gone })
      await assertExactCounters(scene.targetUrl, id)
    },
  )

  test('down a chain: who hangs on a refused row is refused', async () => {
    const name = 'chain'
    const tables = ['a', 'b', 'c', 'd']
    const id = await scene.move({
      name,
      source: tables
        .map(
          (of) => `create table ${of} (id integer primary key, up integer);
            insert into ${of} select n, n from generate_series(1, 20) n`,
        )
        .join('; ')
        .concat('; update a set up = 99 where id = 7'),
      entities: tables.map((of, at) =>
        uuid(`${name}.${of}`, { up_id: reference(`${name}.${tables[Math.max(0, at - 1)]}`, 'up') }),
      ),
      lanes: 4,
      batchRows: 3,
    })
    for (const of of tables) {
      expect(await scene.letters(id, of)).toEqual(['7 reference_missing'])
      expect(await scene.count(id, of)).toMatchObject({ read: 20, loaded: 19, failed: 1 })
    }
  })

  test('of some rows only, to two tables', async () => {
    const name = 'of_some'
    const when = (value: string) => ({ when: { column: 'kind', is: '=', value } })
    const id = await scene.move({
      name,
      source: `create table p (id integer primary key); insert into p values (1), (2);
        create table q (id integer primary key); insert into q values (1), (3);
        create table t (id integer primary key, kind text, on_id integer);
        insert into t values (1, 'p', 1), (2, 'q', 3), (3, 'p', 3), (4, 'q', 2), (5, 'other', 9), (6, null, 9), (7, 'p', null)`,
      entities: [
        uuid(`${name}.p`, {}),
        uuid(`${name}.q`, {}),
        uuid(`${name}.t`, {
          p_id: reference(`${name}.p`, 'on_id', when('p')),
          q_id: reference(`${name}.q`, 'on_id', when('q')),
        }),
      ],
    })
    expect(await pairs(name, 't', 'p_id', 'p')).toEqual(['1 1', '2 -', '5 -', '6 -', '7 -'])
    expect(await pairs(name, 't', 'q_id', 'q')).toEqual(['1 -', '2 3', '5 -', '6 -', '7 -'])
    expect(await scene.letters(id, 't')).toEqual(['3 reference_missing', '4 reference_missing'])
  })

  test('to a table that fails as a whole waits, and goes on when that is mended', async () => {
    const name = 'failing'
    const told = {
      name,
      source: `create table p (id integer primary key, v text); insert into p select n, 'bad' from generate_series(1, 10) n;
        create table c (id integer primary key, p integer); insert into c select n, n from generate_series(1, 10) n;
        create table g (id integer primary key, c integer); insert into g select n, n from generate_series(1, 10) n;
        create table o (id integer primary key); insert into o select n from generate_series(1, 10) n`,
      entities: [
        uuid(
          `${name}.p`,
          { v: { op: 'cast', of: 'v', to: 'integer' } },
          { refusals: { rows: 0, share: 0.5 } },
        ),
        uuid(`${name}.c`, { p_id: reference(`${name}.p`, 'p') }),
        uuid(`${name}.g`, { c_id: reference(`${name}.c`, 'c') }),
        uuid(`${name}.o`, {}),
      ],
    }
    await scene.prepare(told)
    const id = await scene.begin(told)
    expect(await ended(scene.targetUrl, id)).toMatchObject({ status: 'failed' })
    expect(await scene.state(id)).toEqual({
      status: 'failed',
      code: 'entity_failed',
      errors: ['refusals_exceeded'],
    })
    const states = async () =>
      Promise.all(['p', 'c', 'g', 'o'].map(async (of) => (await scene.count(id, of)).status))
    expect(await states()).toEqual(['failed', 'pending', 'pending', 'completed'])
    await scene.source.unsafe(`update ${name}.p set v = id where id <> 4`)
    expect(await scene.control({ action: 'retry', migration_id: id })).toMatchObject({
      status: 200,
    })
    expect(await ended(scene.targetUrl, id)).toMatchObject({ status: 'completed' })
    expect(await states()).toEqual(['completed', 'completed', 'completed', 'completed'])
    expect(await scene.letters(id, 'p')).toEqual(['4 value_invalid'])
    expect(await scene.letters(id, 'g')).toEqual(['4 reference_missing'])
  })
})

/** Two whole circles, and one with a row that is refused; `rest` are more rows of the middle table. */
function circle(name: string, missing: string, rest: string) {
  const table = (
    of: string,
    rows: string,
  ) => `create table ${of} (id integer primary key, up integer, v text);
    insert into ${of} select id, up, case when '${of}' = 'c' and id = 3 then 'refused' else '1' end
      from (values ${rows}) r (id, up)`
  const entity = (of: string, to: string) =>
    uuid(`${name}.${of}`, {
      up_id: reference(`${name}.${to}`, 'up', { missing }),
      v: { op: 'cast', of: 'v', to: 'integer' },
    })
  return {
    name,
    source: `${table('a', '(1, 1), (2, 2), (3, 3), (4, 3)')}; ${table('b', `(1, 1), (2, 2), ${rest}`)};
      ${table('c', `(1, 1), (2, 2), ${rest}`)}`,
    entities: [entity('a', 'b'), entity('b', 'c'), entity('c', 'a')],
    batchRows: 2,
  }
}
