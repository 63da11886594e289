/** Tables that trip a reader of ranges or a writer of DDL: keys in every order, types of every kind. */

export const NASTY = `
  create extension citext with schema public;
  create collation german (provider = icu, locale = 'de');
  create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  create type mood as enum ('sad', 'it''s \\ok', 'happy');
  create domain positive as integer default 1 constraint "above ""zero""" check (value > 0);
  create domain label as text collate "C" not null;
  create type pair as (a positive, b mood, c text[]);
  create type span as range (subtype = float8);

  create table keys_citext (k citext primary key, v int);
  insert into keys_citext select chr(65 + (n % 2) * 32 + n / 2) || n, n from generate_series(0, 51) n;
  create table keys_icu (k text collate german primary key);
  insert into keys_icu values ('a'), ('A'), ('ä'), ('Ä'), ('b'), ('B'), ('z'), ('Z'), (''), (' '), ('_'), ('é'), ('\\'), ('''');
  create table keys_nocase (k text collate nocase primary key);
  insert into keys_nocase values ('a'), ('B'), ('c'), ('D'), ('e'), ('_'), ('Z');
  create table keys_c (k text collate "C" primary key);
  insert into keys_c select * from keys_icu;
  create table keys_domain (k label primary key);
  insert into keys_domain select * from keys_icu;
  create table keys_char (k char(6) primary key);
  insert into keys_char select 'k' || n from generate_series(1, 20) n;
  create table keys_bytes (k bytea primary key);
  insert into keys_bytes select decode(lpad(to_hex(n * 7), 2 + 2 * (n % 3), '0'), 'hex') from generate_series(1, 20) n;
  create table keys_numeric (k numeric primary key);
  insert into keys_numeric values ('NaN'), (-1.50), (0.00), (1e30), (1e-30), ('Infinity'), ('-Infinity');
  create table keys_float (k float8 primary key);
  insert into keys_float values ('NaN'), ('-Infinity'), (-0.0), (0.1 + 0.2), (5e-324), ('Infinity');
  create table keys_time (k timestamptz primary key);
  insert into keys_time values ('infinity'), ('-infinity'), ('0044-03-15 BC'), ('2024-01-01 00:00:00.000001Z'), ('2024-01-01Z');
  create table keys_interval (k interval primary key);
  insert into keys_interval values ('1 mon'), ('29 days 23:59:59.999999'), ('-1 year'), ('0');
  create table keys_enum (k mood primary key);
  insert into keys_enum values ('sad'), ('it''s \\ok'), ('happy');
  create table keys_uuid (k uuid primary key);
  insert into keys_uuid select md5(n::text)::uuid from generate_series(1, 20) n;
  create table keys_bool (k boolean not null, d date not null, constraint both_unique unique (d, k));
  insert into keys_bool select n % 2 = 0, date '2020-01-01' + n / 2 from generate_series(0, 19) n;
  create table keys_mixed (a citext, b integer, c text collate german, primary key (c, a, b));
  insert into keys_mixed select chr(65 + n % 3 + (n % 2) * 32) || n / 6, n % 4, chr(97 + n % 5) from generate_series(0, 59) n;
  create table keys_range (k span primary key);
  insert into keys_range select span(n, n + 0.5) from generate_series(1, 9) n;
  create table keys_array (k integer[] primary key);
  insert into keys_array select array[n % 3, n] from generate_series(1, 12) n;

  create table "rows" (rows integer, more integer, position integer, k1 integer, source integer, last text,
    primary key (rows, more, k1, source));
  insert into "rows" select n % 2, n % 3, n, n, n, 'x' from generate_series(1, 13) n;
  create table "Odd ""name"".with.dots; drop" ("__proto__" integer primary key, "a""b" text, "ü\\n" text, "select" mood);
  insert into "Odd ""name"".with.dots; drop" values (1, 'x', null, 'sad'), (2, '\\N', '\\.', 'happy'), (3, E'\\t\\n\\r\\\\', '', null);
  create table no_columns ();
  insert into no_columns default values;
  insert into no_columns default values;
  create table no_key (a integer, b text);
  create table no_key_either (part text, total text, size text, sample text, counted text, block text, place text, source text);
  insert into no_key_either select 'x' from generate_series(1, 2000);
  insert into no_key select n % 2, 'same' from generate_series(1, 10) n;
  create table of_everything (
    id bigint generated always as identity primary key, twice bigint generated always as (id * 2) stored,
    p pair, ps pair[], m mood[] default '{happy}', s span, ms span_multirange, n positive, l label default 'x',
    cash money, j json, jb jsonb, x xml, t tsvector, i inet, b bit varying(9), c "char", at timestamp(0) default now(),
    serial_like integer default nextval('pg_catalog.pg_class_not'::text::regclass) , stamp timetz);
  alter table of_everything alter serial_like drop default;
  insert into of_everything (p, ps, m, s, ms, n, cash, j, jb, x, t, i, b, c, at, stamp) values
    ((1, 'sad', array['a,b', null, 'NULL']), array[(2, 'happy', '{}')::pair, null], '[2:3]={sad,happy}', '[1,2.5)',
     '{[1,2),[3,4)}', 7, 12.34, '{"b": 1, "a": 1, "a": 2}', '{"big": 12345678901234567890}', '<a>b</a>', 'a:1 b:2', '::1',
     '10101', 'x', '0050-01-01', '24:00:00+01'), (null, null, null, null, null, null, -0.01, 'null', null, null, null, null,
     null, null, 'infinity', null);
  create table parent (id integer primary key, note text);
  create table child (extra text) inherits (parent);
  insert into parent values (1, 'own');
  insert into child values (2, 'inherited', 'x');
  create table parted (id integer, part text, primary key (part, id)) partition by list (part);
  create table parted_x partition of parted for values in ('x');
  create table parted_y partition of parted for values in ('y') partition by range (id);
  create table parted_y1 partition of parted_y for values from (0) to (10);
  insert into parted select n, case when n % 2 = 0 then 'x' else 'y' end from generate_series(0, 9) n;
  create table as_row (id integer primary key, whole parent, many parent[]);
  insert into as_row values (1, (5, 'row'), array[(6, 'row')::parent]);
`
