import { describe, expect, it } from 'vitest'
import { sourceZoneProblems } from '../../../shared/plan/patterns.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import { index, key, table } from './catalog.ts'
import { told } from './mapping-plan.ts'
import { asked, orders, source } from './sync-table.ts'

const path = 'entities[0].sync'
const timestamp = (column: string, more: object = {}) => ({
  strategy: 'timestamp',
  column,
  ...more,
})

describe('the column of the strategy timestamp', () => {
  it.each(['at', 'wide', 'stamp', 'maybe'])('is a moment: %s', (column) => {
    const { problems, sync } = asked(timestamp(column))
    expect(problems).toEqual([])
    expect(sync!.column).toEqual({ column, type: 'timestamp with time zone' })
    expect(sync!.zone).toBeUndefined()
  })

  it('is a moment in a zone, compared to the last digit', () => {
    const { problems, sync } = asked(timestamp('local', { zone: 'Europe/Berlin' }))
    expect(problems).toEqual([])
    expect(sync).toMatchObject({
      column: { column: 'local', type: 'timestamp without time zone' },
      zone: 'Europe/Berlin',
    })
  })

  it('need not be copied', () => {
    const { problems, sync } = asked(timestamp('at'), { entity: { columns: ['id', 'name'] } })
    expect([problems, sync!.column?.column]).toEqual([[], 'at'])
  })

  it('has to be readable, copied or not', () => {
    const columns = orders.columns.map((each) => ({ ...each, readable: each.name !== 'at' }))
    const entity = { columns: ['id', 'name'] }
    expect(asked(timestamp('at'), { at: source({ columns }), entity }).problems).toEqual([
      `source_privilege ${path}.column`,
    ])
  })

  it.each([
    [{ strategy: 'timestamp' }, `sync_column_missing ${path}.column`],
    [timestamp('a'), `sync_column_unknown ${path}.column`],
    [timestamp('At'), `sync_column_unknown ${path}.column`],
    [timestamp('constructor'), `sync_column_unknown ${path}.column`],
    [timestamp('day'), `sync_column_type ${path}.column`],
    [timestamp('times'), `sync_column_type ${path}.column`],
    [timestamp('name'), `sync_column_type ${path}.column`],
    [timestamp('local'), `sync_zone_missing ${path}.zone`],
    [timestamp('at', { zone: 'UTC' }), `sync_zone_unused ${path}.zone`],
    [{ strategy: 'id', zone: 'UTC' }, `sync_zone_unused ${path}.zone`],
    [{ strategy: 'xmin', column: 'at' }, `sync_column_unused ${path}.column`],
    [{ strategy: 'hash', zone: 'UTC' }, `sync_column_unused ${path}.zone`],
    [{ column: 'at' }, `sync_column_unused ${path}.column`],
  ])('is refused: %j', (sync, problem) => {
    expect(asked(sync).problems).toEqual([problem])
  })

  it('is told of all entities together', () => {
    const general = { strategy: 'log', deletes: 'mark' }
    const { problems } = asked(timestamp('local', { mark: 'x' }), { general })
    expect(problems).toEqual([`sync_zone_missing ${path}.zone`])
    expect(asked({}, { general }).problems).toEqual([
      'sync_publication_missing sync.publication',
      `mark_column_missing ${path}.mark`,
    ])
  })

  it.each([
    ['has no index', { indexes: [] }, 'sync_column_unindexed'],
    ['begins no index', { indexes: [index('i', ['id', 'at'])] }, 'sync_column_unindexed'],
    [
      'has an index over some rows',
      { indexes: [index('i', ['at'], { predicate: 'true' })] },
      'sync_column_unindexed',
    ],
    [
      'has an index without an order',
      { indexes: [index('i', ['at'], { method: 'brin' })] },
      'sync_column_unindexed',
    ],
    ['is kept by nobody', { update_triggers: [] }, 'sync_column_not_kept'],
  ])('is worth a note where it %s', (_why, more, code) => {
    expect(asked(timestamp('at')).notes).toEqual([])
    expect(asked(timestamp('at'), { at: source(more) }).notes).toEqual([`${code} ${path}.column`])
  })

  it('is worth a note where it can be null', () => {
    expect(asked(timestamp('maybe')).notes).toEqual([`sync_column_nullable ${path}.column`])
    const statistics = { rows: 9999, pages: 100, bytes: 819_200 }
    const small = source({ indexes: [], statistics })
    expect(asked(timestamp('maybe'), { at: small }).notes).toEqual([])
  })
})

