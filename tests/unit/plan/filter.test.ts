import { describe, expect, it } from 'vitest'
import { compilePlan } from '../../../shared/plan/compile.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import type { CatalogType } from '../../../shared/source/catalog-rows.ts'
import { catalog, column, table } from './catalog.ts'

const mood: CatalogType = {
  oid: '1',
  schema: 'public',
  name: 'mood',
  qualified: 'public.mood',
  extension: null,
  kind: 'enum',
  labels: ['sad', "o'k"],
}
const types: Record<string, string> = {
  i: 'integer',
  n: 'numeric(10,2)',
  t: 'text',
  v: 'character varying(3)',
  b: 'boolean',
  d: 'date',
  z: 'timestamp with time zone',
  j: 'jsonb',
  a: 'integer[]',
  r: 'real',
  u: 'uuid',
}
const columns = [
  ...Object.entries(types).map(([name, type]) => column(name, { type, type_oid: '23' })),
  column('m', { type: 'public.mood', type_oid: '1' }),
]
const source = { ...catalog([table('f', { columns })]), types: [mood] }

function compile(filter: unknown) {
  const { plan, problems } = parsePlan({
    version: 1,
    name: 'f',
    source: { secret: 'S' },
    entities: [{ source: 'public.f', filter }],
  })
  if (plan === undefined) return { problems, filter: undefined }
  const compiled = compilePlan(plan, source)
  return { problems: compiled.problems, filter: compiled.entities[0]?.definition.filter }
}

const is = (name: string, sign: string, value: unknown) => ({ column: name, is: sign, value })

describe('a filter', () => {
  it('becomes a condition with literals of the column’s class', () => {
    expect(compile(is('t', '=', "it's")).filter).toBe(`"t" = 'it''s'::text`)
    // In its own type the literal would be cut to three characters.
    expect(compile(is('v', '=', 'long one')).filter).toBe(`"v" = 'long one'::text`)
    expect(compile(is('i', '>', 99999999999)).filter).toBe(`"i" > '99999999999'::bigint`)
    expect(compile(is('m', '=', "o'k")).filter).toBe(`"m" = 'o''k'::public.mood`)
    expect(compile(is('t', 'starts with', "a'ü")).filter).toBe(
      `pg_catalog.left("t"::text, 3) = 'a''ü' collate "C"`,
    )
    const nested = {
      any: [
        { column: 'j', is: 'null' },
        { all: [is('d', '<', '2024-02-29'), { column: 'n', is: 'in', values: [1.5, '2'] }] },
      ],
    }
    expect(compile(nested).filter).toBe(
      `("j" is null or ("d" < '2024-02-29'::date and ("n" = '1.5'::numeric or "n" = '2'::numeric)))`,
    )
  })

  it.each([
    [is('i', '=', '1x'), 'filter_value_invalid', 'value'],
    [is('i', '=', '9223372036854775808'), 'filter_value_invalid', 'value'],
    [is('i', '=', 1.5), 'filter_value_invalid', 'value'],
    [is('i', '=', 2 ** 60), 'filter_value_invalid', 'value'],
    [is('r', '=', '1e39'), 'filter_value_invalid', 'value'],
    [is('b', '=', 'yes'), 'filter_value_invalid', 'value'],
    [is('d', '=', '2023-02-29'), 'filter_value_invalid', 'value'],
    [is('z', '=', '2023-02-28T10:00:00'), 'filter_value_invalid', 'value'],
    [is('u', '=', `' or true --`), 'filter_value_invalid', 'value'],
    [is('t', '=', 'a\0b'), 'filter_value_invalid', 'value'],
    [is('m', '=', 'glad'), 'filter_value_invalid', 'value'],
    [is('j', '=', '{}'), 'filter_type_unsupported', 'column'],
    [is('a', '=', '{}'), 'filter_type_unsupported', 'column'],
    [is('i', 'starts with', '1'), 'filter_type_unsupported', 'is'],
    [is('x', '=', 1), 'column_unknown', 'column'],
    [
      { all: [{ column: 'i', is: 'in', values: [1, 'x'] }] },
      'filter_value_invalid',
      'all[0].values[1]',
    ],
  ])('%j is refused by its path', (filter, code, at) => {
    const { problems } = compile(filter)
    expect(problems.map((each) => [each.code, each.path])).toEqual([
      [code, `entities[0].filter.${at}`],
    ])
    expect(JSON.stringify(problems)).not.toContain('or true')
  })

  it('has a form of its own, and not any depth', () => {
    expect(compile({ column: 'i', is: 'like', value: 1 }).problems).not.toEqual([])
    expect(compile({ sql: 'true' }).problems).not.toEqual([])
    let deep: object = { column: 'i', is: 'null' }
    for (let level = 0; level < 30; level += 1) deep = { all: [deep] }
    expect(compile(deep).problems.map(({ code }) => code)).toEqual(['filter_too_deep'])
  })
})
