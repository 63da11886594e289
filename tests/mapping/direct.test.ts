/**
 * Entities that are loaded directly: rows, map and counters are those of the staged load of the same plan,
 * whoever dies in between, and what the target refuses is staged after all.
 */
import { describe, expect, test } from 'vitest'
import { assertExactCounters } from '../support/counters.ts'
import { type Dice, dice } from '../support/dice.ts'
import { eventually } from '../support/eventually.ts'
import { type MappedScene, mappedScene, type Told } from './mapped-scene.ts'

const scenes = await Promise.all(Array.from({ length: 6 }, () => mappedScene()))
const [alike, deadly, refusing, taken, busy, ahead] = scenes as [
  MappedScene,
  MappedScene,
  MappedScene,
  MappedScene,
  MappedScene,
  MappedScene,
]
const throws = dice()

/** Keys of every kind that goes directly, references of every kind, in random tables. */
function tables({ between, oneIn }: Dice): string {
  const rows = between(20, 90)
  const maybe = (value: string) =>
    oneIn(3) ? `case when n % ${between(2, 5)} > 0 then ${value} end` : value
  return `
    create type mood as enum ('calm', 'wild');
    create table one (id ${oneIn(2) ? 'integer' : 'bigint'} primary key, name text, mood mood, up bigint references one);
    insert into one select n * ${between(1, 9)} - 30, ${maybe(`chr(9) || 'n\\' || n`)}, ${maybe(`'wild'::mood`)}, null
      from generate_series(1, ${rows}) n;
    update one set up = (select min(id) from one) where id % ${between(2, 5)} = 0;
    create table label (id text primary key, at timestamptz);
    insert into label select case n % 3 when 0 then 'ä ' || n when 1 then E'\\\\n\\n"' || n else n::text end, now()
      from generate_series(1, ${rows}) n;
    create table tagged (id uuid primary key, one integer not null references one, label varchar(40) references label);
    insert into tagged select md5(n::text)::uuid, (select id from one order by id offset n % ${rows} limit 1),
        ${maybe(`(select id from label order by id offset n % ${rows} limit 1)`)} from generate_series(1, ${rows * 2}) n;
    create table pair (one integer references one, tagged uuid references tagged, note text, primary key (one, tagged));
    insert into pair select o.id, t.id, null from one o cross join lateral (select id from tagged where id::text > 'c' order by id limit 2) t;
    create table part (id bigint, day date, one bigint references one, primary key (id, day)) partition by range (day);
    create table part_1 partition of part for values from ('2020-01-01') to ('2020-02-01');
    create table part_2 partition of part default;
    insert into part select n, date '2020-01-20' + n, (select max(id) from one) from generate_series(1, ${rows}) n;
    analyze`
}

const named = ['one', 'label', 'tagged'] as const
const all = [...named, 'pair', 'part'] as const

