import { describe, expect, it } from 'vitest'
import { stagedEntity } from '../../../shared/projection/sync.ts'
import type { CatalogTable } from '../../../shared/source/catalog-rows.ts'
import { catalog, column, index, key, table } from './catalog.ts'
import { text, types } from './mapped-table.ts'
import { compile, state, there, told } from './mapping-plan.ts'

const at = { type: 'timestamp with time zone', type_oid: '1184', length: 8 }
const columns = [
  column('id', { identity: 'a' }),
  column('name', text),
  column('mood', { ...text, type: 'public.mood', type_oid: '1' }),
  column('twice', { generated: 's', not_null: false }),
  column('updated_at', at),
]
const own = (more: Partial<CatalogTable> = {}) => table('a', { columns, ...more })
const source = (more: Partial<CatalogTable> = {}) => ({ ...catalog([own(more)]), types })
const keyless = { keys: [], constraints: [], indexes: [] }
const plan = (sync: object | undefined, general: object = {}) => ({
  sync: general,
  entities: [{ source: 'public.a', ...(sync === undefined ? {} : { sync }) }],
})

describe('an entity that is kept in step', () => {
  it('has what the plan says of all, and by itself compares rows', () => {
    const { find, problems } = compile(plan(undefined), source())
    expect(problems).toEqual([])
    expect(find('a')!.definition.sync).toMatchObject({
      strategy: 'hash',
      overlap_seconds: 300,
      deletes: 'delete',
      invalid: 'keep',
      delete_limit: { rows: 1000, share: 0.5 },
    })
    expect(compile({}, source()).find('a')!.definition.sync).toBeUndefined()
  })

  it('has its own word for it', () => {
    const mine = {
      strategy: 'timestamp',
      column: 'updated_at',
      overlap_seconds: 60,
      deletes: 'report',
      invalid: 'delete',
      delete_limit: { rows: 5, share: 0 },
    }
    const { find, problems } = compile(plan(mine, { strategy: 'xmin' }), source())
    expect(problems).toEqual([])
    const { stage, ...sync } = find('a')!.definition.sync!
    expect(sync).toEqual({
      ...mine,
      column: { column: 'updated_at', type: 'timestamp with time zone' },
    })
    expect(stage).toBeDefined()
  })

  it('says so only in a plan that does', () => {
    const { problems } = compile(
      { entities: [{ source: 'public.a', sync: { strategy: 'xmin' } }] },
      source(),
    )
    expect(told(problems)).toEqual(['sync_not_asked entities[0].sync'])
  })
})

describe('the stage of a plain entity', () => {
  it('takes every column as it is, told apart by the key', () => {
    const { definition } = compile(plan(undefined), source()).find('a')!
    expect(definition.mapping).toBeUndefined()
    expect(definition.sync!.stage!.columns).toEqual([
      { source: 'id', target: 's0', type: 'integer' },
      { source: 'name', target: 's1', type: 'text' },
      expect.objectContaining({ source: 'mood', target: 's2', type: 'text' }),
      { source: 'updated_at', target: 's3', type: 'timestamp with time zone' },
    ])
    expect(definition.sync!.stage!.mapping).toMatchObject({
      strategy: 'preserve',
      columns: ['id', 'name', 'mood', 'updated_at'],
      identity: [0],
      id: null,
      conflict: 'fail',
      unique: [],
      late: [],
    })
  })

  it('is what its rows are read by again, as text', () => {
    const plain = source({ columns: [column('id')] })
    const { definition } = compile(plan(undefined), plain).find('a')!
    expect(definition.format).toBe('binary')
    const staged = stagedEntity(definition)
    expect('format' in staged).toBe(false)
    expect(staged.mapping).toEqual(definition.sync!.stage!.mapping)
    expect(staged.columns[0]!.target).toBe('s0')
    const once = compile({}, plain).find('a')!.definition
    expect(stagedEntity(once)).toBe(once)
  })

  it('is the same whatever rules the plan has about the rows', () => {
    const rules = [{ rule: 'not_null', column: 'twice' }]
    const ruled = { sync: {}, entities: [{ source: 'public.a', rules }] }
    const { find, problems } = compile(ruled, source())
    expect(problems).toEqual([])
    expect(find('a')!.definition.rules).toHaveLength(1)
    expect(find('a')!.definition.sync!.stage).toEqual(
      compile(plan(undefined), source()).find('a')!.definition.sync!.stage,
    )
  })

  it('is not needed by a mapped one, a table that was there among them', () => {
    const mapped = { sync: {}, entities: [{ source: 'public.a', id: { strategy: 'uuid' } }] }
    expect(compile(mapped, source()).find('a')!.definition.sync!.stage).toBeUndefined()
    const found = there('a', { id: 'integer', name: 'text', updated_at: at.type })
    const listed = {
      sync: {},
      entities: [{ source: 'public.a', columns: ['id', 'name', 'updated_at'] }],
    }
    const { definition } = compile(listed, source(), state(found)).find('a')!
    expect([definition.mapping === undefined, definition.sync!.stage]).toEqual([false, undefined])
  })

  it.each<[string, Partial<CatalogTable>, object]>([
    ['the table has none', keyless, {}],
    ['it does not come along', {}, { columns: ['name'] }],
    ['it is generated', { keys: [key('a_twice', true, ['twice'])] }, {}],
  ])('cannot be without a key: %s', (_why, more, entity) => {
    const asked = { sync: {}, entities: [{ source: 'public.a', ...entity }] }
    const { find, problems } = compile(asked, source(more))
    expect(problems).toEqual([])
    const { sync } = find('a')!.definition
    expect([sync!.strategy, sync!.stage]).toEqual(['hash', undefined])
    const own = { source: 'public.a', ...entity, sync: { strategy: 'xmin' } }
    expect(told(compile({ sync: {}, entities: [own] }, source(more)).problems)).toEqual([
      'sync_needs_key entities[0].sync.strategy',
    ])
  })

  it('cannot be where the table that is there takes the values in no exact form', () => {
    const found = there('a', { id: 'boolean', name: 'text' })
    const listed = (sync: object) => ({
      sync: {},
      entities: [{ source: 'public.a', columns: ['id', 'name'], sync }],
    })
    expect(
      compile(listed({}), source(), state(found)).find('a')!.definition.sync!.stage,
    ).toBeUndefined()
    expect(told(compile(listed({ strategy: 'id' }), source(), state(found)).problems)).toEqual([
      'sync_needs_key entities[0].sync.strategy',
    ])
  })
})

