/** A plan into tables that are there, on a real server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entityNamespace, nameUuid } from '../../../shared/projection/name-uuid.ts'
import { type MappingPair, mappingPair } from './load-plan.ts'

const uuid = (entity: string, key: string) => nameUuid(entityNamespace('test', entity), key)

const shop = `
create table staff (nr integer primary key, code text, boss integer);
insert into staff values (1, 'A', null), (2, 'b', 1), (3, 'nobody', 9), (4, 'twice', null), (5, null, null);
create table sales (nr bigint, line integer, staff integer, ward text, price text, sold text, note text,
  state text, primary key (nr, line));
insert into sales values
  (1, 1, 1, 'w1', '10.50', '31.12.2024', 'fine', 'o'),
  (1, 2, null, 'w1', '10.505', '31.12.2024', 'scale', 'o'),
  (2, 1, 3, 'w2', '1', '31.12.2024', 'no staff', 'o'),
  (2, 2, 1, 'w9', '1', '31.12.2024', 'no ward', 'o'),
  (3, 1, 1, 'w1', '1', '30.02.2024', 'no date', 'o'),
  (3, 2, 1, 'w1', '1', '31.12.2024', 'far too long a note', 'o'),
  (4, 1, 1, 'w1', '1', '31.12.2024', null, 'o'),
  (4, 2, 1, 'w1', '-1', '31.12.2024', 'range', 'o'),
  (5, 1, 1, 'w1', '1', '31.12.2024', 'state', 'z'),
  (5, 2, 1, 'w1', '1', '31.12.2024', '?', 'o'),
  (6, 1, 1, 'w1', 'x', '31.12.2024', null, 'z');
create table wards (code text primary key);
insert into wards values ('w1'), ('w2');`

const shopTarget = `
create table people (id uuid primary key default gen_random_uuid(), code varchar(10), boss uuid);
insert into people (code) values ('a'), ('b'), ('twice'), ('twice'), (null);
create table lines (id uuid primary key, staff_id uuid, ward text, price numeric(6,2) not null, sold date,
  note varchar(10) not null, state integer, key text, created_at timestamptz not null default now());`

const shopPlan = {
  entities: [
    {
      source: 'public.staff',
      target: 'public.people',
      id: { strategy: 'lookup', by: { code: { op: 'lower', of: 'code' } } },
    },
    'public.wards',
    {
      source: 'public.sales',
      target: 'public.lines',
      id: { strategy: 'uuid' },
      type: 'line',
      columns: {
        staff_id: { op: 'reference', to: 'public.staff', of: 'staff' },
        ward: { op: 'reference', to: 'public.wards', of: 'ward', missing: 'skip' },
        price: { op: 'cast', of: 'price', to: 'numeric' },
        sold: { op: 'parse_time', of: 'sold', format: 'DD.MM.YYYY', to: 'date' },
        note: 'note',
        state: { op: 'value_map', of: 'state', values: { o: 1 } },
        key: { op: 'concat', of: ['nr', 'line'], separator: '-' },
      },
      rules: [
        { rule: 'range', column: 'price', min: 0, severity: 'reject' },
        { rule: 'pattern', column: 'note', pattern: '^[a-z]', severity: 'reject', name: 'words' },
        { rule: 'unique', columns: ['key'], severity: 'reject' },
      ],
    },
  ],
}

describe('a plan into tables that are there', () => {
  let pair: MappingPair
  let loaded: Awaited<ReturnType<MappingPair['load']>>
  beforeAll(async () => {
    pair = await mappingPair(shop, shopTarget)
    loaded = await pair.load(shopPlan)
  })
  afterAll(() => pair.close())

  it('finds the rows of the target, or says why not', async () => {
    const rows = loaded.get('public.staff')!.rows
    expect(rows.map(({ key, refused }) => [key, refused])).toEqual([
      ['1', null],
      ['2', null],
      ['3', 'lookup_missing'],
      ['4', 'lookup_ambiguous'],
      ['5', null],
    ])
    const people = await pair.lane
      .sql`select id::text, code from people where code <> 'twice' or code is null`
    const ids = new Map(people.map(({ code, id }) => [code, id]))
    const found = [rows[0]!, rows[1]!, rows[4]!].map(({ values }) => values.id)
    expect(found).toEqual([ids.get('a'), ids.get('b'), ids.get(null)])
  })

  it('refuses a row for the first reason, and expects the same later', () => {
    const { rows, expected, entity } = loaded.get('public.sales')!
    expect(Object.fromEntries(rows.map(({ key, refused }) => [key, refused]))).toEqual({
      '["1", "1"]': null,
      '["1", "2"]': 'value_invalid',
      '["2", "1"]': 'reference_missing',
      '["2", "2"]': 'reference_missing',
      '["3", "1"]': 'value_invalid',
      '["3", "2"]': 'length_violated',
      '["4", "1"]': 'required_missing',
      '["4", "2"]': 'range_violated',
      '["5", "1"]': 'value_unmapped',
      '["5", "2"]': 'pattern_violated',
      '["6", "1"]': 'value_invalid',
    })
    expect(expected).toEqual(rows)
    const { refusals, unique, maps } = entity.definition.mapping!
    const skipping = refusals.flatMap((each, at) => (each.skips ? [at] : []))
    expect(skipping.map((at) => refusals[at]?.columns)).toEqual([['ward']])
    expect(unique).toEqual([{ columns: [7], refusal: refusals.length, wins: 'first' }])
    expect(refusals.at(-1)).toMatchObject({ code: 'duplicate', kind: 'constraint_violation' })
    expect([maps, entity.definition.serial]).toEqual([['public.staff'], true])
  })

  it('needs room, and every value that the tables need', async () => {
    await pair.lane
      .sql`create table public.wanting (nr bigint, line integer, extra integer not null)`
    const columns = { nr: 'nr', line: 'line' }
    const told = async (entity: object) =>
      (await pair.problems({ entities: [{ source: 'public.sales', columns, ...entity }] })).map(
        ({ code }) => code,
      )
    expect(await told({ target: 'public.wanting' })).toEqual(['target_column_required'])
    await pair.lane.sql`alter table public.wanting drop extra, add unique (nr, line)`
    expect(await told({ target: 'public.wanting' })).toEqual([])
    await pair.lane.sql`insert into public.wanting values (1, 1)`
    expect(await told({ target: 'public.wanting' })).toEqual(['target_not_empty'])
    expect(await told({ target: 'public.wanting', conflict: 'ignore' })).toEqual([])
  })

  it('asks the target about zones and patterns', async () => {
    const of = { op: 'parse_time', of: 'sold', format: 'DD.MM.YYYY', to: 'timestamptz' }
    const columns = {
      nr: 'nr',
      line: 'line',
      at: { ...of, zone: 'europe/Berlin' },
      text: { op: 'regexp_replace', of: 'note', pattern: '(', with: '' },
    }
    const problems = await pair.problems({
      entities: [{ source: 'public.sales', target: 'public.other', columns }],
    })
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ['rule_pattern_invalid', 'entities[0].columns.text.pattern'],
    ])
  })

  it('makes the values that the plan says', () => {
    const [row] = loaded.get('public.sales')!.rows
    expect(row?.values).toMatchObject({
      id: uuid('public.sales', '["1", "1"]'),
      ward: 'w1',
      price: '10.50',
      sold: '2024-12-31',
      note: 'fine',
      state: '1',
      key: '1-1',
    })
  })
})
