/** Strategy timestamp: what a window of times sees, and what must not mislead it. */
import postgres, { type Sql } from 'postgres'
import { afterAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { syncScene } from './scene.ts'

const scene = await syncScene({ ownServers: true })
const { source } = scene
/** Sessions of an application, each with a transaction of its own. */
const sessions: Sql[] = []
afterAll(() => Promise.all(sessions.map((sql) => sql.end())))

const table = `create table item (id int primary key, body text, updated_at timestamptz);
  create index on item (updated_at)`

/** Without an overlap, so that the horizon alone keeps what comes late. */
function follow(name: string, rows: string, batchRows = 2000) {
  return scene.follow({
    name,
    source: `${table}; ${rows}`,
    entities: [{ source: `${name}.item`, sync: { strategy: 'timestamp', column: 'updated_at' } }],
    sync: { overlap_seconds: 0 },
    batchRows,
  })
}

const equal = async (name: string) => {
  const { source: here, target: there } = await scene.both(
    name,
    'select id, body, updated_at::text from {schema}.item order by id',
  )
  expect(there).toEqual(here)
}

function session(): Sql {
  const sql = postgres(scene.sourceUrl, { max: 1, onnotice: () => undefined })
  sessions.push(sql)
  return sql
}

describe('a window of times', () => {
  test('brings inserts and updates, and counts them', async () => {
    const id = await follow(
      't_plain',
      'insert into item select g, g::text, now() from generate_series(1, 50) g',
    )
    await equal('t_plain')
    expect((await scene.sweep(id)).did).toEqual({})
    await source`insert into t_plain.item select g, 'new', now() from generate_series(51, 60) g`
    await source`update t_plain.item set body = 'changed', updated_at = now() where id <= 5`
    expect((await scene.sweep(id)).did).toEqual({ item: '10 5 0 0' })
    await equal('t_plain')
    expect((await scene.sweep(id)).did).toEqual({})
  })

  test('does not lose a row whose transaction commits after a later time was read', async () => {
    const id = await follow('t_late', `insert into item values (1, 'a', now())`)
    const slow = session()
    await slow`begin`
    await slow`insert into t_late.item values (2, 'slow', now())`
    await source`insert into t_late.item values (3, 'quick', now())`
    await scene.sweep(id)
    await slow`commit`
    await scene.sweep(id)
    await equal('t_late')
  })

  test('waits for a prepared transaction', async () => {
    const id = await follow('t_prepared', `insert into item values (1, 'a', now())`)
    const owner = session()
    await owner`begin`
    await owner`insert into t_prepared.item values (2, 'prepared', now())`
    await owner`prepare transaction 't_prepared'`
    await source`insert into t_prepared.item values (3, 'quick', now())`
    await scene.sweep(id)
    await scene.sweep(id)
    await owner`commit prepared 't_prepared'`
    await scene.sweep(id)
    await equal('t_prepared')
  })

  test('takes the newest version, though its time is the older one', async () => {
    const id = await follow('t_back', `insert into item values (1, 'a', now())`)
    const old = session()
    await old`begin`
    await old`select now()`
    await source`update t_back.item set body = 'first', updated_at = now() where id = 1`
    await old`update t_back.item set body = 'last', updated_at = now() where id = 1`
    await scene.sweep(id)
    await old`commit`
    await scene.sweep(id)
    await equal('t_back')
    expect((await scene.both('t_back', 'select body from {schema}.item')).target).toEqual(['last'])
  })

  test('is not misled by times that say nothing', async () => {
    const id = await follow('t_odd', `insert into item values (1, 'a', now())`)
    await source`insert into t_odd.item values (2, 'null', null), (3, 'far', '2099-01-01'), (4, 'never', 'infinity'),
      (5, 'ever', '-infinity'), (6, 'usual', now())`
    await scene.sweep(id)
    await source`insert into t_odd.item values (7, 'usual', now())`
    await source`update t_odd.item set body = 'null again' where id = 2`
    await source`update t_odd.item set body = 'far again' where id = 3`
    await scene.sweep(id)
    const { target } = await scene.both('t_odd', 'select id, body from {schema}.item order by id')
    // -infinity lies before every window: that is for a comparison of rows to find
    expect(target).toEqual(['1 a', '2 null again', '3 far again', '4 never', '6 usual', '7 usual'])
    await scene.sweep(id, 'hash')
    await equal('t_odd')
  })

  test('goes through ten thousand rows of one time, a hundred at a time', async () => {
    const id = await follow('t_same', '', 10)
    await source`insert into t_same.item select g, 'same', '2026-01-01 10:00:00.000001+00' from generate_series(1, 10000) g`
    await source`update t_same.item set updated_at = now()`
    expect((await scene.sweep(id)).did).toEqual({ item: '10000 0 0 0' })
    await equal('t_same')
  })

  test('tells times apart by the microsecond', async () => {
    const id = await follow('t_micro', `insert into item values (1, 'a', now())`)
    await source`insert into t_micro.item select 1 + g, 'b', now() + g * interval '1 microsecond' from generate_series(1, 2) g`
    const swept = await scene.sweep(id)
    expect(swept.did).toEqual({ item: '2 0 0 0' })
    await equal('t_micro')
  })

  test('meets a row whose key moves behind the cursor with the next sweep', async () => {
    const id = await scene.follow({
      name: 't_moved',
      source: table,
      entities: [{ source: 't_moved.item', sync: { strategy: 'timestamp', column: 'updated_at' } }],
      lanes: 1,
      batchRows: 1,
    })
    await source`insert into t_moved.item select g, 'v', now() from generate_series(1, 100) g`
    await scene.project.setSecret('FERRY_FAILPOINTS', 'sync.carved=hold:2000@3')
    const sweeping = scene.sweep(id)
    await eventually(
      async () => {
        const rows = await scene.target`
          select from migration.batches where migration_id = ${id} and kind = 'sync' and status = 'completed'`
        return rows.length >= 2
      },
      { what: 'two batches', within: 20_000, every: 20 },
    )
    await source`update t_moved.item set id = -5 where id = 95`
    void scene.project.setSecret('FERRY_FAILPOINTS', '')
    expect((await sweeping).did).toEqual({ item: '99 0 0 0' })
    expect((await scene.sweep(id)).did).toEqual({ item: '1 0 0 0' })
    await equal('t_moved')
  })
})
