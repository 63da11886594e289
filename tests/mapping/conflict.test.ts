/** Rows that the target has already: the plan is refused, they are left alone, or they are overwritten. */
import { describe, expect, test } from 'vitest'
import { entityNamespace, nameUuid } from '../../shared/projection/name-uuid.ts'
import { mappedScene } from './mapped-scene.ts'

const scene = await mappedScene()

/** The UUID of a row. */
const idOf = (name: string, key: string) =>
  nameUuid(entityNamespace(name.replaceAll('_', '-'), `${name}.t`), key)

const told = (name: string, conflict: string, more: object = {}) => ({
  name,
  source: `create table t (id integer primary key, x text, y integer);
    insert into t values (1, 'a', 10), (2, 'b', 20), (3, 'c', 30), (4, 'd', 40);
    create table c (id integer primary key, t integer); insert into c select id, id from t`,
  target: `create table t (id uuid primary key, x text unique, y integer check (y <> 30), note text default 'new', gone text);
    alter table t drop column gone; alter table t add column seen integer generated always as (y + 1) stored;
    insert into t (id, x, y, note) values ('${idOf(name, '2')}', 'old', 2, 'hers'), ('${idOf(name, '3')}', 'old 3', 3, 'hers'),
      (gen_random_uuid(), 'other', 0, 'hers')`,
  entities: [
    {
      source: `${name}.t`,
      id: { strategy: 'uuid' },
      columns: { x: 'x', y: 'y' },
      conflict,
      ...more,
    },
    {
      source: `${name}.c`,
      id: { strategy: 'uuid' },
      columns: { legacy: 'id', t_id: { op: 'reference', to: `${name}.t`, of: 't' } },
    },
  ],
})
const there = (name: string) => scene.rows(`select x, y, seen, note from ${name}_new.t order by x`)
const children = (name: string) =>
  scene.rows(
    `select c.legacy, t.x from ${name}_new.c join ${name}_new.t on t.id = c.t_id order by 1`,
  )
const origins = (name: string) =>
  scene.rows(`select source_id, mapping_metadata ->> 'origin' from migration.mappings
    where source_table = '${name}.t' order by 1`)

describe.concurrent('rows that the target has', { timeout: 60_000 }, () => {
  test('let no migration begin that is not told what to do', async () => {
    const plan = told('fails', 'fail')
    await scene.prepare(plan)
    await expect(scene.begin(plan)).rejects.toThrow('target_not_empty')
    expect(await there('fails')).toHaveLength(3)
  })

  test('are left alone, and children find them', async () => {
    const name = 'ignored'
    const id = await scene.move(told(name, 'ignore'))
    expect(await there(name)).toEqual([
      'a 10 11 new',
      'd 40 41 new',
      'old 2 3 hers',
      'old 3 3 4 hers',
      'other 0 1 hers',
    ])
    expect(await origins(name)).toEqual(['1 created', '2 found', '3 found', '4 created'])
    expect(await scene.count(id, 't')).toMatchObject({ read: 4, loaded: 2, failed: 0, filtered: 2 })
    expect(await children(name)).toEqual(['1 a', '2 old', '3 old 3', '4 d'])
  })

  test.each([1, 100])(
    'are overwritten where they may be, and kept as they were, in batches of %i',
    async (batchRows) => {
      const name = `updated_${batchRows}`
      const id = await scene.move({ ...told(name, 'update'), batchRows })
      expect(await there(name)).toEqual([
        'a 10 11 new',
        'b 20 21 hers',
        'd 40 41 new',
        'old 3 3 4 hers',
        'other 0 1 hers',
      ])
      expect(await scene.letters(id, 't')).toEqual(['3 constraint_violated'])
      expect(await origins(name)).toEqual(['1 created', '2 overwritten', '4 created'])
      expect(await scene.count(id, 't')).toMatchObject({
        read: 4,
        loaded: 3,
        failed: 1,
        filtered: 0,
      })
      const images = `select b.source_key, (b.image::${name}_new.t).x, (b.image::${name}_new.t).note from migration.before_images b
        join migration.loads l on l.id = b.load_id where l.migration_id = '${id}' order by 1`
      expect(await scene.rows(images)).toEqual(['2 old hers', '3 old 3 hers'])
    },
  )

  test('exchange unique values in one batch, by a rule and without one', async () => {
    const name = 'exchange'
    const unique = { rule: 'unique', columns: ['x'], severity: 'reject' }
    const at = (of: string) =>
      `create table ${of} (id integer primary key, x text); insert into ${of} values (1, 'b'), (2, 'c'), (3, 'a')`
    const target = (of: string) =>
      `create table ${of} (id integer primary key, x text unique, note text);
       insert into ${of} values (1, 'a', 'hers'), (2, 'b', 'hers'), (3, 'c', 'hers'), (4, 'd', 'hers')`
    const kept = { id: { strategy: 'preserve' }, columns: { id: 'id', x: 'x' }, conflict: 'update' }
    const id = await scene.move({
      name,
      source: `${at('t')}; ${at('u')}`,
      target: `${target('t')}; ${target('u')}`,
      entities: [
        { source: `${name}.t`, ...kept },
        { source: `${name}.u`, ...kept, rules: [unique] },
      ],
    })
    for (const of of ['t', 'u']) {
      const rows = await scene.rows(`select id, x, note from ${name}_new.${of} order by 1`)
      expect(rows).toEqual(['1 b hers', '2 c hers', '3 a hers', '4 d hers'])
      expect(await scene.count(id, of)).toMatchObject({ loaded: 3, failed: 0 })
    }
  })
})
