import { describe, expect, it } from 'vitest'
import { compilePlan } from '../../../shared/plan/compile.ts'
import { discoverPlan } from '../../../shared/plan/discover.ts'
import { planFingerprint, sourceFingerprint } from '../../../shared/plan/fingerprint.ts'
import { type Plan, parsePlan } from '../../../shared/plan/schema.ts'
import type { Catalog } from '../../../shared/source/catalog-rows.ts'
import { catalog, column, key, reference, table } from './catalog.ts'

function plan(more: object = {}): Plan {
  const json = { version: 1, name: 'x', source: { secret: 'S' }, entities: '*', ...more }
  const parsed = parsePlan(json)
  if (parsed.plan === undefined) throw new Error('the plan of the test is invalid')
  return parsed.plan
}

const compile = (source: Catalog, more: object = {}) => compilePlan(plan(more), source)

describe('compilePlan', () => {
  it('puts parents first and breaks a cycle at a nullable reference', () => {
    const source = catalog(
      [table('a'), table('b'), table('c'), table('d')],
      [reference('a', 'b'), reference('b', 'c'), reference('c', 'a', true), reference('d', 'd')],
    )
    const { entities, notes } = compile(source)
    expect(entities.map((e) => `${e.dependency_order} ${e.entity_name}`)).toEqual([
      '1 public.c',
      '2 public.b',
      '3 public.a',
      '4 public.d',
    ])
    expect(notes.map(({ code }) => code)).toEqual(['dependency_cycle'])
  })

  it('leaves generated columns out and refuses unknown ones by their path', () => {
    const columns = [column('id'), column('twice', { generated: 's' }), column('note')]
    const source = catalog([table('a', { columns })])
    expect(compile(source).entities[0]?.definition.columns.map(({ source }) => source)).toEqual([
      'id',
      'note',
    ])
    const entity = { source: 'public.a', columns: ['nota', 'id', 'id'] }
    const { problems } = compile(source, { entities: [entity] })
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ['column_unknown', 'entities[0].columns[0]'],
      ['column_duplicate', 'entities[0].columns[2]'],
    ])
    expect(problems[0]?.hint).toContain('note')
  })

  it('reads by the primary key, else by the narrowest unique index, else by place', () => {
    const wide = key('z_wide', false, ['name'], -1)
    const pair = key('a_pair', false, ['id', 'name'])
    const source = catalog([
      table('a', { keys: [pair, wide, key('pk', true, ['id', 'name'])] }),
      table('b', { keys: [pair, wide, key('narrow', false, ['id'])] }),
      table('c', { keys: [] }),
    ])
    const { entities, notes } = compile(source)
    const keys = entities.map(({ definition }) => definition.key.map((each) => each.column))
    expect(keys).toEqual([['id', 'name'], ['id'], ['ctid']])
    expect(notes.map(({ code }) => code)).toEqual(['table_without_key'])
  })

  it('scales the estimate to the size of now, and guesses where nothing was measured', () => {
    const of = (rows: number, pages: number, bytes: number) =>
      compile(catalog([table('a', { statistics: { rows, pages, bytes } })])).entities[0]
        ?.records_total
    expect(of(1000, 10, 81_920 * 3)).toBe(3000)
    expect(of(-1, 0, 0)).toBe(0)
    expect(of(-1, 0, 8192)).toBeGreaterThan(50)
  })

  it('refuses what the role cannot read in full', () => {
    const source = catalog([
      table('a', { row_security: true }),
      table('b', { columns: [column('id'), column('x', { readable: false })] }),
      table('c', { usable_schema: false }),
    ])
    expect(compile(source).problems.map(({ code }) => code)).toEqual([
      'source_row_security',
      'source_privilege',
      'source_privilege',
    ])
  })
})

describe('fingerprints', () => {
  const source = catalog([table('a'), table('b')])

  it('ignore the order of keys and the editor schema, and nothing else', () => {
    const one = plan({
      $schema: 'https://example.com/plan.json',
      settings: { lanes: 2, batch_rows: 5 },
    })
    const same = plan({ settings: { batch_rows: 5, lanes: 2 } })
    expect(planFingerprint(one)).toBe(planFingerprint(same))
    expect(planFingerprint(one)).toMatch(/^[0-9a-f]{64}$/)
    expect(planFingerprint(plan({ name: 'y' }))).not.toBe(planFingerprint(plan()))
  })

  it('see a column that was added or changed, and no other table', () => {
    const only = { entities: ['public.a'] }
    const print = (changed: Catalog) => sourceFingerprint(compile(changed, only).entities, changed)
    const [a, b] = source.tables
    const added = { ...a!, columns: [...a!.columns, column('new')] }
    const wider = { ...a!, columns: a!.columns.map((c) => ({ ...c, type: 'bigint' })) }
    const grown = { ...a!, statistics: { rows: 5, pages: 5, bytes: 5 } }
    expect(print(catalog([added, b!]))).not.toBe(print(source))
    expect(print(catalog([wider, b!]))).not.toBe(print(source))
    expect(print(catalog([grown, { ...b!, columns: [] }]))).toBe(print(source))
  })
})

describe('discoverPlan', () => {
  it('drafts a valid plan and leaves bookkeeping out', () => {
    const source = catalog([
      table('users'),
      table('django_migrations'),
      table('t', { schema: 'shop' }),
    ])
    const { plan: draft, notes } = discoverPlan(source, { name: 'x', secret: 'S' })
    expect(parsePlan(JSON.parse(JSON.stringify(draft))).problems).toEqual([])
    expect(draft.source.schemas).toEqual(['public', 'shop'])
    expect(compilePlan(draft, source).entities.map((e) => e.entity_name)).toEqual([
      'public.users',
      'shop.t',
    ])
    expect(notes.map(({ code }) => code)).toContain('bookkeeping_excluded')
  })
})