describe('the column of the strategy id', () => {
  it('is the key by itself, or another number', () => {
    expect(asked({ strategy: 'id' }).sync!.column).toEqual({ column: 'id', type: 'bigint' })
    expect(asked({ strategy: 'id', column: 'nr' }).sync!.column).toEqual({
      column: 'nr',
      type: 'integer',
    })
  })

  it.each([
    [{ strategy: 'id', column: 'name' }, `sync_column_type ${path}.column`],
    [{ strategy: 'id', column: 'at' }, `sync_column_type ${path}.column`],
  ])('is refused: %j', (sync, problem) => {
    expect(asked(sync).problems).toEqual([problem])
  })

  it('has to be named where the key has several', () => {
    const at = source({ keys: [key('k', true, ['id', 'name'])] })
    expect(asked({ strategy: 'id' }, { at }).problems).toEqual([
      `sync_column_missing ${path}.column`,
    ])
  })
})

describe('strategies that ask which transaction wrote a row', () => {
  const partition = (name: string, kind: string, heap: boolean) =>
    table(name, {
      kind,
      heap,
      partitioned: kind === 'p',
      partition: {
        schema: 'public',
        table: 'orders',
        root_schema: 'public',
        root_table: 'orders',
        depth: 1,
        bound: 'DEFAULT',
      },
    })
  const parted = (...partitions: ReturnType<typeof partition>[]) => ({
    ...source({ partitioned: true, heap: false, kind: 'p' }),
    partitions,
  })

  it('ask the partitions', () => {
    const at = parted(partition('p', 'p', false), partition('q', 'r', true))
    for (const strategy of ['xmin', 'id', 'timestamp']) {
      const column = strategy === 'timestamp' ? { column: 'at' } : {}
      expect(asked({ strategy, ...column }, { at }).problems).toEqual([])
    }
  })

  it.each(['xmin', 'id', 'timestamp'])('cannot ask every table: %s', (strategy) => {
    const sync = { strategy, ...(strategy === 'timestamp' ? { column: 'at' } : {}) }
    const unsupported = [`sync_xmin_unsupported ${path}.strategy`]
    const foreign = parted(partition('q', 'r', true), partition('f', 'f', false))
    expect(asked(sync, { at: foreign }).problems).toEqual(unsupported)
    expect(asked(sync, { at: source({ heap: false }) }).problems).toEqual(unsupported)
    expect(asked({ strategy: 'hash' }, { at: foreign }).problems).toEqual([])
  })
})

describe('a time zone', () => {
  it('is one that the source knows', async () => {
    const entities = ['public.a', 'public.b'].map((name, at) => ({
      source: name,
      sync: { strategy: 'timestamp', column: 'x', zone: at === 0 ? 'UTC' : "Nowhere/'Land" },
    }))
    const { plan } = parsePlan({
      version: 1,
      name: 'z',
      source: { secret: 'S' },
      entities: ['public.c', ...entities],
      sync: {},
    })
    const statements: string[] = []
    const problems = await sourceZoneProblems(plan!, async (statement) => {
      statements.push(statement)
      return [{ zone: "Nowhere/'Land" }]
    })
    expect(told(problems)).toEqual(['zone_unknown entities[2].sync.zone'])
    expect(statements[0]).toContain("('UTC'), ('Nowhere/''Land')")
  })
})
