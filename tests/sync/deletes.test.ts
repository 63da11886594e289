/** The end of a sweep: what is gone goes together, references respected, and nothing that is not ours. */
import { describe, expect, test } from 'vitest'
import { entityNamespace, nameUuid } from '../../shared/projection/name-uuid.ts'
import { goneRows, plain } from './gone-rows.ts'
import { syncScene } from './reconcile-scene.ts'

const scene = await syncScene()

const { rows, errors } = goneRows(scene)

describe.concurrent('rows that are gone', { timeout: 120_000 }, () => {
  test('are held while a row that stays refers to them', async () => {
    const name = 'gone_held'
    const id = await scene.follow(plain(name))
    // The target's own table: nothing at the source says who refers to whom.
    await scene.target.unsafe(
      `create table ${name}_new.mine (t integer references ${name}_new.t); insert into ${name}_new.mine values (3)`,
    )
    await scene.write(name, 'delete from t where id in (2, 3)')
    const sweep = await scene.sweep(id, 'hash')
    expect(await sweep.counts()).toEqual([0, 0, 1, 0, 0])
    expect(await rows(name)).toHaveLength(19)
    expect(await scene.gone(id)).toEqual(['3 held'])
    expect(await errors(id, 'delete_refused')).toEqual(['3 open mine_t_fkey t'])
    expect(await scene.count(id, 't')).toMatchObject({ loaded: 19, failed: 0 })
    await scene.sweep(id, 'changes')
    expect(await errors(id, 'delete_refused')).toHaveLength(1)
    await scene.target.unsafe(`delete from ${name}_new.mine`)
    expect(await (await scene.sweep(id, 'changes')).counts()).toEqual([0, 0, 1, 0, 0])
    expect(await errors(id, 'delete_refused')).toEqual(['3 gone mine_t_fkey t'])
    expect(await scene.gone(id)).toEqual([])
  })

  test('are held with all that they refer to, and let go when they come back', async () => {
    const name = 'gone_chain'
    const id = await scene.follow({
      name,
      source: `create table a (id integer primary key); create table b (id integer primary key, a integer references a);
        create table c (id integer primary key, b integer references b);
        insert into a select generate_series(1, 9); insert into b select id, id from a; insert into c select id, id from a`,
      entities: '*',
    })
    await scene.target.unsafe(
      `create table ${name}_new.mine (c integer references ${name}_new.c); insert into ${name}_new.mine values (4)`,
    )
    await scene.write(
      name,
      'delete from c where id in (4, 5); delete from b where id in (4, 5); delete from a where id in (4, 5)',
    )
    const sweep = await scene.sweep(id, 'hash')
    expect(await sweep.counts()).toEqual([0, 0, 3, 0, 0])
    for (const table of ['a', 'b', 'c']) expect(await rows(name, table)).toHaveLength(8)
    expect(await scene.gone(id)).toEqual(['4 held', '4 held', '4 held'])
    await scene.write(
      name,
      'insert into a values (4); insert into b values (4, 4); insert into c values (4, 4)',
    )
    await scene.sweep(id, 'hash')
    expect(await scene.gone(id)).toEqual([])
    expect(
      await scene.rows(
        `select count(*) from migration.errors where migration_id = '${id}' and not is_resolved`,
      ),
    ).toEqual(['0'])
  })

  test('go together where they refer to each other in a circle', async () => {
    const name = 'gone_circle'
    const id = await scene.follow({
      name,
      source: `create table users (id integer primary key, office integer); create table offices (id integer primary key, doctor integer);
        create table doctors (id integer primary key, u integer);
        insert into users select n, n from generate_series(1, 9) n; insert into offices select n, n from generate_series(1, 9) n;
        insert into doctors select n, n from generate_series(1, 9) n;
        alter table users add foreign key (office) references offices; alter table offices add foreign key (doctor) references doctors;
        alter table doctors add foreign key (u) references users`,
      entities: '*',
    })
    await scene.write(
      name,
      `update users set office = null where id = 5; delete from offices where id = 5; delete from doctors where id = 5; delete from users where id = 5`,
    )
    const sweep = await scene.sweep(id, 'hash')
    expect(sweep.status).toBe('completed')
    expect(await sweep.counts()).toEqual([0, 0, 3, 0, 0])
    expect(await scene.gone(id)).toEqual([])
  })

  test('that the migration did not bring stay, and are told of', async () => {
    const name = 'gone_found'
    const idOf = (key: string) => nameUuid(entityNamespace('gone-found', `${name}.t`), key)
    const id = await scene.follow({
      name,
      source: `create table t (id integer primary key, x text); insert into t values (1, 'a'), (2, 'b'), (3, 'c')`,
      target: `create table t (id uuid primary key, x text); insert into t values ('${idOf('2')}', 'old'), ('${idOf('9')}', 'hers')`,
      entities: [
        { source: `${name}.t`, id: { strategy: 'uuid' }, columns: { x: 'x' }, conflict: 'update' },
      ],
    })
    await scene.write(name, `delete from t where id in (1, 2); update t set x = 'd' where id = 3`)
    expect(await (await scene.sweep(id, 'hash')).counts()).toEqual([0, 1, 1, 0, 0])
    const left = `select x from ${name}_new.t order by x`
    expect(await scene.rows(left)).toEqual(['b', 'd', 'hers'])
    expect(await errors(id, 'row_gone')).toEqual(['2 open - -'])
    await scene.sweep(id, 'hash')
    expect(await errors(id, 'row_gone')).toHaveLength(1)
    // What was brought is ours still, however often it was written since.
    await scene.write(name, 'delete from t where id = 3')
    expect(await (await scene.sweep(id, 'hash')).counts()).toEqual([0, 0, 1, 0, 0])
  })

  test('stay where preserved keys do not tell whose they are', async () => {
    const name = 'gone_mixed'
    const id = await scene.follow({
      name,
      source: `create table t (id integer primary key, x text); insert into t values (1, 'a'), (2, 'b'), (3, 'c')`,
      target: `create table t (id integer primary key, x text); insert into t values (2, 'old'), (9, 'hers')`,
      entities: [
        {
          source: `${name}.t`,
          id: { strategy: 'preserve' },
          columns: { id: 'id', x: 'x' },
          conflict: 'update',
        },
      ],
    })
    await scene.write(name, 'delete from t where id in (1, 2)')
    expect((await scene.sweep(id, 'hash')).status).toBe('completed')
    expect(await rows(name)).toEqual(['1', '2', '3', '9'])
  })

  test('of partitioned tables go, or are held for their references', async () => {
    const name = 'gone_parts'
    const id = await scene.follow({
      name,
      source: `create table t (id integer primary key, up integer references t) partition by range (id);
        create table t_1 partition of t for values from (0) to (10); create table t_2 partition of t for values from (10) to (100);
        create table c (id integer primary key, t integer references t);
        insert into t select n, nullif(n - 1, 0) from generate_series(1, 20) n; insert into c select id, id from t`,
      entities: '*',
    })
    await scene.target.unsafe(
      `create table ${name}_new.mine (t integer references ${name}_new.t); insert into ${name}_new.mine values (18)`,
    )
    await scene.write(name, 'delete from c where id >= 9; delete from t where id >= 9')
    const sweep = await scene.sweep(id, 'hash')
    expect(sweep.status).toBe('completed')
    // 18 is held, and whoever it hangs on.
    expect(await rows(name)).toEqual(Array.from({ length: 18 }, (_, at) => String(at + 1)))
    expect(await rows(name, 'c')).toHaveLength(8)
    await scene.target.unsafe(`drop table ${name}_new.mine`)
    await scene.sweep(id, 'changes')
    expect(await rows(name)).toHaveLength(8)
  })
})

describe('rows that come back', { timeout: 60_000 }, () => {
  test('before they are taken away stay', async () => {
    const name = 'gone_back'
    const id = await scene.follow(plain(name))
    await scene.write(name, 'delete from t where id in (3, 4)')
    scene.arm('deletes.claimed=hold:3000')
    await scene.begins(id, 'hash')
    await scene.until(id, 'deletes')
    await scene.write(name, `insert into t values (3, 'back')`)
    const sweep = await scene.swept(id)
    scene.project.setSecret('FERRY_FAILPOINTS', '')
    // One went; of the other one, what it holds now comes with the same sweep.
    expect(await sweep.counts()).toEqual([0, 1, 1, 0, 0])
    await scene.alike(name, 'select * from %s.t order by id')
  })
})
