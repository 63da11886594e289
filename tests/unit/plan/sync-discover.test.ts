import { describe, expect, it } from 'vitest'
import { compilePlan } from '../../../shared/plan/compile.ts'
import { discoverPlan } from '../../../shared/plan/discover.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import type { CatalogColumn, CatalogTable } from '../../../shared/source/catalog-rows.ts'
import { catalog, column, index, key, table } from './catalog.ts'
import { told } from './mapping-plan.ts'

const moment = { type: 'timestamp with time zone', type_oid: '1184', length: 8 }
const local = { ...moment, type: 'timestamp without time zone', type_oid: '1114' }
const now = { text: 'now()', uses: [], columns: [] }
const large = { rows: 1_000_000, pages: 10_000, bytes: 81_920_000 }
const huge = { rows: 6_000_000, pages: 60_000, bytes: 491_520_000 }

/** A table with a column of times, an index on it unless said otherwise. */
function timed(times: Partial<CatalogColumn>, more: Partial<CatalogTable> = {}): CatalogTable {
  const made = column('updated_at', { ...moment, ...times })
  return table('a', {
    columns: [column('id'), made],
    indexes: [index('i', [made.name])],
    statistics: large,
    ...more,
  })
}

function proposal(...tables: readonly CatalogTable[]) {
  const source = catalog(tables)
  const { plan, notes } = discoverPlan(source, { name: 'x', secret: 'S', sync: true })
  const [entity] = plan.entities as Exclude<typeof plan.entities, '*'>
  return {
    plan,
    source,
    notes: told(notes),
    sync: typeof entity === 'string' ? undefined : entity?.sync,
  }
}

describe('a draft with a proposal for incremental sync', () => {
  it('is a valid plan, and lists its tables', () => {
    const odd = table('b', { schema: 'S."s', keys: [] })
    const { plan, source, notes } = proposal(timed({}), odd, table('django_migrations'))
    expect(parsePlan(JSON.parse(JSON.stringify(plan))).plan).toEqual(plan)
    expect(plan.entities).toEqual([
      { source: 'public.a', sync: { strategy: 'timestamp', column: 'updated_at' } },
      '"S.""s".b',
    ])
    const { entities, problems } = compilePlan(plan, source)
    expect(problems).toEqual([])
    expect(entities.map(({ definition }) => definition.sync?.strategy)).toEqual([
      'hash',
      'timestamp',
    ])
    expect(notes).toEqual([
      'sync_defaults sync',
      'sync_timestamp_guessed entities[0].sync.column',
      'sync_hash_guessed entities[1]',
      'sync_column_not_kept entities[0].sync.column',
      'table_without_key entities[1]',
      'bookkeeping_excluded entities',
    ])
  })

  it('is made where it is asked for', () => {
    const { plan } = discoverPlan(catalog([timed({})]), { name: 'x', secret: 'S' })
    expect([plan.entities, plan.sync]).toEqual(['*', undefined])
    expect(proposal().plan.sync).toBeUndefined()
  })

  it.each([
    'updated_at',
    'updatedAt',
    'UpdatedAt',
    'UPDATED_ON',
    'modified',
    'Last_Modified',
    'mtime',
    'lastUpdate',
    'changed',
    'write_date',
  ])('finds %s', (name) => {
    expect(proposal(timed({ name })).sync).toEqual({ strategy: 'timestamp', column: name })
  })

  it.each<[string, CatalogTable]>([
    ['is called otherwise', timed({ name: 'created_at' })],
    ['is a date', timed({ type: 'date' })],
    ['is a text', timed({ type: 'text' })],
    ['can be null and is set by nobody', timed({ not_null: false })],
    ['has no index', timed({}, { indexes: [] })],
    [
      'has no index in a small table without a trigger',
      timed({}, { indexes: [], statistics: { ...large, rows: 10, pages: 10_000 } }),
    ],
  ])('goes by transactions where the column %s', (_why, one) => {
    const { sync, notes } = proposal(one)
    expect(sync).toEqual({ strategy: 'xmin' })
    expect(notes).toContain('sync_xmin_guessed entities')
  })

  it('takes a column that has a default, and a small table with a trigger', () => {
    const expected = { strategy: 'timestamp', column: 'updated_at' }
    expect(proposal(timed({ not_null: false, expression: now })).sync).toEqual(expected)
    const small = timed(
      {},
      {
        indexes: [],
        statistics: { rows: 9999, pages: 100, bytes: 819_200 },
        update_triggers: ['t'],
      },
    )
    expect(proposal(small).sync).toEqual(expected)
    const more = { ...small, statistics: { rows: 10_001, pages: 100, bytes: 819_200 } }
    expect(proposal(more).sync).toEqual({ strategy: 'xmin' })
  })

  it('takes the likelier of two columns', () => {
    const columns = [column('id'), column('changed', moment), column('updated_at', moment)]
    const indexes = [index('c', ['changed']), index('u', ['updated_at'])]
    expect(proposal(table('a', { columns, indexes })).sync?.column).toBe('updated_at')
  })

  it('guesses a zone, and says so', () => {
    const { sync, notes } = proposal(timed(local))
    expect(sync).toEqual({ strategy: 'timestamp', column: 'updated_at', zone: 'UTC' })
    expect(notes).toContain('sync_zone_guessed entities[0].sync.zone')
  })

  it.each<[string, CatalogTable]>([
    ['has no key', timed({}, { keys: [] })],
    [
      'has a generated key',
      timed({}, { columns: [column('id', { generated: 's' }), column('x')] }),
    ],
    ['does not say who wrote a row', timed({}, { heap: false })],
  ])('compares rows of a table that %s', (_why, one) => {
    const { sync, notes, plan } = proposal(one)
    expect([sync, plan.sync?.strategy]).toEqual([undefined, 'hash'])
    expect(notes).toContain('sync_hash_guessed entities[0]')
  })

  it('looks through a table of any size that has a key, and says what it costs', () => {
    const source = catalog([timed({ name: 'at' }, { statistics: huge })])
    const { notes, plan } = discoverPlan(source, { name: 'x', secret: 'S', sync: true })
    expect(plan.entities).toEqual([{ source: 'public.a', sync: { strategy: 'xmin' } }])
    expect(told(notes)).toContain('sync_many_rows entities[0].sync.strategy')
  })

  it('never takes numbers for new rows alone', () => {
    const strategies = [
      timed({}),
      timed({ name: 'x' }),
      table('a', { keys: [key('k', true, ['id'])] }),
    ]
    for (const one of strategies) expect(proposal(one).sync?.strategy).not.toBe('id')
  })
})