describe.concurrent('the direct load', { timeout: 120_000 }, () => {
  test(`makes what the staged load makes (FERRY_SEED=${throws.seed})`, async () => {
    for (const round of [0, 1]) {
      const name = `alike_${round}`
      const told = (schema: string): Told => ({
        name,
        source: tables(throws),
        entities: all.map((table) => ({
          source: `${name}.${table}`,
          ...(table === 'part' ? {} : { type: table }),
          ...(table === 'label' || table === 'tagged' ? { id: { strategy: 'uuid' } } : {}),
          ...(table === 'label' && throws.oneIn(2) ? { columns: { name: 'id', at: 'at' } } : {}),
        })),
        lanes: throws.between(1, 3),
        batchRows: throws.between(10, 40),
        more: { ids: 'uuid', rename: { schemas: { [name]: schema } } },
      })
      const first = told(`${name}_direct`)
      const id = await alike.move(first)
      const again = { ...told(`${name}_staged`), entities: first.entities }
      const rows = (schema: string) =>
        Promise.all(
          all.map((table) =>
            alike.rows(`select t::text from ${schema}.${table} t order by t::text collate "C"`),
          ),
        )
      const map = () =>
        alike.rows(`select source_table, source_id, destination_id, entity_type from migration.mappings
          where source_table like '${name}.%' order by source_table, source_id collate "C"`)
      const recorded = await map()
      expect(await isDirect(alike, id)).toEqual([
        'label true true',
        'one true true',
        'pair true -',
        'part true -',
        'tagged true true',
      ])
      const staged = await alike.begin(again)
      await ended(alike, staged)
      // The map is not empty any more.
      expect(await isDirect(alike, staged)).toEqual([
        'label true -',
        'one true -',
        'pair true -',
        'part true -',
        'tagged true -',
      ])
      expect(await rows(`${name}_direct`)).toEqual(await rows(`${name}_staged`))
      expect(recorded).toEqual(await map())
      expect(recorded.length).toBeGreaterThan(60)
      for (const table of all)
        expect(await alike.count(id, table)).toEqual(await alike.count(staged, table))
      await assertExactCounters(alike.targetUrl, id)
    }
  })

  test('loses and doubles nothing where functions die between rows and map', async () => {
    const { prepare, begin, project } = deadly
    const told = { ...small('deadly'), batchRows: 7, lanes: 2 }
    await prepare(told)
    project.setSecret('FERRY_FAILPOINTS', 'direct.rows=exit@2')
    const id = await begin(told)
    const deaths = `select 1 from migration.batches where migration_id = '${id}' having sum(deaths) > 1`
    await swept(deadly, async () => (await deadly.rows(deaths)).length > 0)
    project.setSecret('FERRY_FAILPOINTS', '')
    await ended(deadly, id)
    expect(
      await deadly.rows('select count(*), count(distinct id), sum(legacy) from deadly_new.c'),
    ).toEqual(['60 60 1830'])
    expect(await lost(deadly, 'deadly')).toEqual([])
    await assertExactCounters(deadly.targetUrl, id)
  })

  test('gives way to the stage where the target refuses a row', async () => {
    const id = await beginHeld(refusing, small('refusing'))
    await refusing.target`alter table refusing_new.c add constraint odd check (legacy <> 7)`
    await ended(refusing, id)
    expect(await refusing.letters(id, 'c')).toEqual(['7 constraint_violated'])
    expect(await refusing.count(id, 'c')).toMatchObject({ read: 60, loaded: 59, failed: 1 })
    expect(await lost(refusing, 'refusing')).toEqual([])
    expect((await refusing.state(id)).errors).toContain('target_constraint_violated')
  })

  test('goes ahead of the parents, and behind them once it is staged', async () => {
    const { target, rows, project } = ahead
    const told = { ...small('ahead'), lanes: 2 }
    await ahead.prepare(told)
    project.setSecret('FERRY_FAILPOINTS', 'copy.claimed=hold:3000@1')
    const id = await ahead.begin(told)
    const open = () =>
      rows(`select split_part(e.entity_name, '.', 2), b.status, b.not_before = 'infinity', coalesce(b.task ->> 'staged', '-')
        from migration.batches b join migration.entity_statuses e on e.id = b.entity_status_id
       where b.migration_id = '${id}' and b.kind = 'copy' and b.status <> 'completed' order by 1`)
    await swept(ahead, async () => (await open()).join().includes('c processing'))
    await target`alter table ahead_new.c add constraint odd check (legacy <> 7)`
    const lock = await target.reserve()
    await lock`begin`
    await lock`lock table ahead_new.p`
    project.setSecret('FERRY_FAILPOINTS', '')
    await swept(ahead, async () => (await open()).includes('c retrying true true'))
    await lock`commit`
    lock.release()
    await ended(ahead, id)
    expect(await ahead.letters(id, 'c')).toEqual(['7 constraint_violated'])
    expect(await ahead.count(id, 'c')).toMatchObject({ loaded: 59, failed: 1 })
  })

  test('gives way to the stage where the map has a row already', async () => {
    const id = await beginHeld(taken, small('taken'))
    await taken.target`
      insert into migration.id_map select m.id, '9', gen_random_uuid(), 0, 'c' from migration.map_entities m
       where m.source_table = 'taken.c'`
    await ended(taken, id)
    expect(await taken.letters(id, 'c')).toEqual([])
    expect(await lost(taken, 'taken')).toEqual([])
    await assertExactCounters(taken.targetUrl, id)
  })

  test('never ends well where a child came after its parents were copied', async () => {
    const told = small('busy')
    const id = await beginHeld(busy, told)
    await busy.source.unsafe(
      'insert into busy.p values (1000); insert into busy.c values (1000, 1000)',
    )
    await swept(busy, async () => (await busy.state(id)).status !== 'running')
    expect(await busy.state(id)).toMatchObject({ status: 'failed', code: 'step_failed' })
    expect(await busy.count(id, 'c')).toMatchObject({ loaded: 61 })
  })
})

const small = (name: string): Told => ({
  name,
  source: `create table p (id integer primary key); insert into p select generate_series(1, 10);
    create table c (id integer primary key, p integer references p); insert into c select n, 1 + n % 10 from generate_series(1, 60) n`,
  entities: [
    { source: `${name}.p`, id: { strategy: 'uuid' } },
    {
      source: `${name}.c`,
      id: { strategy: 'uuid' },
      columns: { legacy: 'id', p: { op: 'reference', to: `${name}.p`, of: 'p' } },
    },
  ],
  lanes: 1,
})

/** Begins, and comes back when the parents are in and the first batch of the children is about to be. */
async function beginHeld(scene: MappedScene, told: Told): Promise<string> {
  await scene.prepare(told)
  scene.project.setSecret('FERRY_FAILPOINTS', 'copy.claimed=hold:4000@2')
  const id = await scene.begin(told)
  await eventually(
    async () => {
      const held = await scene.rows(`select e.entity_name from migration.batches b
        join migration.entity_statuses e on e.id = b.entity_status_id
        where b.migration_id = '${id}' and b.status = 'processing'`)
      if (held[0] === `${told.name}.c`) return true
      throw new Error(JSON.stringify(held))
    },
    { what: 'the children', within: 20_000, every: 20 },
  )
  scene.project.setSecret('FERRY_FAILPOINTS', '')
  return id
}

const ended = async (scene: MappedScene, id: string) => {
  await swept(scene, async () => (await scene.state(id)).status !== 'running')
  expect(await scene.state(id)).toMatchObject({ status: 'completed' })
}

/** Sweeps, as cron does, until something is so. */
function swept(scene: MappedScene, isSo: () => Promise<boolean>): Promise<boolean> {
  const look = async () => {
    await scene.target`select migration.watchdog()`
    if (await isSo()) return true
    throw new Error('not yet')
  }
  return eventually(look, { what: 'what is waited for', within: 60_000, every: 100 })
}

/** Of each entity whether it is compiled to go directly, and whether the migration found its map empty. */
const isDirect = (scene: MappedScene, id: string) =>
  scene.rows(`select split_part(e.entity_name, '.', 2), e.definition ? 'direct',
      (select true from migration.map_entities m where m.source_table = e.entity_name and m.begun_empty_by = e.migration_id)
    from migration.entity_statuses e where e.migration_id = '${id}' order by 1`)

/** Children without their entry in the map, and entries without a child. */
const lost = (scene: MappedScene, name: string) =>
  scene.rows(`select c.legacy, m.source_id from ${name}_new.c c
    full join (select * from migration.mappings where source_table = '${name}.c') m on m.destination_id = c.id
    where m.source_id is distinct from c.legacy::text`)
