/** What is refused, and with which code: by the plan before the load, or by the server. */
import { describe, expect, test } from 'vitest'
import { ended } from '../fidelity/move.ts'
import { mappedScene } from './mapped-scene.ts'

const scene = await mappedScene()

const reject = (rule: string, more: object) => ({ rule, ...more, severity: 'reject' })
const cast = (of: string, to: string) => ({ op: 'cast', of, to })
const entity = (source: string, more: object) => ({ source, id: { strategy: 'uuid' }, ...more })

/** One row a code, by its key; rows 0 and 99 are in order. */
const everyCode = [
  ['10', 'value_invalid', `n = 'x'`],
  ['11', 'value_unmapped', `m = 'x'`],
  ['12', 'required_missing', 'r = null'],
  ['13', 'length_violated', `l = 'much too long'`],
  ['14', 'length_violated', `w = 'much too long'`],
  ['15', 'range_violated', `n = '-1'`],
  ['16', 'choice_violated', `c = 'x'`],
  ['17', 'pattern_violated', `p = 'x'`],
  ['18', 'comparison_violated', 'a = 2, b = 1'],
  ['19', 'type_violated', `t = 'x'`],
  ['20', 'duplicate', `u = 'taken'`],
  ['21', 'reference_missing', 'f = 9'],
  ['22', 'constraint_violated', `k = 'bad'`],
  ['23', 'value_invalid', `j = '{"a": "\\u0000"}'`],
  ['24', 'value_invalid', `j = '{"a": "\\ud800"}'`],
  ['25', 'value_invalid', `j = '{"a": "\\udc00\\ud800"}'`],
  ['26', 'value_invalid', `j = '{'`],
  ['27', 'value_refused', `j = repeat('[', 20000) || repeat(']', 20000)`],
  [
    '28',
    'value_refused',
    `i = (select string_agg(md5(n::text), '') from generate_series(1, 200) n)`,
  ],
  ['29', 'value_invalid', `n = '99999999999999999999'`],
  ['30', 'trigger_refused', `k = 'shout'`],
  ['31', 'value_refused', `k = 'assert'`],
] as const

describe.concurrent('rows are refused', { timeout: 60_000 }, () => {
  test('each for its own reason, and nothing but them', async () => {
    const name = 'codes'
    const id = await scene.move({
      name,
      source: `create table p (id integer primary key); insert into p values (1);
        create table t (id integer primary key, n text, m text, r text, l text, w text, c text, p text, a integer,
          b integer, t text, u text, f integer, k text, j text, i text);
        insert into t select n, '1', 'm', 'r', 'l', 'w', 'c', 'p', 1, 2, '1', n::text, 1, 'k', '[]', n::text
          from generate_series(0, 99) n;
        update t set u = 'taken' where id = 0;
        ${everyCode.map(([key, , set]) => `update t set ${set} where id = ${key}`).join('; ')}`,
      target: `create function shout(k text) returns boolean language plpgsql as $$ begin
          if k = 'shout' then raise exception 'no'; end if; assert k <> 'assert'; return k <> 'bad'; end $$;
        create table t (id uuid primary key, legacy integer, n integer, m text, r text not null, l varchar(5), w text,
          c text, p text, a integer, b integer, t text, u text, f_id uuid, k text, j jsonb, i text);
        alter table t add check (codes_new.shout(k)); create index on t (i)`,
      entities: [
        entity(`${name}.p`, { columns: {} }),
        entity(`${name}.t`, {
          columns: {
            legacy: 'id',
            n: cast('n', 'integer'),
            m: { op: 'value_map', of: 'm', values: { m: 'M' } },
            f_id: { op: 'reference', to: `${name}.p`, of: 'f' },
            j: { op: 'parse_json', of: 'j', to: 'jsonb' },
            ...Object.fromEntries([...'rlwcpabtuki'].map((column) => [column, column])),
          },
          rules: [
            reject('length', { column: 'w', max: 5 }),
            reject('range', { column: 'n', min: 0 }),
            reject('choice', { column: 'c', values: ['c'] }),
            reject('pattern', { column: 'p', pattern: '^p$' }),
            reject('compare', { left: 'a', is: '<', right: 'b' }),
            reject('type', { column: 't', type: 'integer' }),
            reject('unique', { columns: ['u'] }),
          ],
        }),
      ],
    })
    expect(await scene.letters(id, 't')).toEqual(everyCode.map(([key, code]) => `${key} ${code}`))
    expect(await scene.count(id, 't')).toEqual({
      status: 'completed',
      read: 100,
      loaded: 100 - everyCode.length,
      failed: everyCode.length,
      filtered: 0,
    })
    const leaked = await scene.rows(`select 1 from migration.errors x
      where x.migration_id = '${id}' and (x::text ~ 'much too long|shout\\(|ud800|\\[\\[\\[' or x.error_message ~ 'no$')`)
    expect(leaked).toEqual([])
  })

  test('all of them: the entity stops, and nothing of the batch is written', async () => {
    const name = 'stops'
    const rows = `select n, 'x' || n from generate_series(1, 60) n`
    const told = {
      name,
      source: `create table t (id integer primary key, x text); insert into t ${rows};
        update t set x = id where id <= 20`,
      entities: [
        entity(`${name}.t`, {
          columns: { legacy: 'id', x: cast('x', 'integer') },
          refusals: { rows: 5, share: 0.3 },
        }),
      ],
      lanes: 1,
      batchRows: 10,
    }
    await scene.prepare(told)
    const id = await scene.begin(told)
    await ended(scene.targetUrl, id)
    expect(await scene.state(id)).toEqual({
      status: 'failed',
      code: 'entity_failed',
      errors: ['refusals_exceeded'],
    })
    expect(await scene.count(id, 't')).toMatchObject({
      status: 'failed',
      read: 20,
      loaded: 20,
      failed: 0,
    })
    expect(await scene.letters(id, 't')).toEqual([])
    const events = `select event_type, data ->> 'entity' from migration.events
      where migration_id = '${id}' and event_type = 'error_threshold'`
    expect(await scene.rows(events)).toEqual([`error_threshold ${name}.t`])
    const maps = `select count(*) from migration.mappings where source_table = '${name}.t'`
    expect(await scene.rows(maps)).toEqual(['20'])
  })

  test('by the server alone, three of ten, scattered and dense', { timeout: 60_000 }, async () => {
    const name = 'poison'
    const id = await scene.move({
      name,
      source: `create table t (id integer primary key, x integer);
        insert into t select n, case when n % 10 in (2, 5, 9) or n between 1001 and 1400 then -1 else n end
          from generate_series(1, 4000) n`,
      target: 'create table t (id uuid primary key, legacy integer, x integer check (x > 0))',
      entities: [
        entity(`${name}.t`, {
          columns: { legacy: 'id', x: 'x' },
          refusals: { rows: 4000, share: 1 },
        }),
      ],
    })
    const poison = 1200 + 400 - 120
    expect(await scene.count(id, 't')).toMatchObject({ loaded: 4000 - poison, failed: poison })
    const letters = await scene.letters(id, 't')
    expect(new Set(letters).size).toBe(poison)
    const [took] = await scene.rows(`select sum(processing_duration_ms)::int from migration.batches
      where migration_id = '${id}' and kind = 'copy'`)
    console.log(`${poison} poison rows of 4000: ${took} ms`)
    expect(Number(took)).toBeLessThan(20_000)
  })
})
