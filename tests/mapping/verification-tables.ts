/** Tables that hang together in every way that a mapping has, and the plan that moves them. */
import { entityNamespace, nameUuid } from '../../shared/projection/name-uuid.ts'
import { cellColumns, cellTable } from './verification-cells.ts'

export const SYSTEM = 'mutations'

/** The UUID that a row gets. */
export const idOf = (table: string, key: string | number) =>
  nameUuid(entityNamespace(SYSTEM, `public.${table}`), String(key))

const ROWS = 60
const rows = (n = ROWS) => `generate_series(1, ${n}) n`

export const SOURCE = `
create type mood as enum ('sad', 'fine', 'happy'); create domain code as varchar(9);
create table region (id integer primary key, code text); insert into region values (1, 'n'), (2, 's'), (3, 'e'), (4, 'w');
create table kind (id integer primary key, name text); insert into kind select n, 'kind ' || n from ${rows(20)};
create table vet (id integer primary key, name text, age integer);
insert into vet select n, 'vet ' || n, case when n >= 50 then 999 else 40 end from ${rows()};
create table owner (id integer primary key, name text, region_id integer, kind_id integer, boss_id integer, secret text);
insert into owner select n, 'owner ' || n, 1 + n % 2, 1 + n % 9, case when n > 40 then n - 40 end, 'unread' from ${rows()};
create table pet (id bigint primary key, owner_id integer, vet_id integer, about text, about_id integer, sex text);
insert into pet select n, 20 + n % 20, case when n > 45 then n else 1 + n % 40 end, case n % 2 when 0 then 'kind' else 'vet' end, 10 + n % 5, 'm' from ${rows()};
create table line (pet_id bigint, no integer, amount numeric(10,2), primary key (pet_id, no));
insert into line select n, m, n + m / 4.0 from ${rows(12)}, generate_series(1, 2) m;
create table pair (a integer, b text, v text, primary key (a, b)); insert into pair select n, 'b"' || n, 'v' from ${rows(20)};
create table node (id integer primary key, up integer); insert into node select n, case when n > 1 then n / 2 end from ${rows(20)};
create table trip (id integer primary key, vet_id integer); insert into trip select n, 30 + n from ${rows(25)};
create table old (id integer primary key, v text, code character(3)); insert into old select n, 'v' || n, 'c' from ${rows(20)};
create table kept (id integer primary key, v text); insert into kept select n, 'v' || n from ${rows(12)};
create table grown (id integer primary key, v text); insert into grown select n, 'v' || n from ${rows(12)};
create table spread (id integer primary key, v text); insert into spread select (n - 5) * 7, 'v' || n from ${rows(40)};
create table spread_kept (a smallint, b bigint, v text, primary key (a, b)); insert into spread_kept select n % 4, n * 10, 'v' from ${rows(40)};
create table spread_pair (a integer, b integer, v text, primary key (a, b)); insert into spread_pair select n % 3, n, 'v' from ${rows(20)};
create table spread_text (id text primary key, v text); insert into spread_text select 'k' || n, 'v' from ${rows(40)};
${cellTable()};
analyze;
`

/** What the target had before. */
export const TARGET = `
create table public.regions (id uuid primary key default gen_random_uuid(), code text unique, name text);
insert into public.regions (code) values ('n'), ('s'), ('e'), ('w'), ('other');
create table public.old (id integer primary key, v text, code character(3), note text);
create table public.kept (id uuid primary key, v text, note text);
insert into public.kept values ('${idOf('kept', 3)}', 'had it', 'ours'), ('${idOf('kept', 4)}', 'had it', 'ours'), (gen_random_uuid(), 'alone', 'ours');
create table public.grown (id integer, v text, note text unique);
insert into public.grown values (3, 'had it', 'ours'), (1000, 'alone', 'theirs'); create unique index on public.grown (id);
`

const uuid = { strategy: 'uuid' }
const entity = (name: string, more: object) => ({ source: `public.${name}`, ...more })
const reference = (to: string, of: string | string[], more: object = {}) => ({
  op: 'reference',
  to: `public.${to}`,
  of,
  ...more,
})

export const PLAN = {
  source: { secret: 'FIDELITY_SOURCE', schemas: ['public'], system: SYSTEM },
  settings: { refusals: { rows: 1000, share: 1 } },
  entities: [
    entity('region', {
      target: 'public.regions',
      id: { strategy: 'lookup', by: { code: 'code' } },
    }),
    entity('kind', {
      id: { strategy: 'preserve' },
      columns: { id: 'id', label: { op: 'upper', of: 'name' } },
    }),
    entity('vet', {
      id: uuid,
      columns: { legacy: 'id', name: 'name', age: 'age' },
      rules: [{ rule: 'range', column: 'age', min: 1, max: 120, severity: 'reject' }],
    }),
    entity('owner', {
      id: uuid,
      columns: {
        legacy: 'id',
        name: 'name',
        region_id: reference('region', 'region_id'),
        kind_id: reference('kind', 'kind_id'),
        boss_id: reference('owner', 'boss_id', { missing: 'null' }),
      },
    }),
    entity('pet', {
      id: uuid,
      columns: {
        legacy: 'id',
        owner_id: reference('owner', 'owner_id'),
        vet_id: reference('vet', 'vet_id', { missing: 'null' }),
        kind_id: reference('kind', 'about_id', {
          when: { column: 'about', is: '=', value: 'kind' },
        }),
        sex: { op: 'value_map', of: 'sex', values: { m: 'male', f: 'female' } },
      },
    }),
    entity('line', {
      id: uuid,
      columns: { pet: 'pet_id', no: 'no', pet_id: reference('pet', 'pet_id'), amount: 'amount' },
    }),
    entity('pair', {
      id: { strategy: 'preserve' },
      columns: { a: 'a', b: 'b', w: { op: 'upper', of: 'v' } },
    }),
    entity('node', { id: uuid, columns: { legacy: 'id', up: reference('node', 'up') } }),
    entity('trip', {
      id: uuid,
      columns: { legacy: 'id', vet_id: reference('vet', 'vet_id', { missing: 'skip' }) },
    }),
    entity('old', {}),
    entity('kept', { id: uuid, conflict: 'ignore', columns: { v: 'v' } }),
    entity('grown', {
      id: { strategy: 'preserve' },
      conflict: 'update',
      columns: { id: 'id', v: 'v' },
    }),
    entity('spread', { id: uuid, columns: { legacy: 'id', v: 'v' } }),
    entity('spread_kept', { id: { strategy: 'preserve' }, columns: { a: 'a', b: 'b', v: 'v' } }),
    entity('spread_pair', { id: uuid, columns: { legacy: 'b', v: 'v' } }),
    entity('spread_text', { id: uuid, columns: { legacy: 'id', v: 'v' } }),
    entity('cell', { id: uuid, columns: cellColumns() }),
  ],
}

/** Of rows that were refused when nobody had changed anything. */
export const REFUSED: Readonly<Record<string, number>> = { vet: 11 }
