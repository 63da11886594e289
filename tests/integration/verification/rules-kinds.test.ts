/** Every rule of a plan finds the rows of the target that violate it, and no other. */
import { beforeEach, describe, expect, it } from 'vitest'
import { checkRules } from '../../../shared/verification/rules/check-rules.ts'
import { rulesScene } from './rules-scene.ts'

const rows = `
create extension citext;
create type mood as enum ('sad', 'ok', 'glad');
create domain feeling as mood;
create type pair as (a integer, b integer);
create collation nobody_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table people (
  id integer primary key, "o""dd" text, age integer, email citext, mood mood, feeling feeling,
  born date, died timestamptz, short char(5), score numeric, weight real, height double precision,
  active boolean, tag uuid, pair pair, place text, loose text collate nobody_case, plain text collate "C"
);
insert into people select i, 'name ' || i, i, 'P' || i || '@example.com', 'ok', 'ok',
  '2000-01-01', '2020-01-01Z', 'ab', i + 0.5, 1.5, 1.75, true,
  '00000000-0000-4000-8000-000000000000', row(null::integer, 1)::pair, 'here', 'Loose', 'loose'
  from generate_series(1, 20) i;
-- Nothing is known of this one.
insert into people (id, pair) values (21, '(,)');
create table keyless (a integer, b text);
insert into keyless select i, 'x' from generate_series(1, 5) i;
`
const warning = { severity: 'warning' } as const
const rules = [
  { name: 'none', rule: 'not_null', column: 'pair' },
  { name: 'age', rule: 'range', column: 'age', min: 0, max: 150 },
  { name: 'glad', rule: 'range', column: 'mood', min: 'ok' },
  { name: 'name', rule: 'range', column: 'o"dd', min: 'name', max: 'nb' },
  { name: 'mail', rule: 'choice', column: 'place', values: ['here', "o'r", '\\'], ...warning },
  { name: 'moods', rule: 'choice', column: 'feeling', values: ['ok', 'sad'] },
  {
    name: 'mails',
    rule: 'choice',
    column: 'email',
    values: Array.from({ length: 20 }, (_, i) => `p${i + 1}@EXAMPLE.com`),
  },
  { name: 'padded', rule: 'choice', column: 'short', values: ['ab', 'b'] },
  { name: 'yes', rule: 'choice', column: 'active', values: [true] },
  { name: 'loose', rule: 'choice', column: 'loose', values: ['LOOSE'] },
  { name: 'form', rule: 'pattern', column: 'email', pattern: "^[^@']+@example[.]com$" },
  { name: 'loose form', rule: 'pattern', column: 'loose', pattern: '^[[:alpha:]]+$' },
  { name: 'one', rule: 'unique', columns: ['o"dd', 'age'] },
  { name: 'one mail', rule: 'unique', columns: ['email'], ...warning },
  { name: 'one loose', rule: 'unique', columns: ['loose', 'id'] },
  { name: 'lived', rule: 'compare', left: 'born', is: '<=', right: 'died' },
  { name: 'scored', rule: 'compare', left: 'age', is: '<', right: 'score' },
  { name: 'higher', rule: 'compare', left: 'weight', is: '<>', right: 'height' },
  { name: 'other', rule: 'compare', left: 'loose', is: '<>', right: 'plain' },
  { name: 'same mood', rule: 'compare', left: 'mood', is: '=', right: 'feeling' },
]

const plan = {
  rename: { schemas: { public: 'New "home"' } },
  entities: [
    { source: 'public.people', rules },
    {
      source: 'public.keyless',
      rules: [
        { rule: 'range', column: 'a', max: 3 },
        { rule: 'unique', columns: ['b'] },
      ],
    },
  ],
}
const scene = await rulesScene(rows, plan)
const { sql } = scene.target
await sql`create table people_before as table "New ""home""".people`

const check = async (range?: Parameters<typeof scene.rows>[1], first = true) =>
  checkRules({ ...(await scene.rows('public.people', range)), first })

beforeEach(async () => {
  await sql`truncate "New ""home""".people`
  await sql`insert into "New ""home""".people table people_before`
})

describe('rules over rows that keep them', () => {
  it('find nothing', async () => {
    const { results, findings } = await check()
    expect(findings).toEqual([])
    expect(results).toEqual([
      expect.objectContaining({
        check: 'rules',
        type: 'business_rules',
        status: 'passed',
        issues: 0,
        // All rows, and for each unique rule those without a null.
        validated: 21 + 20 + 20 + 20,
        criteria: { rules: rules.map(({ name }) => name) },
      }),
    ])
  })
})

