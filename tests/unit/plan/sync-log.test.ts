import { describe, expect, it } from 'vitest'
import type { CatalogTable } from '../../../shared/source/catalog-rows.ts'
import { constraint, index, key, table } from './catalog.ts'
import { asked, source } from './sync-table.ts'

const path = 'entities[0].sync.strategy'
const general = { publication: 'ferry' }
const log = (more: Partial<CatalogTable> = {}) =>
  asked({ strategy: 'log' }, { general, at: source(more) })

const unique = index('orders_nr', ['id', 'nr'], { unique: true })
const alter = 'Run at the source: alter table "public"."orders" replica identity'

describe('the strategy log', () => {
  it('needs a publication, said once', () => {
    expect(asked({ strategy: 'log' }).problems).toEqual([
      'sync_publication_missing sync.publication',
    ])
    expect(log()).toMatchObject({ problems: [], sync: { strategy: 'log' } })
  })

  it.each<[string, Partial<CatalogTable>]>([
    ['by the whole row', { replica_identity: 'f', constraints: [] }],
    ['by an index', { replica_identity: 'i', indexes: [{ ...unique, replica_identity: true }] }],
    [
      'by an index over more than the key',
      { replica_identity: 'i', indexes: [{ ...unique, replica_identity: true }], constraints: [] },
    ],
  ])('takes a table whose rows the log names %s', (_how, more) => {
    expect(log(more).problems).toEqual([])
  })

  it.each<[string, Partial<CatalogTable>, string]>([
    ['nothing', { replica_identity: 'n' }, 'default'],
    [
      'an index without the key',
      {
        replica_identity: 'i',
        indexes: [index('i', ['nr'], { unique: true, replica_identity: true })],
      },
      'default',
    ],
    [
      'a key that is looked at late',
      { constraints: [constraint('orders_pkey', 'p', { columns: ['id'], deferrable: true })] },
      'full',
    ],
    [
      'a primary key that the table has not',
      { constraints: [], keys: [key('odd "key"', false, ['id'])] },
      'using index "odd ""key"""',
    ],
  ])('needs more than %s', (_what, more, remedy) => {
    const { problems, hints } = log(more)
    expect(problems).toEqual([`sync_replica_identity_missing ${path}`])
    expect(hints).toEqual([`${alter} ${remedy};`])
  })

  it('asks every partition', () => {
    const partition = (name: string, more: Partial<CatalogTable>) =>
      table(name, {
        partition: {
          schema: 'public',
          table: 'orders',
          root_schema: 'public',
          root_table: 'orders',
          depth: 1,
          bound: 'DEFAULT',
        },
        ...more,
      })
    const partitions = [
      partition('good', {}),
      partition('none', { replica_identity: 'n' }),
      partition('far', { kind: 'f' }),
      partition('fast', { unlogged: true }),
      { ...partition('other', { replica_identity: 'n' }), partition: null },
    ]
    const at = { ...source({ partitioned: true, kind: 'p', replica_identity: 'n' }), partitions }
    expect(asked({ strategy: 'log' }, { general, at }).problems).toEqual([
      `sync_replica_identity_missing ${path}`,
      `sync_not_logged ${path}`,
      `sync_not_logged ${path}`,
    ])
  })

  it('cannot see an unlogged table', () => {
    expect(log({ unlogged: true }).problems).toEqual([`sync_not_logged ${path}`])
  })

  it('is of no use for tables without a key, whatever the plan says of all', () => {
    const at = source({ keys: [], constraints: [], replica_identity: 'n' })
    const { problems, notes, sync } = asked({}, { general: { ...general, strategy: 'log' }, at })
    expect([problems, sync!.strategy]).toEqual([[], 'hash'])
    expect(notes).toContain(`sync_needs_key ${path}`)
  })
})
