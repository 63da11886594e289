import { describe, expect, it } from 'vitest'
import { compilePlan } from '../../../shared/plan/compile.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import type { Catalog, CatalogType } from '../../../shared/source/catalog-rows.ts'
import { catalog, column, table } from './catalog.ts'

const user = { extension: null, schema: 'public' }
const types: readonly CatalogType[] = [
  {
    ...user,
    oid: '1',
    name: 'mood',
    qualified: 'public.mood',
    kind: 'enum',
    labels: ['sad', "o'k"],
  },
  {
    ...user,
    oid: '2',
    name: 'citext',
    qualified: 'public.citext',
    extension: 'citext',
    kind: 'base',
  },
  {
    ...user,
    oid: '3',
    name: 'deep',
    qualified: 'public.deep',
    kind: 'composite',
    attributes: [{ name: 'a', type: 'json', type_oid: '114', collation: null }],
  },
]
const columns = [
  ...Object.entries({
    i: 'integer',
    n: 'numeric(10,2)',
    r: 'real',
    t: 'text',
    d: 'date',
    z: 'timestamp with time zone',
    j: 'json[]',
    b: 'jsonb',
  }).map(([name, type]) => column(name, { type, type_oid: '23' })),
  column('g', { generated: 's' }),
  column('m', { type: 'public.mood', type_oid: '1' }),
  column('c', { type: 'public.citext', type_oid: '2' }),
  column('x', { type: 'public.deep', type_oid: '3' }),
]
const source: Catalog = { ...catalog([table('f', { columns }), table('g')]), types }

function compile(rules: unknown, more: object = {}) {
  const { plan, problems } = parsePlan({
    version: 1,
    name: 'f',
    source: { secret: 'S' },
    entities: [{ source: 'public.f', rules, ...more }],
  })
  if (plan === undefined) return { problems, rules: undefined }
  const compiled = compilePlan(plan, source)
  return { problems: compiled.problems, rules: compiled.entities[0]?.definition.rules }
}

const violation = (rule: object) => compile([rule]).rules?.[0]?.violation

