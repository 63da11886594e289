/** Sweeps that compare: whatever happened at the source, the target has it, and nothing else. */
import { describe, expect, test } from 'vitest'
import { syncScene } from './reconcile-scene.ts'

const scene = await syncScene()

describe.concurrent('a sweep that compares', () => {
  test('brings over what a plain table has seen, deletes included', async () => {
    const name = 'rec_plain'
    const id = await scene.follow({
      name,
      source: `create table t (id integer primary key, x text);
        insert into t select n, 'x' || n from generate_series(1, 50) n`,
      entities: '*',
    })
    await scene.write(
      name,
      `delete from t where id <= 3; update t set x = 'silent' where id = 10; update t set id = 1005 where id = 5;
       insert into t values (60, 'new'); delete from t where id = 20; insert into t values (20, 'again')`,
    )
    const sweep = await scene.sweep(id, 'hash')
    expect(sweep.status).toBe('completed')
    await scene.alike(name, 'select id, x from %s.t order by id')
    expect(await sweep.counts()).toEqual([2, 2, 4, 0, 0])
    expect(await (await scene.sweep(id, 'hash')).counts()).toEqual([0, 0, 0, 0, 0])
  })
})
