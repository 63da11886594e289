/** The same source into the same target again: rows keep their ids, and nothing is there twice. */
import { expect, test } from 'vitest'
import { ended } from '../fidelity/move.ts'
import { mappedScene } from './mapped-scene.ts'

const scene = await mappedScene()

const plan = (name: string, conflict: object) => ({
  name,
  source: `create table p (id integer primary key, x text, code text); insert into p
      select n, n::text, 'code ' || n from generate_series(1, 50) n;
    create table c (id integer primary key, p integer, up integer);
    insert into c select n, n, nullif(n - 1, 0) from generate_series(1, 50) n;
    update p set x = 'bad' where id = 7`,
  entities: [
    {
      source: `${name}.p`,
      id: { strategy: 'uuid' },
      columns: { legacy: 'id', x: { op: 'cast', of: 'x', to: 'integer' }, code: 'code' },
      rules: [{ rule: 'unique', columns: ['code'], severity: 'reject' }],
      ...conflict,
    },
    {
      source: `${name}.c`,
      id: { strategy: 'uuid' },
      columns: {
        legacy: 'id',
        p_id: { op: 'reference', to: `${name}.p`, of: 'p' },
        up_id: { op: 'reference', to: `${name}.c`, of: 'up', missing: 'null' },
      },
      ...conflict,
    },
  ],
  lanes: 3,
  batchRows: 20,
})
const again = async (told: ReturnType<typeof plan>) => {
  const id = await scene.begin(told)
  await ended(scene.targetUrl, id)
  expect(await scene.state(id)).toMatchObject({ status: 'completed', errors: [] })
  return id
}
const ids = (name: string, of: string) =>
  scene.rows(`select legacy, id from ${name}_new.${of} order by 1`)
const maps = (name: string) =>
  scene.rows(`select e.source_table, count(*), count(distinct m.target_id) from migration.id_map m
    join migration.map_entities e on e.id = m.map_entity_id where e.source_table like '${name}.%' group by 1 order by 1`)

test.concurrent('a second migration that overwrites', { timeout: 60_000 }, async () => {
  const name = 'overwriting'
  const first = await scene.move(plan(name, {}))
  expect(await scene.letters(first, 'p')).toEqual(['7 value_invalid'])
  expect(await scene.letters(first, 'c')).toEqual(['7 reference_missing'])
  const before = { p: await ids(name, 'p'), c: await ids(name, 'c') }
  expect(await maps(name)).toEqual([`${name}.c 49 49`, `${name}.p 49 49`])
  // mended, added, gone, changed, exchanged, and one that is refused by now
  await scene.source.unsafe(`update ${name}.p set x = 7 where id = 7;
    insert into ${name}.p values (51, '51', 'code 51'); delete from ${name}.c where id in (40, 41); delete from ${name}.p where id = 40;
    update ${name}.p set x = 1000 where id = 1; update ${name}.p set code = 'code ' || (case id when 2 then 3 else 2 end) where id in (2, 3);
    update ${name}.p set x = 'bad' where id = 20`)
  const second = await again(plan(name, { conflict: 'update' }))
  expect(await scene.letters(second, 'p')).toEqual(['20 value_invalid'])
  expect(await scene.letters(second, 'c')).toEqual([])
  const counts = { status: 'completed', failed: 1, filtered: 0 }
  expect(await scene.count(second, 'p')).toEqual({ ...counts, read: 50, loaded: 49 })
  expect(await scene.count(second, 'c')).toEqual({ ...counts, failed: 0, read: 48, loaded: 48 })
  for (const of of ['p', 'c'] as const)
    expect(await ids(name, of)).toEqual(expect.arrayContaining(before[of]))
  expect(await maps(name)).toEqual([`${name}.c 50 50`, `${name}.p 51 51`])
  const changed = `select legacy, x, code from ${name}_new.p where legacy in (1, 2, 3, 7, 20, 40, 51) order by 1`
  expect(await scene.rows(changed)).toEqual([
    '1 1000 code 1',
    '2 2 code 3',
    '3 3 code 2',
    '7 7 code 7',
    '20 20 code 20',
    '40 40 code 40',
    '51 51 code 51',
  ])
  const images = `select count(*), min((b.image::${name}_new.p).x) filter (where b.source_key = '1') from migration.before_images b
    join migration.loads l on l.id = b.load_id where l.migration_id = '${second}' and b.target_table = '${name}_new.p'`
  expect(await scene.rows(images)).toEqual(['47 1'])
})

test.concurrent('a second migration that leaves alone what is there', {
  timeout: 60_000,
}, async () => {
  const name = 'leaving'
  await scene.move(plan(name, {}))
  const before = await ids(name, 'p')
  await scene.source.unsafe(
    `update ${name}.p set x = '7' where id = 7; update ${name}.p set x = '1000' where id = 1`,
  )
  const second = await again(plan(name, { conflict: 'ignore' }))
  expect(await scene.count(second, 'p')).toMatchObject({
    read: 50,
    loaded: 1,
    failed: 0,
    filtered: 49,
  })
  expect(await scene.count(second, 'c')).toMatchObject({
    read: 50,
    loaded: 1,
    failed: 0,
    filtered: 49,
  })
  expect(await ids(name, 'p')).toEqual(expect.arrayContaining(before))
  expect(await scene.rows(`select x from ${name}_new.p where legacy = 1`)).toEqual(['1'])
  expect(await maps(name)).toEqual([`${name}.c 50 50`, `${name}.p 50 50`])
})