describe('a strategy of the whole plan', () => {
  it('gives way to comparison, with a note, where a table is no case for it', () => {
    const tables = [own(), table('b', keyless)]
    const { find, problems, notes } = compile(
      { sync: { strategy: 'xmin' }, entities: '*' },
      { ...catalog(tables), types },
    )
    expect(problems).toEqual([])
    expect(find('a')!.definition.sync!.strategy).toBe('xmin')
    expect(find('b')!.definition.sync!.strategy).toBe('hash')
    expect(told(notes)).toContain('sync_needs_key sync.strategy')
  })

  it('says at the entity what it cannot say itself', () => {
    const { problems } = compile({ sync: { strategy: 'timestamp' } }, source())
    expect(told(problems)).toEqual(['sync_column_missing entities'])
  })

  it('is worth a note where it compares many rows that could be followed', () => {
    const many = { statistics: { rows: 200_000, pages: 1000, bytes: 8_192_000 } }
    const notes = (sync: object, more: object) =>
      told(compile({ sync, entities: '*' }, source(more)).notes)
    expect(notes({}, many)).toEqual(['sync_compares_all sync.strategy'])
    expect(notes({}, {})).toEqual([])
    expect(notes({ strategy: 'xmin' }, many)).toEqual([])
    expect(notes({}, { ...keyless, ...many })).not.toContain('sync_compares_all sync.strategy')
  })

  it('compares rows that are looked up', () => {
    const lookup = (sync?: object) => ({
      sync: { strategy: 'xmin' },
      entities: [
        {
          source: 'public.a',
          id: { strategy: 'lookup', by: { name: 'name' } },
          ...(sync === undefined ? {} : { sync }),
        },
      ],
    })
    const { find, problems, notes } = compile(lookup(), source())
    expect([problems, find('a')!.definition.sync!.strategy]).toEqual([[], 'hash'])
    expect(told(notes)).toContain('sync_lookup sync.strategy')
    expect(told(compile(lookup({ strategy: 'xmin' }), source()).problems)).toEqual([
      'sync_lookup entities[0].sync.strategy',
    ])
  })
})

describe('names that need quotes', () => {
  it('are names all the same', () => {
    const hostile = 'u"p\'; drop table x; -- $$'
    const odd = table('A."b', {
      schema: 'S s',
      columns: [column('Key ";'), column(hostile, at)],
      keys: [key('k', true, ['Key ";'])],
      constraints: [],
      indexes: [index('i"', [hostile])],
      update_triggers: ['t'],
    })
    const { entities, problems } = compile(
      {
        source: { secret: 'S', schemas: ['S s'] },
        sync: {},
        entities: [{ source: 'S s."A.""b"', sync: { strategy: 'timestamp', column: hostile } }],
      },
      catalog([odd]),
    )
    expect(problems).toEqual([])
    expect(entities[0]!.definition.sync!.column!.column).toBe(hostile)
    expect(entities[0]!.definition.sync!.stage!.mapping.columns).toEqual(['Key ";', hostile])
  })
})
