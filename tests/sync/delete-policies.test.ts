/** What a plan has done with rows that are gone: marked, told of, taken away, and only so many at once. */
import { describe, expect, test } from 'vitest'
import { goneRows, plain } from './gone-rows.ts'
import { syncScene } from './reconcile-scene.ts'

const scene = await syncScene()

const { rows, errors } = goneRows(scene)

describe.concurrent('a plan about rows that are gone', { timeout: 120_000 }, () => {
  test('are marked, once, until they come back', async () => {
    const name = 'gone_marked'
    const told = plain(name)
    await scene.prepare({
      ...told,
      target: 'create table t (id integer primary key, x text, gone_at timestamptz)',
    })
    const id = await scene.beginOver(told, { deletes: 'mark' }, { mark: 'gone_at' })
    await scene.write(name, 'delete from t where id <= 2')
    expect(await (await scene.sweep(id, 'hash')).counts()).toEqual([0, 0, 0, 2, 0])
    const marked = `select id from ${name}_new.t where gone_at is not null order by 1`
    expect(await scene.rows(marked)).toEqual(['1', '2'])
    await scene.verify(id)
    expect(await (await scene.sweep(id, 'hash')).counts()).toEqual([0, 0, 0, 0, 0])
    await scene.write(name, `insert into t values (1, 'x1')`)
    await scene.sweep(id, 'hash')
    expect(await scene.rows(marked)).toEqual(['2'])
    expect(await scene.count(id, 't')).toMatchObject({ loaded: 20 })
  })

  test('are told of, once, where the plan only reports them', async () => {
    const name = 'gone_reported'
    const id = await scene.follow(plain(name), { deletes: 'report' })
    await scene.write(name, 'delete from t where id <= 2')
    for (const _ of [1, 2]) {
      expect(await (await scene.sweep(id, 'hash')).counts()).toEqual([0, 0, 0, 0, 0])
      expect(await errors(id, 'row_gone')).toEqual(['1 open - -', '2 open - -'])
    }
    expect(await rows(name)).toHaveLength(20)
    await scene.write(name, `insert into t values (1, 'again')`)
    await scene.sweep(id, 'hash')
    expect(await scene.gone(id)).toEqual(['2 reported'])
    expect(await errors(id, 'row_gone')).toEqual(['1 superseded - -', '2 open - -'])
    await scene.write(name, 'delete from t where id = 1')
    await scene.sweep(id, 'hash')
    expect(await scene.gone(id)).toEqual(['1 reported', '2 reported'])
    expect(await errors(id, 'row_gone')).toHaveLength(3)
  })

  test('wait for a word where they are too many: a table that was truncated', async () => {
    const name = 'gone_limit'
    const limit = { delete_limit: { rows: 5, share: 0.5 } }
    const id = await scene.follow(
      plain(name, 'create table u (id integer primary key); insert into u select id from t'),
      limit,
    )
    await scene.write(name, 'truncate t; delete from u where id = 1')
    const sweep = await scene.sweep(id, 'hash')
    expect(sweep.status).toBe('deletes_exceeded')
    expect(await rows(name)).toHaveLength(20)
    expect(await rows(name, 'u')).toHaveLength(19)
    const halted = `select halted_code, halted_reason from migration.sync_states where migration_id = '${id}'`
    expect(await scene.rows(halted)).toEqual([
      `deletes_exceeded The source has lost 20 of 20 rows of ${name}.t: more than the plan lets go at once.`,
    ])
    await expect(scene.begins(id, 'changes', { allow_deletes: true })).rejects.toThrow('halted')
    await scene.target`update migration.sync_states set halted_at = null, halted_code = null, halted_reason = null where migration_id = ${id}`
    await scene.sweep(id, 'changes', { allow_deletes: true })
    expect(await rows(name)).toEqual([])
  })

  test('wait for a word where nothing tells them apart, too', async () => {
    const name = 'gone_keyless'
    const id = await scene.follow(
      {
        name,
        source: `create table t (id integer); insert into t select generate_series(1, 20)`,
        entities: '*',
      },
      { delete_limit: { rows: 5, share: 0.5 } },
    )
    await scene.write(name, 'truncate t')
    expect((await scene.sweep(id, 'hash')).status).toBe('deletes_exceeded')
    expect(await rows(name)).toHaveLength(20)
    await scene.target`update migration.sync_states set halted_at = null, halted_code = null, halted_reason = null where migration_id = ${id}`
    await scene.sweep(id, 'hash', { allow_deletes: true })
    expect(await rows(name)).toEqual([])
  })

  test('wait for a word where each part of a large table loses less than the plan allows', async () => {
    const name = 'gone_parts'
    const id = await scene.follow(
      {
        name,
        source: `create table t (id integer); insert into t select generate_series(1, 3000)`,
        entities: '*',
      },
      { delete_limit: { rows: 5, share: 0.0001 } },
    )
    // So many rows are compared in five parts, of which each loses a fifth of what the share allows at most.
    await scene.target`update migration.entity_statuses set records_processed = 10000000, records_read = 10000000, records_total = 10000000
      where migration_id = ${id}`
    await scene.write(name, 'truncate t')
    expect((await scene.sweep(id, 'hash')).status).toBe('deletes_exceeded')
    expect(await rows(name)).toHaveLength(3000)
  })

  test('of mapped tables are marked where their key tells of nothing else', async () => {
    const name = 'gone_mapped_mark'
    const told = {
      name,
      source: `create table t (a integer, b text, x text, at timestamptz not null default '2020-01-01', primary key (a, b));
        insert into t select n, 'b' || n, 'x' from generate_series(1, 9) n`,
      target: `create table t (id uuid primary key, a integer, x text, is_gone boolean not null default false)`,
      entities: [
        {
          source: `${name}.t`,
          id: { strategy: 'uuid' },
          columns: { a: 'a', x: 'x' },
          sync: { strategy: 'timestamp', column: 'at', deletes: 'mark', mark: 'is_gone' },
        },
      ],
    }
    const id = await scene.follow(told)
    await scene.write(name, `delete from t where a in (2, 4)`)
    expect(await (await scene.sweep(id, 'deletes')).counts()).toEqual([0, 0, 0, 2, 0])
    expect(await (await scene.sweep(id, 'deletes')).counts()).toEqual([0, 0, 0, 0, 0])
    await scene.verify(id)
    await scene.write(name, `insert into t values (4, 'b4', 'y', '2020-01-01')`)
    await scene.sweep(id, 'deletes')
    expect(
      await scene.rows(`select a, x, is_gone from ${name}_new.t where a in (2, 4) order by 1`),
    ).toEqual(['2 x true', '4 y false'])
  })

  test('of refused rows go where the plan says so, though the source has them', async () => {
    const name = 'gone_invalid'
    const told = {
      name,
      source: `create table t (id integer primary key, x text); insert into t select n, n::text from generate_series(1, 9) n`,
      entities: [
        {
          source: `${name}.t`,
          id: { strategy: 'uuid' },
          columns: { legacy: 'id', x: { op: 'cast', of: 'x', to: 'integer' } },
        },
      ],
    }
    const id = await scene.follow(told, { invalid: 'delete' })
    await scene.write(name, `update t set x = 'bad' where id = 4`)
    const sweep = await scene.sweep(id, 'hash')
    expect(await sweep.counts()).toEqual([0, 0, 1, 0, 1])
    expect(await scene.rows(`select legacy from ${name}_new.t order by 1`)).toEqual([
      '1',
      '2',
      '3',
      '5',
      '6',
      '7',
      '8',
      '9',
    ])
    expect(await scene.letters(id, 't')).toEqual(['4 value_invalid'])
    expect(await scene.count(id, 't')).toMatchObject({ loaded: 8, failed: 1 })
    await scene.write(name, `update t set x = '4' where id = 4`)
    expect(await (await scene.sweep(id, 'hash')).counts()).toEqual([1, 0, 0, 0, 0])
    expect(await scene.letters(id, 't')).toEqual([])
  })
})
