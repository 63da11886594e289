/**
 * Functions that die in the middle of sweeps that compare, and of the batch that takes away what is gone.
 * Every sweep ends as if nobody had died: both sides alike, every change counted once.
 */
import { describe, expect, test } from 'vitest'
import { syncSteps } from '../../shared/platform/failpoint-names.ts'
import { syncScene } from './reconcile-scene.ts'

const points = syncSteps.filter((step) => /^(reconcile|deletes)\./.test(step))

const scene = await syncScene()
const name = 'dying'
/** More than one batch of a mapped table. */
const ROWS = 20_500

const id = await scene.follow({
  name,
  source: `create table m (id integer primary key, x text); create table p (id integer primary key, x text);
    create table k (x text); create table c (id integer primary key, p integer references p);
    insert into m select n, n::text from generate_series(1, ${ROWS}) n; insert into p select n, n::text from generate_series(1, 99) n;
    insert into k select n::text from generate_series(1, 99) n; insert into c select id, id from p`,
  entities: [
    { source: `${name}.m`, id: { strategy: 'uuid' }, columns: { id: 'id', x: 'x' } },
    `${name}.p`,
    `${name}.c`,
    `${name}.k`,
  ].map((each) =>
    typeof each === 'string' ? { source: each } : { ...each, columns: { legacy: 'id', x: 'x' } },
  ),
  batchRows: 10_000,
})

/** What every round does to each table, by its number from 1 on. */
const changes = (round: number) => `
  delete from m where id = ${round}; insert into m values (${ROWS + round}, 'new'); update m set x = 'changed ${round}' where id = 1000;
  delete from c where id = ${round}; delete from p where id = ${round}; insert into p values (${1000 + round}, 'new');
  update p set x = 'changed ${round}' where id = 50; update k set x = 'changed ${round}' where x = '${round}'`

describe('a sweep whose function dies', { timeout: 60_000 }, () => {
  test.each(points.map((point, at) => [point, at + 1] as const))('at %s', async (point, round) => {
    await scene.write(name, changes(round))
    scene.arm(`${point}=exit@1`)
    await scene.begins(id, 'hash')
    await scene.died(id, point)
    scene.project.setSecret('FERRY_FAILPOINTS', '')
    const sweep = await scene.swept(id)
    expect(sweep.status).toBe('completed')
    expect(await sweep.counts('m')).toEqual([1, 1, 1, 0, 0])
    expect(await sweep.counts('p')).toEqual([1, 1, 1, 0, 0])
    expect(await sweep.counts('c')).toEqual([0, 0, 1, 0, 0])
    expect(await sweep.counts('k')).toEqual([1, 0, 1, 0, 0])
    for (const table of ['p', 'c', 'k'])
      await scene.alike(name, `select * from %s.${table} order by 1`)
    const mapped = await scene.rows(
      `select count(*), sum(legacy), md5(string_agg(x, ',' order by legacy)) from ${name}_new.m`,
    )
    const legacy = await scene.source
      .unsafe(`select count(*), sum(id), md5(string_agg(x, ',' order by id)) from ${name}.m`)
      .values()
    expect(mapped).toEqual(legacy.map((row) => row.join(' ')))
    expect(await scene.gone(id)).toEqual([])
    expect(await scene.count(id, 'm')).toMatchObject({ loaded: ROWS })
  })
})
