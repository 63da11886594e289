/** What plans are compiled to, on real servers: ids, references, refusals, and what is expected after. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entityNamespace, nameUuid } from '../../../shared/projection/name-uuid.ts'
import { type MappingPair, mappingPair } from './load-plan.ts'

const uuid = (entity: string, key: string) => nameUuid(entityNamespace('test', entity), key)

const legacy = `
create type mood as enum ('good', 'bad');
create domain mail as text not null check (value like '%@%');
create type spot as (x integer, y integer);
create table users (id integer primary key, name varchar(20), manager integer references users,
  mood mood, mail mail, spot spot, "select" numeric(6,2), key char(4), code "char", tags text[], flag boolean);
insert into users values
  (1, 'Ann', null, 'good', 'a@x', row(1, null), 1.5, 'ab', 'c', '{a,NULL}', true),
  (2, 'Bob', 1, null, 'b@x', row(null, null), null, 'abcd', null, null, false),
  (3, 'Cid', 3, 'bad', 'c@x', null, -2, null, 'x', '{}', null);
create table doctors (user_id integer primary key references users, room text);
insert into doctors values (2, 'r2'), (1, 'r1');
create table teams (a integer, b text, lead integer references users, primary key (a, b));
insert into teams values (1, 'x', 1), (1, 'y"', null), (2, E'\\u0101', 3);
create table members (user_id integer references users, a integer, b text, primary key (user_id, a, b),
  foreign key (a, b) references teams);
insert into members values (1, 1, 'x'), (2, 1, 'y"');
create table absences (member integer, a integer, b text, id serial primary key,
  foreign key (member, a, b) references members);
insert into absences values (1, 1, 'x');
create table visits (id bigint primary key, doctor smallint);
alter table visits add foreign key (doctor) references doctors (user_id);
insert into visits values (10, 1), (11, 2), (12, null);
create table orders (id integer primary key, best integer);
create table items (id integer primary key, order_id integer not null references orders);
alter table orders add foreign key (best) references items;
insert into orders values (1, null), (2, null);
insert into items values (5, 1), (6, 2);
update orders set best = 6 where id = 1;`

describe('a whole plan with UUIDs', () => {
  let pair: MappingPair
  let loaded: Awaited<ReturnType<MappingPair['load']>>
  beforeAll(async () => {
    pair = await mappingPair(legacy)
    loaded = await pair.load({ ids: 'uuid' })
  })
  afterAll(() => pair.close())

  const values = (name: string, ...columns: string[]) =>
    loaded.get(name)?.rows.map((row) => columns.map((column) => row.values[column]))
  const ask = (query: string) => pair.lane.sql.unsafe(query).values()

  it('names ids after keys, and follows keys that are foreign keys', () => {
    const user = (key: string) => uuid('public.users', key)
    expect(values('public.users', 'id', 'manager')).toEqual([
      [user('1'), null],
      [user('2'), user('1')],
      [user('3'), user('3')],
    ])
    expect(values('public.doctors', 'user_id')).toEqual([[user('1')], [user('2')]])
    expect(values('public.visits', 'id', 'doctor')).toEqual([
      [uuid('public.visits', '10'), user('1')],
      [uuid('public.visits', '11'), user('2')],
      [uuid('public.visits', '12'), null],
    ])
    expect(values('public.absences', 'id', 'member', 'a')).toEqual([
      [uuid('public.absences', '1'), user('1'), '1'],
    ])
    expect(values('public.orders', 'best')).toEqual([[uuid('public.items', '6')], [null]])
  })

  it('refuses nothing of what the source holds together', () => {
    for (const { rows, expected } of loaded.values()) {
      expect([...rows, ...expected].filter(({ refused }) => refused !== null)).toEqual([])
    }
  })

  it('brings every type as it was', async () => {
    const types = await ask(`select format_type(atttypid, atttypmod)
      from pg_attribute where attrelid = 'public.users'::regclass and attnum > 0`)
    expect(types.map(([type]) => type)).toEqual([
      'uuid',
      'character varying(20)',
      'uuid',
      'mood',
      'mail',
      'spot',
      'numeric(6,2)',
      'character(4)',
      '"char"',
      'text[]',
      'boolean',
    ])
    const query = `select name, mood::text, mail::text, spot::text, "select"::text, key::text, code::text,
      tags::text, flag::text from users order by name`
    expect(await ask(query)).toEqual([...(await pair.source.sql.unsafe(query).values())])
  })

  it('expects the rows that were loaded', () => {
    for (const { rows, expected } of loaded.values()) expect(expected).toEqual(rows)
    expect(loaded.get('public.users')?.expected).toHaveLength(3)
  })

  it('waits for parents, and settles what goes in a circle', () => {
    const waits = (name: string) =>
      loaded.get(name)?.entity.waits_for.map((each) => Object.values(each).join(' '))
    expect(waits('public.visits')).toEqual(['copy public.doctors copied'])
    expect(waits('public.doctors')).toEqual(['copy public.users completed'])
    expect(waits('public.users')).toEqual(['settle public.users copied'])
    const circle = [...(waits('public.items') ?? []), ...(waits('public.orders') ?? [])]
    expect(circle.map((text) => text.split(' ')[0]).sort()).toEqual(['copy', 'settle'])
    expect(loaded.get('public.members')?.entity.definition.mapping?.identity).toEqual([0, 1, 2])
  })
})

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
    await pair.lane.sql`create table public.wanting (nr bigint, line integer, extra integer not null)`
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

describe('names that are meant to break out', () => {
  const odd = [
    `"`,
    `'; drop table x; --`,
    `$1`,
    `v.c0`,
    `a"b'c\\`,
    'ctid as place, s',
    ' ',
    'refused',
    'select',
  ]
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
  const columns = odd.map((name) => `${quoted(name)} text`)
  const table = `create table ${quoted(`t"'; $1`)} (id integer primary key, ${columns.join(', ')})`
  let pair: MappingPair
  beforeAll(async () => {
    const values = odd.map((name) => `'${name.replaceAll("'", "''")}'`)
    pair = await mappingPair(`${table};
      insert into ${quoted(`t"'; $1`)} values (1, ${values.join(', ')})`)
  })
  afterAll(() => pair.close())

  it('stay names', async () => {
    const mapped = Object.fromEntries(odd.map((name) => [`${name}!`, { op: 'trim', of: name }]))
    const rules = odd.map((name) => ({
      rule: 'not_null',
      column: `${name}!`,
      severity: 'reject',
      name: name.trim() === '' ? 'blank' : name,
    }))
    const source = `public."t""'; $1"`
    const loaded = await pair.load({
      entities: [{ source, id: { strategy: 'uuid', column: `i"d` }, columns: mapped, rules }],
    })
    const [only] = [...loaded.values()]
    expect(only?.rows).toEqual([
      {
        key: '1',
        refused: null,
        values: {
          'i"d': uuid(only!.entity.entity_name, '1'),
          ...Object.fromEntries(odd.map((name) => [`${name}!`, name.trim()])),
        },
      },
    ])
  })
})
