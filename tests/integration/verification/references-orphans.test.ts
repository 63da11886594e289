/** Rows of the target that point at nothing are found, whatever the target has declared. */
import { beforeEach, describe, expect, it } from 'vitest'
import { checkReferences } from '../../../shared/verification/references/check-references.ts'
import { rulesScene } from './rules-scene.ts'

const rows = `
create extension citext;
create table countries (code citext primary key, "na""me" text collate "C" unique);
insert into countries values ('CH', 'one'), ('DE', 'two');
create table parts (kind integer, at date, note text, unique (kind, at)) partition by range (at);
create table parts_old partition of parts for values from ('1900-01-01') to ('2000-01-01');
create table parts_new partition of parts for values from ('2000-01-01') to ('2100-01-01');
insert into parts values (1, '1950-01-01', 'a'), (1, '2050-01-01', 'b');
create table full_parents (a bigint, b integer, primary key (a, b));
insert into full_parents values (1, 1);
create table left_out (id integer primary key);
insert into left_out values (1);
create table people (
  id integer primary key,
  boss integer constraint boss references people,
  country citext constraint country references countries,
  -- Two collations that leave none to compare by, unless one of them is chosen.
  country_name text collate "POSIX" constraint "country ""name" references countries ("na""me"),
  kind integer, at date,
  a integer, b bigint,
  unseen integer constraint unseen references left_out,
  constraint part foreign key (at, kind) references parts (at, kind),
  constraint whole foreign key (a, b) references full_parents match full
);
insert into people select i, 1, 'ch', 'one', 1, '1950-01-01', 1, 1, 1 from generate_series(1, 20) i;
insert into people (id) values (21);
create table loose (id integer primary key, person integer, other integer);
insert into loose values (1, 1, 1), (2, 99, 1), (3, null, null);
alter table loose add constraint person foreign key (person) references people not valid;
`
const plan = { exclude: ['public.left_out'], rename: { schemas: { public: 'new' } } }
const scene = await rulesScene(rows, plan)
const { sql } = scene.target
await sql`create table people_before as table new.people`
const names = ['boss', 'country', 'country "name', 'part', 'whole']
// What the target declares would keep orphans out: the check has to find them without it.
for (const name of names)
  await sql.unsafe(`alter table new.people drop constraint "${name.replace('"', '""')}"`)

const check = async (range?: Parameters<typeof scene.rows>[1]) =>
  checkReferences(await scene.rows('public.people', range))

beforeEach(async () => {
  await sql`alter table new.people disable trigger all`
  await sql`truncate new.people cascade`
  await sql`insert into new.people table people_before`
  await sql`set session_replication_role = replica`
  await sql`insert into new.loose values (1, 1, 1), (2, 99, 1), (3, null, null) on conflict do nothing`
  await sql`reset session_replication_role`
})

describe('references that all find their rows', () => {
  it('give nothing but what was looked at', async () => {
    const { results, findings } = await check()
    expect(findings).toEqual([])
    expect(results).toEqual([
      expect.objectContaining({
        check: 'references',
        type: 'referential_integrity',
        status: 'passed',
        validated: 20 * names.length,
        issues: 0,
        criteria: { references: names.toSorted() },
      }),
    ])
  })

  it('of an entity that has none give nothing at all', async () => {
    const looked = await checkReferences(await scene.rows('public.countries'))
    expect(looked).toEqual({ results: [], findings: [] })
  })
})

describe('an orphan', () => {
  it.each([
    ['boss', 'boss = 1000', ['boss']],
    ['country', `country = 'xx'`, ['country']],
    ['country "name', `country_name = 'One'`, ['country_name']],
    ['part', `at = '1950-01-02'`, ['at', 'kind']],
    ['part', 'kind = 2', ['at', 'kind']],
    ['whole', 'a = 2', ['a', 'b']],
    ['whole', 'a = null', ['a', 'b']],
    ['whole', 'b = null', ['a', 'b']],
  ])('of %s by %s', async (object, change, columns) => {
    await sql.unsafe(`update new.people set ${change} where id in (4, 9)`)
    const { results, findings } = await check()
    expect(findings.toSorted((a, b) => Number(a.key) - Number(b.key))).toEqual(
      ['4', '9'].map((key) => ({
        check: 'references',
        kind: 'orphan',
        severity: 'failed',
        key: [key],
        columns,
        object,
      })),
    )
    expect(results[0]).toMatchObject({ status: 'failed', issues: 2, validated: 100 })
  })

  it.each([
    'kind = null',
    'at = null',
    'country = null',
    'a = null, b = null',
    `at = '2050-01-01'`,
  ])('is not a row with %s', async (change) => {
    await sql.unsafe(`update new.people set ${change} where id in (4, 9)`)
    expect((await check()).findings).toEqual([])
  })

  it('is one whose parent went away', async () => {
    await sql`alter table new.people disable trigger all`
    await sql`delete from new.people where id = 1`
    const { results, findings } = await check()
    expect(results[0]).toMatchObject({ issues: 19 })
    expect(new Set(findings.map(({ object }) => object))).toEqual(new Set(['boss']))
  })

  it('is named in the batch of its row', async () => {
    await sql`update new.people set boss = 1000 where id in (5, 6)`
    const parts = [
      await check({ after: null, through: ['5'] }),
      await check({ after: ['5'], through: null }),
    ]
    expect(parts.map(({ findings }) => findings.map(({ key }) => key))).toEqual([[['5']], [['6']]])
  })

  it('of a constraint that the source never validated is a warning', async () => {
    const { results, findings } = await checkReferences(await scene.rows('public.loose'))
    expect(findings.map(({ object, key, severity }) => [object, key, severity])).toEqual([
      ['person', ['2'], 'warning'],
    ])
    expect(results[0]).toMatchObject({ status: 'warning', validated: 2, issues: 1 })
  })
})