describe('a rule', () => {
  it.each([
    ['none', 'pair = null', 'failed'],
    ['age', 'age = 151', 'failed'],
    ['age', 'age = -1', 'failed'],
    ['glad', `mood = 'sad'`, 'failed'],
    ['name', `"o""dd" = 'zoe'`, 'failed'],
    ['mail', `place = 'there'`, 'warning'],
    ['moods', `feeling = 'glad'`, 'failed'],
    ['padded', `short = 'abc'`, 'failed'],
    ['yes', 'active = false', 'failed'],
    ['loose', `loose = 'other'`, 'failed'],
    ['loose form', `loose = 'loose!'`, 'failed'],
    ['lived', `died = '1999-12-31Z'`, 'failed'],
    ['scored', 'score = age', 'failed'],
    ['higher', 'height = 1.5', 'failed'],
    ['other', `plain = 'Loose'`, 'failed'],
    ['mails', `email = 'p' || id || '@example.com '`, 'failed'],
    ['form', `email = 'p''' || id || '@example.com'`, 'failed'],
    ['same mood', `feeling = 'sad'`, 'failed'],
  ])('%s finds a row with %s', async (name, change, severity) => {
    await sql.unsafe(`update "New ""home""".people set ${change} where id in (7, 12)`)
    const { results, findings } = await check()
    const own = findings.filter(({ object }) => object === name)
    expect(own.map(({ key }) => key?.[0]).sort()).toEqual(['12', '7'])
    for (const finding of own)
      expect(finding).toMatchObject({ check: 'rules', kind: 'rule', severity })
    expect(results[0]).toMatchObject({ status: severity, issues: 2 })
  })

  it('of the labels of an enum takes one that the source does not know for a violation', async () => {
    await sql`alter type "New ""home""".mood add value if not exists 'new' after 'ok'`
    await sql`update "New ""home""".people set feeling = 'new', mood = 'new' where id = 3`
    const { findings } = await check()
    expect(findings.map(({ object, key }) => [object, key])).toEqual([
      ['glad', ['3']],
      ['moods', ['3']],
    ])
  })

  it('of uniqueness names all rows that are alike, as the columns compare', async () => {
    await sql`update "New ""home""".people set email = 'p1@EXAMPLE.com' where id = 2`
    await sql`update "New ""home""".people set "o""dd" = 'name 9', age = 9 where id in (10, 11)`
    const { results, findings } = await check()
    const named = (name: string) =>
      findings.filter(({ object }) => object === name).map(({ key }) => Number(key?.[0]))
    expect(named('one mail').toSorted()).toEqual([1, 2])
    expect(named('one').toSorted((a, b) => a - b)).toEqual([9, 10, 11])
    expect(results[0]).toMatchObject({ status: 'failed', validated: 21 + 20 + 20 + 20 })
  })

  it('of a row is looked at in the batch of the row, one of all rows in the first batch', async () => {
    await sql`update "New ""home""".people set age = 200, score = 201 where id in (5, 10, 11)`
    await sql`update "New ""home""".people set "o""dd" = 'name' where id in (5, 11)`
    const parts = [
      await check({ after: null, through: ['5'] }, true),
      await check({ after: ['5'], through: ['10'] }, false),
      await check({ after: ['10'], through: null }, false),
    ]
    const keys = parts.map(({ findings }) =>
      findings.map(({ object, key }) => `${object} ${key?.[0]}`).toSorted(),
    )
    expect(keys).toEqual([['age 5', 'one 11', 'one 5'], ['age 10'], ['age 11']])
    expect(parts.map(({ results }) => results[0]?.validated)).toEqual([5 + 60, 5, 11])
  })

  it('counts all rows and names a hundred', async () => {
    await sql`insert into "New ""home""".people (id, age, pair)
      select i, -1, '(,)' from generate_series(1001, 1250) i`
    const { results, findings } = await check()
    expect(results[0]).toMatchObject({ status: 'failed', issues: 250 })
    expect(findings).toHaveLength(100)
  })

  it('of a table without a key says where its rows lie', async () => {
    const all = await scene.rows('public.keyless')
    const { results, findings } = await checkRules({ ...all, first: true })
    expect(results[0]).toMatchObject({ status: 'failed', validated: 10, issues: 2 + 5 })
    const places = findings.map(({ object, key, detail }) => [object, key, detail?.target_place])
    expect(places.slice(0, 2)).toEqual([
      ['range a', undefined, '(0,4)'],
      ['range a', undefined, '(0,5)'],
    ])
    expect(places.slice(2).map(([object]) => object)).toEqual(Array(5).fill('unique b'))
  })

  it('that nobody gave finds nothing and says nothing', async () => {
    const all = await scene.rows('public.keyless')
    const { rules: _rules, ...table } = all.table
    expect(await checkRules({ ...all, table, first: true })).toEqual({ results: [], findings: [] })
  })
})
