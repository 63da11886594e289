/**
 * A ward whose every column of every row holds a canary, but for the keys, and a target that refuses
 * rows for every reason there is.
 */
import postgres, { type Sql } from 'postgres'
import type { Server } from '../../scripts/local/index.ts'
import { CANARY, CANARY_NUMBER } from './canary-places.ts'

const text = (what: string) => `'${CANARY} ${what} ' || n`

/** Rows by their key; what is wrong with each of them. */
export const BAD = {
  unique: 2,
  length: 3,
  check: 4,
  required: 5,
  trigger: 6,
  json: 7,
  cast: 8,
  late: 9,
  domain: 10,
  rule: 11,
  exclusion: 12,
} as const

export async function fillWard(source: Sql): Promise<void> {
  await source.unsafe(`
    create schema ward;
    create table ward.people (
      id integer primary key, email text, ssn text, age bigint, city text, note text, doc text,
      weight text, boss_id integer, born date, scan bytea, tags text[]);
    insert into ward.people
    select n, ${text('email')}, '${CANARY}' || n, ${CANARY_NUMBER}0 + n, ${text('city')}, ${text('note')},
           jsonb_build_object('${CANARY}', ${text('doc')})::text, '${CANARY_NUMBER}.' || n, null,
           date '1873-03-10' + n % 5, convert_to(${text('scan')}, 'UTF8'), array[${text('tag')}]
      from generate_series(1, 40) n;
    update ward.people set email = '${CANARY} email 1' where id = ${BAD.unique};
    update ward.people set ssn = '${CANARY} is much too long' where id = ${BAD.length};
    update ward.people set age = -${CANARY_NUMBER} where id = ${BAD.check};
    update ward.people set city = null where id = ${BAD.required};
    update ward.people set note = '${CANARY} refuse me' where id = ${BAD.trigger};
    update ward.people set doc = '{"${CANARY}": ' where id = ${BAD.json};
    update ward.people set weight = '${CANARY} kg' where id = ${BAD.cast};
    update ward.people set boss_id = 999 where id = ${BAD.late};
    update ward.people set note = '${CANARY} raise' where id = ${BAD.domain};
    update ward.people set email = 'no ${CANARY}' where id = ${BAD.rule};
    update ward.people set tags = array['${CANARY} tag 1'] where id = ${BAD.exclusion};
    create table ward.visits (
      id integer primary key, person_id integer, substitute_id integer, seen date, amount numeric, words text);
    insert into ward.visits
    select n, n, n + 35, date '1873-04-10' + n % 5, ${CANARY_NUMBER}.5 + n, ${text('words')}
      from generate_series(1, 45) n;
    create table ward.codes (code text primary key, label text);
    insert into ward.codes select 'k' || n, ${text('label')} from generate_series(1, 5) n;
    create table ward.plain (id integer primary key, body text, amount bigint, born date, doc jsonb);
    insert into ward.plain
    select n, ${text('body')}, ${CANARY_NUMBER} + n, '1873-03-11', jsonb_build_object('a', ${text('doc')})
      from generate_series(1, 60) n;
    create table ward.nokey (body text, amount bigint);
    insert into ward.nokey select ${text('nokey')}, ${CANARY_NUMBER} + n from generate_series(1, 20) n`)
  await open(source, 'ward')
}

/** More than a table may have for its keys to be made with it. */
export const MANY = 6000

/** A copy of it that no step of the target can be content with, and one that COPY itself refuses. */
export async function fillBroken(source: Sql): Promise<void> {
  await source.unsafe(`
    create schema broken;
    create domain broken.positive as text;
    create table broken.twice (id integer primary key, tag text unique, amount integer);
    insert into broken.twice select n, ${text('tag')}, 1 from generate_series(1, ${MANY}) n;
    create table broken.parent (id integer primary key, tag text unique);
    insert into broken.parent select n, ${text('tag')} from generate_series(1, ${MANY}) n;
    create table broken.child (id integer primary key, tag text references broken.parent (tag));
    insert into broken.child select n, ${text('tag')} from generate_series(1, ${MANY}) n;
    create table broken.odd (id integer primary key, body broken.positive, rest text);
    insert into broken.odd select n, ${text('body')}, ${text('rest')} from generate_series(1, 10) n;
    create table broken.small (id integer primary key, body text, rest point);
    insert into broken.small select n, ${text('body')}, point(n, ${CANARY_NUMBER}) from generate_series(1, 10) n;
    create table broken.slow (id integer primary key, body text, rest point);
    insert into broken.slow select n, ${text('body')}, point(n, ${CANARY_NUMBER}) from generate_series(1, 10) n;
    analyze`)
  await source.unsafe(`
    create table broken.teams (id integer primary key, lead_id integer, name text);
    insert into broken.teams select n, n + 1, ${text('team')} from generate_series(1, 10) n`)
  await open(source, 'broken')
}

/** A database that holds bytes of any encoding, and a text that is none in UTF-8. */
export async function fillAscii(server: Server): Promise<string> {
  const name = 'canary_ascii'
  const options = { max: 1, onnotice: () => undefined }
  const maintenance = postgres(server.url('postgres'), options)
  await maintenance.unsafe(
    `create database ${name} encoding 'SQL_ASCII' template template0 locale_provider libc locale 'C'`,
  )
  await maintenance.end()
  const sql = postgres(server.url(name), options)
  for (const table of ['notes', 'mapped', 'points']) {
    const place = table === 'points' ? 'point' : 'text'
    await sql.unsafe(`create table ${table} (id integer primary key, body text, place ${place});
      insert into ${table} values (1, '${CANARY} plain', null), (2, E'${CANARY} \\xe9 ${CANARY}', null);
      grant select on ${table} to public`)
  }
  await sql.end()
  return name
}

