/** Rows that are read again, where the plan leaves rows out late or overwrites those that were there. */
import { expect, test } from 'vitest'
import { entityNamespace, nameUuid } from '../../shared/projection/name-uuid.ts'
import { eventually } from '../support/eventually.ts'
import { mappedScene } from './mapped-scene.ts'

const scene = await mappedScene()

/** Passes of a migration in order, when there are so many and all have ended. */
const passes = (id: string, count: number) =>
  eventually(
    async () => {
      const found = await scene.rows(`select kind, status from migration.verifications
        where migration_id = '${id}' order by started_at`)
      if (found.length === count && !found.some((each) => each.endsWith('running'))) return found
      throw new Error(JSON.stringify([found, await scene.state(id)]))
    },
    { what: `${count} passes`, within: 30_000, every: 100 },
  )

test.concurrent('a repair makes overwritten rows anew', { timeout: 60_000 }, async () => {
  const name = 'mending'
  const idOf = (key: number) => nameUuid(entityNamespace(name, `${name}.t`), String(key))
  const id = await scene.move({
    name,
    source: `create table t (id integer primary key, x text); insert into t values (1, 'a'), (2, 'b'), (3, 'c')`,
    target: `create table t (id uuid primary key, x text unique, note text not null default 'new');
      insert into t values ('${idOf(2)}', 'old', 'hers'), ('${idOf(3)}', 'old 3', 'hers')`,
    entities: [
      {
        source: `${name}.t`,
        id: { strategy: 'uuid' },
        columns: { x: 'x' },
        conflict: 'update',
        rules: [{ rule: 'length', column: 'x', max: 10, severity: 'reject' }],
      },
    ],
  })
  const there = () => scene.rows(`select x, note from ${name}_new.t order by 1`)
  expect(await there()).toEqual(['a new', 'b hers', 'c hers'])
  await scene.target.unsafe(`update ${name}_new.t set x = x || '!'`)
  await scene.source.unsafe(`update ${name}.t set x = 'refused by now' where id = 3`)
  await scene.control({ action: 'verify', migration_id: id })
  expect(await passes(id, 2)).toEqual(['verify passed', 'verify failed'])
  await scene.control({ action: 'repair', migration_id: id })
  expect((await passes(id, 4)).slice(2)).toEqual(['repair passed', 'verify passed'])
  // Of a row that is refused by now, what was there stays.
  expect(await there()).toEqual(['a new', 'b hers', 'c! hers'])
  expect(await scene.letters(id, 't')).toEqual(['3 length_violated'])
  expect(await scene.count(id, 't')).toMatchObject({ read: 3, loaded: 2, failed: 1 })
})

test.concurrent('a replay leaves out what its parent lacks', { timeout: 60_000 }, async () => {
  const name = 'late_skip'
  const id = await scene.move({
    name,
    source: `create table t (id integer primary key, up integer, x text);
      insert into t values (1, 1, '1'), (2, 9, 'bad'), (3, 2, '3'), (4, 4, '4'), (5, 1, 'bad')`,
    entities: [
      {
        source: `${name}.t`,
        id: { strategy: 'uuid' },
        columns: {
          legacy: 'id',
          x: { op: 'cast', of: 'x', to: 'integer' },
          up_id: { op: 'reference', to: `${name}.t`, of: 'up', missing: 'skip' },
        },
      },
    ],
  })
  expect(await scene.count(id, 't')).toMatchObject({ loaded: 2, failed: 2, filtered: 1 })
  await scene.source.unsafe(`update ${name}.t set x = id`)
  await scene.control({ action: 'replay', migration_id: id })
  expect(await passes(id, 3)).toEqual(['verify passed', 'replay passed', 'verify passed'])
  expect(await scene.count(id, 't')).toMatchObject({ read: 5, loaded: 3, failed: 0, filtered: 2 })
  expect(await scene.rows(`select legacy from ${name}_new.t order by 1`)).toEqual(['1', '4', '5'])
})
