import { describe, expect, it } from 'vitest'
import { compilePlan } from '../../../shared/plan/compile.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import type { CatalogConstraint } from '../../../shared/source/catalog-rows-attached.ts'
import { catalog, column, constraint, reference, table } from './catalog.ts'

const text = { type: 'text', type_oid: '25', length: -1 }
const columns = [column('id'), column('o"dd', text), column('extra', { type: 'jsonb' })]

function foreignKey(name: string, to: string, more: Partial<CatalogConstraint> = {}) {
  const actions = { on_update: 'a', on_delete: 'a', set_columns: [] }
  return constraint(name, 'f', {
    columns: ['id', 'o"dd'],
    reference: {
      schema: 'public',
      table: to,
      columns: ['name', 'id'],
      match_full: false,
      ...actions,
    },
    ...more,
  })
}

const source = catalog(
  [
    table('a', {
      columns,
      constraints: [
        foreignKey('to_b', 'b'),
        foreignKey('to_c', 'c'),
        foreignKey('loose', 'b', { validated: false }),
        foreignKey('unenforced', 'b', { enforced: false }),
        foreignKey('inherited', 'b', { inherited: true }),
        foreignKey('period', 'b', { period: true }),
      ],
    }),
    table('b'),
    table('c'),
  ],
  [reference('a', 'b')],
)

function compile(more: object) {
  const { plan, problems } = parsePlan({
    version: 1,
    name: 'v',
    source: { secret: 'S' },
    entities: ['public.a', 'public.b'],
    ...more,
  })
  return plan === undefined ? { problems, entities: [] } : compilePlan(plan, source)
}

describe('the settings of a verification', () => {
  it('have defaults', () => {
    const { plan } = parsePlan({ version: 1, name: 'v', source: { secret: 'S' }, entities: '*' })
    expect(plan?.verification).toEqual({ mode: 'full', sample_rows: 100, queries: [] })
  })

  it.each([
    [{ mode: 'some' }, 'plan_value_invalid', 'verification.mode'],
    [{ sample_rows: 0 }, 'plan_value_invalid', 'verification.sample_rows'],
    [{ sample_rows: 100_001 }, 'plan_value_invalid', 'verification.sample_rows'],
    [{ seed: 1.5 }, 'plan_value_invalid', 'verification.seed'],
    [{ seed: '1' }, 'plan_value_invalid', 'verification.seed'],
    [{ moded: 1 }, 'plan_key_unknown', 'verification.moded'],
    [{ queries: [{ name: 'q' }] }, 'plan_key_missing', 'verification.queries[0].entity'],
    [
      { queries: [{ name: 'q', entity: 'public.a', limit: 0 }] },
      'plan_value_invalid',
      'verification.queries[0].limit',
    ],
    [
      { queries: Array(51).fill({ name: 'q', entity: 'public.a' }) },
      'plan_value_invalid',
      'verification.queries',
    ],
  ])('%j is refused by its path', (verification, code, path) => {
    expect(compile({ verification }).problems.map((each) => [each.code, each.path])).toEqual([
      [code, path],
    ])
  })
})

describe('references', () => {
  it('between moved tables are kept by their names in the target', () => {
    const { entities } = compile({ rename: { tables: { 'public.b': 'other.people' } } })
    const [b, a] = entities.map(({ definition }) => definition)
    expect(b?.references).toBeUndefined()
    const to_b = {
      name: 'to_b',
      columns: ['id', 'o"dd'],
      source_columns: ['id', 'o"dd'],
      referenced: { schema: 'other', table: 'people' },
      referenced_columns: ['name', 'id'],
      match_full: false,
      validated: true,
    }
    expect(a?.references).toEqual([
      to_b,
      { ...to_b, name: 'loose', validated: false },
      { ...to_b, name: 'unenforced', validated: false },
    ])
  })

  it('over columns that stay behind are none', () => {
    const own = compile({ entities: [{ source: 'public.a', columns: ['id'] }, 'public.b'] })
    const other = compile({ entities: ['public.a', { source: 'public.b', columns: ['id'] }] })
    for (const { entities } of [own, other]) {
      expect(entities.map(({ definition }) => definition.references)).toEqual([
        undefined,
        undefined,
      ])
    }
  })
})

describe('chosen queries', () => {
  const where = {
    any: [
      { column: 'o"dd', is: 'starts with', value: "it's" },
      { column: 'id', is: 'in', values: [1, 2] },
    ],
  }

  it('become a statement for each side, with the first entity', () => {
    const { entities, problems } = compile({
      entities: [
        {
          source: 'public.a',
          columns: ['id', 'o"dd'],
          filter: { column: 'id', is: '>', value: 0 },
        },
        { source: 'public.b', target: 'other.people' },
      ],
      verification: {
        queries: [
          { name: 'some', entity: 'public.a', where, order: ['o"dd', 'id'], limit: 5 },
          { name: 'all', entity: 'public.b' },
        ],
      },
    })
    expect(problems).toEqual([])
    const condition = `(pg_catalog.left("o""dd"::text, 4) = 'it''s' collate "C" or ("id" = '1'::bigint or "id" = '2'::bigint))`
    const rest = `(${condition}) order by "o""dd", "id" limit 5`
    expect(entities.map(({ definition }) => definition.queries)).toEqual([
      [
        {
          name: 'some',
          entity: 'public.a',
          source: `select "id", "o""dd" from "public"."a" where ("id" > '0'::bigint) and ${rest}`,
          target: `select "id", "o""dd" from "public"."a" where ${rest}`,
        },
        {
          name: 'all',
          entity: 'public.b',
          source: 'select "id", "name" from "public"."b"',
          target: 'select "id", "name" from "other"."people"',
        },
      ],
      undefined,
    ])
  })

  it.each([
    [{ entity: 'public.c' }, 'query_entity_unknown', '.entity'],
    [{ order: ['nam'] }, 'column_unknown', '.order[0]'],
    [{ order: ['id', 'extra'] }, 'query_type_unsupported', '.order[1]'],
    [{ where: { column: 'idd', is: 'null' } }, 'column_unknown', '.where.column'],
    [{ where: { column: 'id', is: '=', value: 'x' } }, 'filter_value_invalid', '.where.value'],
    [{ where: { column: 'extra', is: '=', value: 1 } }, 'filter_type_unsupported', '.where.column'],
  ])('with %j are refused by their path', (more, code, at) => {
    const query = { name: 'q', entity: 'public.a', ...more }
    const { problems } = compile({ verification: { queries: [query] } })
    expect(problems.map((each) => [each.code, each.path])).toEqual([
      [code, `verification.queries[0]${at}`],
    ])
  })

  it('ask no column that is not copied, and share no name', () => {
    const query = { name: 'q', entity: 'public.a', where: { column: 'extra', is: 'null' } }
    const { problems } = compile({
      entities: [{ source: 'public.a', columns: ['id'] }],
      verification: { queries: [query, { name: 'q', entity: 'public.a', order: ['extra'] }] },
    })
    expect(problems.map((each) => [each.code, each.path])).toEqual([
      ['column_left_out', 'verification.queries[0].where.column'],
      ['query_duplicate', 'verification.queries[1].name'],
      ['column_left_out', 'verification.queries[1].order[0]'],
    ])
  })
})