async function open(source: Sql, schema: string): Promise<void> {
  await source.unsafe(`grant usage on schema ${schema} to public;
    grant select on all tables in schema ${schema} to public`)
}

/** What a hand does to the new tables between their making and the copy: COPY itself is refused then. */
export const spoiled = `
  alter domain broken_new.positive add constraint is_short check (char_length(value) < 3);
  alter table broken_new.small add constraint is_short check (char_length(body) < 3)`

/** The copy of a row takes a while, and is where a session can be ended. */
export const slowed = `
  create function slow_new.wait() returns trigger language plpgsql as $$
  begin
    perform pg_sleep(0.2);
    return new;
  end $$;
  create trigger wait before insert on slow_new.slow for each row execute function slow_new.wait();
  alter table slow_new.slow enable always trigger wait`

/** What the target has before: it refuses rows, and says their values as loudly as it can. */
export async function prepareTarget(target: Sql): Promise<void> {
  await target.unsafe(`
    create schema ward_new;
    create extension if not exists btree_gist with schema extensions;
    create function ward_new.shout() returns trigger language plpgsql as $$
    begin
      if new.note like '%refuse me%' then
        raise exception 'refused: %', new using detail = new.note, hint = new.email;
      end if;
      return new;
    end $$;
    create function ward_new.loud(p text) returns boolean language plpgsql immutable as $$
    begin
      if p like '%raise%' then raise exception 'domain refuses %', p; end if;
      return true;
    end $$;
    create domain ward_new.noted as text check (ward_new.loud(value));
    create table ward_new.people (
      id uuid primary key, email text unique, ssn varchar(12), age bigint check (age > 0),
      city text not null, note ward_new.noted, doc jsonb, weight numeric, boss_id uuid, born date,
      scan bytea, tags text[]);
    create unique index people_tags on ward_new.people (tags);
    create trigger shout before insert or update on ward_new.people for each row execute function ward_new.shout();
    alter table ward_new.people enable always trigger shout;
    create schema teams_new;
    create table teams_new.teams (id uuid primary key, lead_id uuid check (lead_id is not null), name text);
    create table ward_new.codes (code text primary key, label text);
    insert into ward_new.codes values ('k2', '${CANARY} before')`)
}

export const plan = {
  version: 1,
  name: 'ward',
  source: { secret: 'LEGACY_DATABASE_URL', schemas: ['ward'], system: 'ward' },
  rename: { schemas: { ward: 'ward_new' } },
  // One lane: of rows with the same values, the first by key is in.
  settings: { lanes: 1, batch_rows: 10 },
  entities: [
    {
      source: 'ward.people',
      id: { strategy: 'uuid' },
      columns: {
        email: 'email',
        ssn: 'ssn',
        age: 'age',
        city: 'city',
        note: 'note',
        doc: { op: 'parse_json', of: 'doc', to: 'jsonb' },
        weight: { op: 'cast', of: 'weight', to: 'numeric' },
        boss_id: { op: 'reference', to: 'ward.people', of: 'boss_id' },
        born: 'born',
        scan: 'scan',
        tags: 'tags',
      },
      rules: [
        { rule: 'pattern', column: 'email', pattern: `^${CANARY.slice(0, 4)}`, severity: 'reject' },
      ],
    },
    {
      source: 'ward.visits',
      id: { strategy: 'uuid' },
      columns: {
        person_id: { op: 'reference', to: 'ward.people', of: 'person_id' },
        substitute_id: { op: 'reference', to: 'ward.people', of: 'substitute_id', missing: 'null' },
        seen: 'seen',
        amount: 'amount',
        words: 'words',
      },
    },
    { source: 'ward.codes', conflict: 'update' },
    { source: 'ward.plain' },
    { source: 'ward.nokey' },
  ],
} as const

export const brokenPlan = {
  ...plan,
  name: 'broken',
  source: { secret: 'LEGACY_DATABASE_URL', schemas: ['broken'] },
  rename: { schemas: { broken: 'broken_new' } },
  settings: { lanes: 3, batch_rows: 5000 },
  entities: ['twice', 'parent', 'child', 'odd', 'small'].map((name) => `broken.${name}`),
}

export const slowPlan = {
  ...brokenPlan,
  rename: { schemas: { broken: 'slow_new' } },
  entities: ['broken.slow'],
}

/** Its last team has a lead that is not there, and the target wants one. */
export const teamsPlan = {
  ...plan,
  name: 'teams',
  source: { secret: 'LEGACY_DATABASE_URL', schemas: ['broken'], system: 'teams' },
  rename: { schemas: { broken: 'teams_new' } },
  entities: [
    {
      source: 'broken.teams',
      id: { strategy: 'uuid' },
      columns: {
        lead_id: { op: 'reference', to: 'broken.teams', of: 'lead_id', missing: 'null' },
        name: 'name',
      },
    },
  ],
}

export const asciiPlan = {
  version: 1,
  name: 'ascii',
  source: { secret: 'ASCII_URL', system: 'ascii' },
  rename: { schemas: { public: 'ascii_new' } },
  entities: [
    'public.notes',
    'public.points',
    { source: 'public.mapped', id: { strategy: 'uuid' } },
  ],
}
