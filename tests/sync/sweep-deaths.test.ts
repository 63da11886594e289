/** Functions that die in the look of a sweep, or while they bring changes over: it ends as if nobody had. */
import { describe, expect, test } from 'vitest'
import { syncScene } from './reconcile-scene.ts'

const points = [
  'look.claimed',
  'look.read',
  'look.committed',
  'sync.claimed',
  'sync.carved',
  'sync.begun',
  'sync.staged',
  'sync.applied',
  'sync.completed',
  'sync.committed',
] as const

const scene = await syncScene()
const name = 'falling'

const id = await scene.follow({
  name,
  source: `create table m (id integer primary key, x text, updated_at timestamptz); create index on m (updated_at);
    create table p (id integer primary key, x text);
    insert into m select n, n::text, now() from generate_series(1, 99) n; insert into p select n, n::text from generate_series(1, 99) n`,
  entities: [
    {
      source: `${name}.m`,
      id: { strategy: 'uuid' },
      columns: { legacy: 'id', x: 'x', updated_at: 'updated_at' },
      sync: { strategy: 'timestamp', column: 'updated_at' },
    },
    { source: `${name}.p`, sync: { strategy: 'xmin' } },
  ],
  batchRows: 1,
})

/** Of the table with a window three batches, of the other one. */
const changes = (round: number) => `
  insert into m select 100 * ${round} + n, 'new', now() from generate_series(1, 15) n;
  update m set x = 'changed ${round}', updated_at = now() where id between 10 and 19;
  insert into p values (100 * ${round}, 'new'); update p set x = 'changed ${round}' where id = 50`

describe('a sweep whose function dies', { timeout: 60_000 }, () => {
  test.each(points.map((point, at) => [point, at + 1] as const))('at %s', async (point, round) => {
    await scene.write(name, changes(round))
    scene.arm(`${point}=exit@1`)
    await scene.begins(id, 'changes')
    await scene.died(id, point)
    scene.project.setSecret('FERRY_FAILPOINTS', '')
    const sweep = await scene.swept(id)
    expect(sweep.status).toBe('completed')
    expect(await sweep.counts('m')).toEqual([15, 10, 0, 0, 0])
    expect(await sweep.counts('p')).toEqual([1, 1, 0, 0, 0])
    await scene.alike(name, 'select * from %s.p order by 1')
    const mapped = await scene.rows(`select legacy, x, updated_at from ${name}_new.m order by 1`)
    const legacy = await scene.source
      .unsafe(`select id, x, updated_at from ${name}.m order by 1`)
      .values()
    expect(mapped).toEqual(legacy.map((row) => row.join(' ')))
    expect(await scene.count(id, 'm')).toMatchObject({ loaded: 99 + 15 * round, failed: 0 })
  })
})
