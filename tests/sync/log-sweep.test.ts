/** Sweeps that follow the log of their source, through real functions: what was written there is here after. */
import { describe, expect, test } from 'vitest'
import { logScene, slotOf } from './log-scene.ts'

const scene = await logScene()
const { source, target } = scene

const items = `create table item (id int primary key, body text);
  insert into item select g, 'v' || g from generate_series(1, 50) g`

const follow = (name: string, more = '', sync: object = {}) =>
  scene.followLog({
    name,
    source: `${items}; ${more}`,
    entities: [{ source: `${name}.item` }],
    sync,
  })

async function equal(name: string, query = 'select * from {schema}.item order by 1') {
  const { source: here, target: there } = await scene.both(name, query)
  expect(there).toEqual(here)
  expect(here.length).toBeGreaterThan(0)
}

const eventsOf = async (id: string, type: string) => {
  const rows = await target<{ data: Record<string, unknown> }[]>`
    select data from migration.events where migration_id = ${id} and event_type = ${type}`
  return rows.map(({ data }) => data)
}

describe('a migration that follows the log', () => {
  test('brings inserts, updates, deletes and rows with another key', async () => {
    const id = await follow('l_plain')
    await equal('l_plain')
    expect((await scene.sweep(id)).did).toEqual({})
    await source`insert into l_plain.item select g, 'new' from generate_series(51, 60) g`
    await source`update l_plain.item set body = 'changed' where id <= 5`
    await source`delete from l_plain.item where id between 6 and 8`
    await source`update l_plain.item set id = 100 where id = 9`
    expect((await scene.sweep(id)).did).toEqual({ item: '11 5 4 0' })
    await equal('l_plain')
    expect((await scene.sweep(id)).did).toEqual({})
    expect((await scene.slot(id))?.confirmed).toBe(await scene.readThrough(id))
    const [left] = await target`
      select count(*)::int as keys from migration.changed_keys where migration_id = ${id}`
    expect(left).toEqual({ keys: 0 })
  })

  test('reads what is long and was not sent again', async () => {
    const id = await follow('l_toast', 'alter table item alter body set storage external')
    const long = 'a text of some length '.repeat(2000)
    await source`update l_toast.item set body = ${long} where id = 1`
    await scene.sweep(id)
    await source`alter table l_toast.item replica identity full`
    await source`update l_toast.item set id = 1000 where id = 1`
    expect((await scene.sweep(id)).did).toEqual({ item: '1 0 1 0' })
    await equal('l_toast')
  })

  test('compares the rows of a table that was emptied, once', async () => {
    const id = await follow('l_empty')
    await source`truncate l_empty.item`
    await source`insert into l_empty.item values (7, 'v7'), (70, 'v70')`
    await scene.sweep(id, 'changes', { allow_deletes: true })
    expect(await scene.overruns(id)).toEqual({ item: 'truncated' })
    await equal('l_empty')
    await source`insert into l_empty.item values (71, 'v71')`
    expect((await scene.sweep(id)).did).toEqual({ item: '1 0 0 0' })
    expect(await scene.overruns(id)).toEqual({})
  })

  test('keeps what was to be compared through a sweep that was broken off', async () => {
    const id = await follow('l_broken')
    await source`truncate l_broken.item`
    await source`insert into l_broken.item values (7, 'v7')`
    // more rows are gone than the plan lets go at once
    await target`update migration.entity_statuses
      set definition = jsonb_set(definition, '{sync,delete_limit}', '{"rows": 1, "share": 0}') where migration_id = ${id}`
    expect((await scene.sweep(id)).status).toBe('failed')
    await target`update migration.sync_states set halted_at = null, halted_code = null, halted_reason = null where migration_id = ${id}`
    expect((await scene.sweep(id, 'changes', { allow_deletes: true })).status).toBe('completed')
    await equal('l_broken')
  })

  test('notices that its slot is lost, compares everything, and has a new one', async () => {
    const id = await follow('l_lost')
    await source`insert into l_lost.item values (51, 'before')`
    await source`select pg_drop_replication_slot(${slotOf(id)})`
    await source`insert into l_lost.item values (52, 'between')`
    expect((await scene.sweep(id)).did).toEqual({ item: '2 0 0 0' })
    expect(await scene.overruns(id)).toEqual({ item: 'slot_made' })
    await source`insert into l_lost.item values (53, 'after')`
    expect((await scene.sweep(id)).did).toEqual({ item: '1 0 0 0' })
    await equal('l_lost')
  })

  test('notices that somebody else has read from its slot', async () => {
    const id = await follow('l_taken')
    await source`insert into l_taken.item values (51, 'taken')`
    await source`select pg_replication_slot_advance(${slotOf(id)}, pg_current_wal_lsn())`
    expect((await scene.sweep(id)).did).toEqual({ item: '1 0 0 0' })
    await equal('l_taken')
  })

  test('compares everything again where a transaction was at work when the slot was made', async () => {
    const id = await follow('l_unsettled')
    // A commit that the slot does not tell of, as if it had been on its way when the slot began.
    await source`insert into l_unsettled.item values (51, 'on its way')`
    await source`select pg_replication_slot_advance(${slotOf(id)}, pg_current_wal_lsn())`
    const [now] = await source<{ snapshot: string; lsn: string }[]>`
      select txid_current_snapshot()::text as snapshot, confirmed_flush_lsn::text as lsn
        from pg_replication_slots where slot_name = ${slotOf(id)}`
    await target`update migration.source_slots set read_through = ${now!.lsn}, unsettled = ${now!.snapshot}
      where migration_id = ${id}`
    expect((await scene.sweep(id)).did).toEqual({ item: '1 0 0 0' })
    expect(await scene.overruns(id)).toEqual({ item: 'slot_settled' })
    await equal('l_unsettled')
  })

  test('halts where the publication does not tell of a table any more, and says what to run', async () => {
    const id = await follow('l_publication', 'create table other (id int primary key)')
    await source`drop publication l_publication_pub`
    await source`create publication l_publication_pub for table l_publication.other`
    expect(await scene.sweep(id)).toMatchObject({ code: 'log_table_not_published' })
    const [state] = await target<{ reason: string }[]>`
      select halted_reason as reason from migration.sync_states where migration_id = ${id}`
    expect(state!.reason).toContain('add table "l_publication"."item"')
    await source`insert into l_publication.item values (51, 'not told')`
    await source`alter publication l_publication_pub add table l_publication.item`
    await target`update migration.sync_states set halted_at = null, halted_code = null, halted_reason = null where migration_id = ${id}`
    expect((await scene.sweep(id)).did).toEqual({ item: '1 0 0 0' })
    await equal('l_publication')
  })

  test('is not up to date before the log was read', async () => {
    const id = await scene.followLog({
      name: 'l_lag',
      source: 'create table item (id int primary key); create table other (id int primary key)',
      entities: [{ source: 'l_lag.item' }, { source: 'l_lag.other' }],
    })
    const times = async () => {
      const rows = await target<{ at: string }[]>`
        select changes_at::text as at from migration.sync_positions where migration_id = ${id} order by 1`
      return rows.map(({ at }) => at)
    }
    const before = await times()
    await source`alter publication l_lag_pub set (publish = 'insert')`
    expect(await scene.sweep(id)).toMatchObject({ code: 'log_publication_operations' })
    expect(await times()).toEqual(before)
    await source`alter publication l_lag_pub set (publish = 'insert, update, delete, truncate')`
    await target`update migration.sync_states set halted_at = null, halted_code = null, halted_reason = null where migration_id = ${id}`
    await scene.sweep(id)
    await scene.sweep(id)
    const [first, second] = await times()
    expect(first).toBe(second)
    expect(before).not.toContain(first)
  })

  test('tells once when the slot holds back more than it may', async () => {
    const id = await follow('l_limit', '', { log_limit_bytes: 1 })
    for (const id of [51, 52]) await source`insert into l_limit.item values (${id}, 'v')`
    await scene.sweep(id)
    await source`insert into l_limit.item values (53, 'v')`
    await scene.sweep(id)
    expect(await eventsOf(id, 'log_slot_lagging')).toEqual([
      expect.objectContaining({ limit_bytes: 1, wal_status: 'reserved' }),
    ])
    const [state] = await target<{ log: Record<string, unknown> }[]>`
      select source -> 'log' as log from migration.sync_states where migration_id = ${id}`
    expect(Object.keys(state!.log).toSorted()).toEqual([
      'committed_at',
      'lag_bytes',
      'limit_bytes',
      'read_at',
      'retained_bytes',
      'safe_wal_bytes',
      'wal_status',
    ])
  })

  test('follows partitions and keys of several columns', async () => {
    const id = await scene.followLog({
      name: 'l_parted',
      source: `create table part (a int, b text, v text, primary key (b, a)) partition by range (a);
        create table part_1 partition of part for values from (0) to (100);
        create table part_2 partition of part for values from (100) to (200);
        insert into part select g, 'b', 'v' from generate_series(90, 110) g`,
      entities: [{ source: 'l_parted.part' }],
    })
    await source`update l_parted.part set a = 150 where a = 95`
    await source`delete from l_parted.part where a > 150 or a = 96`
    await source`insert into l_parted.part values (1, 'it''s "quoted" \\ ', 'v')`
    expect((await scene.sweep(id)).did).toEqual({ part: '2 0 2 0' })
    await equal('l_parted', 'select * from {schema}.part order by a, b')
  })
})
