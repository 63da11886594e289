/** A whole plan with UUIDs, on a real server. */
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
    // One is copied behind the other; both look at what is late when both are in.
    const kinds = ['copy', 'settle', 'settle', 'settle', 'settle']
    expect(circle.map((text) => text.split(' ')[0]).sort()).toEqual(kinds)
    expect(loaded.get('public.members')?.entity.definition.mapping?.identity).toEqual([0, 1, 2])
  })
})