describe('a rule', () => {
  it.each([
    [{ rule: 'not_null', column: 'x' }, '"x" is not distinct from null'],
    [{ rule: 'range', column: 'i', min: 1 }, `("i" < '1'::bigint)`],
    [
      { rule: 'range', column: 'd', min: '2024-01-01', max: 'infinity' },
      `("d" < '2024-01-01'::date or "d" > 'infinity'::date)`,
    ],
    [
      { rule: 'choice', column: 't', values: ["it's", '\\'] },
      `("t" <> 'it''s'::text and "t" <> '\\'::text)`,
    ],
    [
      { rule: 'pattern', column: 't', pattern: "^'\\d$" },
      `("t"::text collate "default") !~ '^''\\d$'`,
    ],
    [{ rule: 'compare', left: 'd', is: '<=', right: 'z' }, 'not ("d" <= "z")'],
    [
      { rule: 'compare', left: 't', is: '<>', right: 't' },
      'not ("t"::text collate "default" <> "t"::text collate "default")',
    ],
    [
      { rule: 'choice', column: 'c', values: ['A'] },
      `(pg_catalog.lower("c"::text collate "default") <> pg_catalog.lower('A'::text collate "default"))`,
    ],
    [
      { rule: 'range', column: 'm', min: "o'k" },
      `((case when "m" is not null then coalesce(pg_catalog.array_position(array['sad', 'o''k']::text[], pg_catalog.format('%s', "m")), 0) end) < 2)`,
    ],
  ])('%j becomes a condition over the target', (rule, sql) => {
    expect(violation(rule)).toBe(sql)
  })

  it('has a name, a severity and the columns that it is about', () => {
    const { rules, problems } = compile([
      { rule: 'unique', columns: ['t', 'g'], severity: 'warning' },
      { rule: 'not_null', column: 'i', name: 'there' },
    ])
    expect(problems).toEqual([])
    expect(rules).toEqual([
      {
        name: 'unique t, g',
        severity: 'warning',
        rule: 'unique',
        columns: ['t', 'g'],
        unique: ['t', 'g'],
      },
      {
        name: 'there',
        severity: 'failed',
        rule: 'not_null',
        columns: ['i'],
        violation: '"i" is not distinct from null',
      },
    ])
    expect(compile(undefined).rules).toBeUndefined()
  })

  it.each([
    [{ rule: 'not_null', column: 'tt' }, 'column_unknown', '.column'],
    [{ rule: 'unique', columns: ['t', 'zz'] }, 'column_unknown', '.columns[1]'],
    [{ rule: 'compare', left: 'i', is: '=', right: 'ii' }, 'column_unknown', '.right'],
    [{ rule: 'range', column: 'b', min: 1 }, 'rule_type_unsupported', '.column'],
    [{ rule: 'pattern', column: 'i', pattern: '1' }, 'rule_type_unsupported', '.column'],
    [{ rule: 'compare', left: 'i', is: '=', right: 't' }, 'rule_type_unsupported', ''],
    [{ rule: 'compare', left: 'n', is: '=', right: 'r' }, 'rule_type_unsupported', ''],
    [{ rule: 'compare', left: 'c', is: '=', right: 't' }, 'rule_type_unsupported', ''],
    [{ rule: 'unique', columns: ['j'] }, 'rule_type_unsupported', '.columns[0]'],
    [{ rule: 'unique', columns: ['x'] }, 'rule_type_unsupported', '.columns[0]'],
    [{ rule: 'range', column: 'i', min: 'x' }, 'rule_value_invalid', '.min'],
    [{ rule: 'range', column: 'd', min: '2024-01-01', max: 1 }, 'rule_value_invalid', '.max'],
    [{ rule: 'choice', column: 'm', values: ['sad', 'glad'] }, 'rule_value_invalid', '.values[1]'],
    [{ rule: 'choice', column: 'c', values: [1] }, 'rule_value_invalid', '.values[0]'],
    [{ rule: 'range', column: 'i' }, 'plan_value_invalid', ''],
    [{ rule: 'range', column: 'i', mini: 1, min: 1 }, 'plan_key_unknown', '.mini'],
    [{ rule: 'pattern', column: 't' }, 'plan_key_missing', '.pattern'],
    [{ rule: 'pattern', column: 't', pattern: 'a\0' }, 'plan_value_invalid', '.pattern'],
    [{ rule: 'pattern', column: 't', pattern: 'a'.repeat(1001) }, 'plan_value_invalid', '.pattern'],
    [{ rule: 'sql', column: 't' }, 'plan_value_invalid', '.rule'],
    [{ rule: 'not_null', column: 't', severity: 'info' }, 'plan_value_invalid', '.severity'],
    [{ rule: 'not_null', column: 't', name: 'a\nb' }, 'plan_value_invalid', '.name'],
  ])('%j is refused by its path', (rule, code, at) => {
    expect(compile([rule]).problems.map((each) => [each.code, each.path])).toEqual([
      [code, `entities[0].rules[0]${at}`],
    ])
  })

  it('asks no column that is not copied, and shares its name with no other', () => {
    const left = compile([{ rule: 'not_null', column: 't' }], { columns: ['i'] })
    expect(left.problems.map(({ code, path }) => [code, path])).toEqual([
      ['column_left_out', 'entities[0].rules[0].column'],
    ])
    const twice = compile([
      { rule: 'not_null', column: 't' },
      { rule: 'range', column: 'i', max: 1, name: 'not_null t' },
    ])
    expect(twice.problems.map(({ code, path }) => [code, path])).toEqual([
      ['rule_duplicate', 'entities[0].rules[1]'],
    ])
    expect(compile([{ rule: 'not_null', column: 'tt' }]).problems[0]?.hint).toContain(
      'Did you mean t',
    )
  })
})
