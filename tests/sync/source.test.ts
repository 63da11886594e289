/** A source that is not what it was: changed tables, another server, an earlier time, lost transaction ids. */
import postgres from 'postgres'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { syncScene } from './scene.ts'

const scene = await syncScene({ ownServers: true })
const { source, target } = scene

const follow = (name: string, strategy = 'xmin') =>
  scene.follow({
    name,
    source: `create table item (id int primary key, body text, updated_at timestamptz default now());
      insert into item (id, body) select g, g::text from generate_series(1, 20) g`,
    entities: [
      {
        source: `${name}.item`,
        sync: { strategy, ...(strategy === 'timestamp' ? { column: 'updated_at' } : {}) },
      },
    ],
  })

const equal = async (name: string) => {
  const { source: here, target: there } = await scene.both(
    name,
    'select id, body, updated_at::text from {schema}.item order by id',
  )
  expect(there).toEqual(here)
}

const halt = async (id: string) => {
  const [row] = await target<{ code: string | null }[]>`
    select halted_code as code from migration.sync_states where migration_id = ${id}`
  return row?.code ?? null
}

/** Scope of the only entity in a sweep. */
const scopeOf = async (sweepId: string) => {
  const [row] = await target<{ scope: string }[]>`
    select scope from migration.sweep_entities where sweep_id = ${sweepId}`
  return row?.scope
}

describe('a table that is changed', () => {
  test('while it is copied, stops the entity before the next batch', async () => {
    const name = 's_copy'
    await scene.prepare({
      name,
      source: `create table item (id int primary key); insert into item select generate_series(1, 500000)`,
      entities: '*',
    })
    const owner = postgres(scene.sourceUrl, { max: 1, onnotice: () => undefined })
    try {
      const id = await scene.begin({ name, entities: '*', lanes: 1, batchRows: 1 })
      await owner`begin`
      await owner`alter table s_copy.item add column late text default 'x'`
      await eventually(
        async () => {
          const [row] = await source<{ waits: boolean }[]>`
            select exists (select from pg_locks where not granted and relation = 's_copy.item'::regclass) as waits`
          return row!.waits
        },
        { what: 'a copy that waits for the table' },
      )
      await owner`commit`
      await eventually(async () => (await scene.state(id)).status === 'failed', {
        within: 20_000,
        what: 'the failure',
      })
      expect((await scene.state(id)).errors).toContain('source_schema_changed')
    } finally {
      await owner.end()
    }
  })

  test('while it is followed, halts sync before anything is read', async () => {
    const id = await follow('s_halt')
    await source`alter table s_halt.item add column late text default 'x'`
    await source`update s_halt.item set body = 'changed' where id = 1`
    const swept = await scene.sweep(id)
    expect(swept).toMatchObject({ status: 'failed', code: 'source_schema_changed', did: {} })
    expect(await halt(id)).toBe('source_schema_changed')
    await expect(scene.sweep(id)).rejects.toThrow(/halted/)
    expect(
      (await scene.both('s_halt', 'select body from {schema}.item where id = 1')).target,
    ).toEqual(['1'])
  })
})

describe('a server', () => {
  test('at an earlier time halts sync', async () => {
    const id = await follow('s_back')
    await target`update migration.sync_states set source = source || jsonb_build_object('log_position',
      ((source ->> 'log_position')::numeric + 1e12)::text) where migration_id = ${id}`
    await source`update s_back.item set body = 'changed' where id = 1`
    expect(await scene.sweep(id)).toMatchObject({
      status: 'failed',
      code: 'source_went_back',
      did: {},
    })
    expect(await halt(id)).toBe('source_went_back')
  })

  test('that is another one, or has another timeline or clock, is compared row by row', async () => {
    const id = await follow('s_other', 'timestamp')
    for (const other of [{ system: '1' }, { timeline: 99 }, { clock: '2099-01-01 00:00:00+00' }]) {
      await target`update migration.sync_states set source = source || ${JSON.stringify(other)}::text::jsonb
        where migration_id = ${id}`
      await source`update s_other.item set body = body || '!' where id = 2`
      const swept = await scene.sweep(id)
      expect(swept.did).toEqual({ item: '0 1 0 0' })
      expect(await scopeOf(swept.id)).toBe('hash')
    }
    await equal('s_other')
  })

  test('whose transaction ids have come round is compared row by row', async () => {
    for (const strategy of ['xmin', 'timestamp']) {
      const name = `s_round_${strategy}`
      const id = await follow(name, strategy)
      await target`update migration.sync_positions p set watermark = watermark || jsonb_build_object('xmin',
        ((watermark ->> 'xmin')::numeric - 3000000000)::text) where migration_id = ${id}`
      await source`update ${source(name)}.item set body = 'silent' where id = 3`
      const swept = await scene.sweep(id)
      expect(swept.did).toEqual({ item: '0 1 0 0' })
      expect(await scopeOf(swept.id)).toBe('hash')
      await equal(name)
    }
  })
})

describe('strategy xmin', () => {
  test('sees what no time tells, and nothing else', async () => {
    const id = await follow('s_xmin')
    await source`update s_xmin.item set body = 'silent', updated_at = '2001-01-01' where id = 4`
    await source`insert into s_xmin.item values (100, 'backdated', '1999-01-01')`
    expect((await scene.sweep(id)).did).toEqual({ item: '1 1 0 0' })
    await equal('s_xmin')
    expect((await scene.sweep(id)).did).toEqual({})
  })
})

describe('strategy id', () => {
  test('brings rows with larger ids, those that come late among them', async () => {
    const name = 's_id'
    const id = await scene.follow({
      name,
      source: `create table item (id int primary key, body text); insert into item select g, g::text from generate_series(1, 20) g`,
      entities: [{ source: `${name}.item`, sync: { strategy: 'id' } }],
    })
    const slow = postgres(scene.sourceUrl, { max: 1, onnotice: () => undefined })
    try {
      await slow`begin`
      await slow`insert into s_id.item values (21, 'slow')`
      await source`insert into s_id.item values (22, 'quick')`
      await scene.sweep(id)
      expect((await scene.both(name, 'select max(id) from {schema}.item')).target).toEqual(['22'])
      await slow`commit`
      await scene.sweep(id)
      const { source: here, target: there } = await scene.both(
        name,
        'select id, body from {schema}.item order by id',
      )
      expect(there).toEqual(here)
    } finally {
      await slow.end()
    }
  })
})

describe('strategy timestamp', () => {
  test('reads by transactions where the first look could date none in flight', async () => {
    const name = 's_undated'
    const id = await follow(name, 'timestamp')
    await target`update migration.sync_positions set watermark = watermark || '{"horizon": "-infinity"}' where migration_id = ${id}`
    await source`update ${source(name)}.item set body = 'changed', updated_at = now() - interval '1 day' where id = 6`
    const swept = await scene.sweep(id)
    expect(swept.did).toEqual({ item: '0 1 0 0' })
    const [row] = await target<{ read: number }[]>`
      select records_read::int as read from migration.sweep_entities where sweep_id = ${swept.id}`
    expect(row!.read).toBeLessThan(20)
    await equal(name)
  })
})
