/** A schema with every kind of thing that can hang on a table. */

/** What every table of the two sizes gets; `@` stands for its name. */
const ofEachSize = `
  create table @ (
    id integer generated always as identity (start with 5 increment by 3 maxvalue 1000000 cache 7) primary key,
    code varchar(40) not null, label text collate "C", amount numeric(10, 2) default 1.10,
    state mood default 'it''s' not null, mail citext default 'A@b.c'::citext, data jsonb, tags text[],
    during tsrange, room integer, twice integer generated always as (room * 2) stored,
    long text, other integer, second integer, at timestamptz default now(),
    constraint @_code unique (code) include (label) with (fillfactor = 70),
    constraint @_pair unique nulls not distinct (other, second) deferrable initially deferred,
    constraint @_other unique (id, room),
    constraint @_no_overlap exclude using gist (room with =, during with &&) where (room > 3) deferrable,
    constraint "@ odd ""name""" check (room > 0 or code <> 'x''y'),
    constraint @_mail check (mail operator(public.~~) '%@%'::citext),
    constraint @_not_inherited check (amount >= 0) no inherit
  ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.3);
  create index @_partial on @ (state, id desc nulls last) where state <> 'sad' and label is not null;
  create index @_lower on @ (lower(code) text_pattern_ops, (amount + 1), label collate "de-x-icu" nulls first);
  create unique index @_uniquely on @ (md5(code)) where room is null;
  create index @_gin on @ using gin (data jsonb_path_ops, tags) with (fastupdate = off);
  create index @_trgm on @ using gist (code gist_trgm_ops (siglen = 32));
  create index @_brin on @ using brin (at) with (pages_per_range = 16);
  create index "@ hash" on @ using hash (code);
  create index @_mail_idx on @ (mail) include (room, code);
  alter table @ alter long set storage external;
  alter table @ cluster on @_lower;
  alter table @ replica identity using index @_code;
  create table @_child (
    id bigserial primary key, parent integer, room integer, self bigint references @_child match full on delete cascade deferrable,
    constraint @_child_to foreign key (parent, room) references @ (id, room)
      on update cascade on delete set null (parent) deferrable initially deferred);
  alter table @_child add constraint @_loose_fk foreign key (parent) references @ on delete restrict not valid;
  alter table @ add constraint @_back foreign key (other) references @_child (id) on delete set default;
`

export const OBJECTS = `
  create extension citext; create extension btree_gist; create extension pg_trgm;
  create type mood as enum ('sad', 'it''s', 'happy');
  create domain positive as integer constraint "above 0" check (value > 0);
  ${ofEachSize.replaceAll('@', 'small')}
  ${ofEachSize.replaceAll('@', 'large')}

  create sequence shared_numbers as bigint increment by 10 start with 100;
  create table one_of_two (n bigint primary key default nextval('shared_numbers'));
  create table two_of_two (n bigint default nextval('shared_numbers'), t text default 'T' || nextval('shared_numbers'::regclass));
  insert into one_of_two select from generate_series(1, 4);
  insert into two_of_two (t) values ('x');
  create table numbered (
    behind serial, ahead smallserial, down integer, round integer, fresh serial, set_apart serial, of_domain positive);
  create sequence down as integer increment by -2 maxvalue 10 owned by numbered.down;
  create sequence "Round ""trip""" as integer maxvalue 3 cycle owned by numbered.round;
  alter table numbered alter down set default nextval('down'), alter round set default nextval('"Round ""trip"""');
  insert into numbered (behind, ahead, down, round, of_domain) values
    (default, 1, default, default, 1), (default, 2, default, default, 2), (50, 3, default, default, 3), (4, 4, -9, default, 4);
  select setval('numbered_set_apart_seq', 77, false), setval('numbered_ahead_seq', 3);

  create table parted (id integer not null, part text not null, at date not null default '2024-01-01', primary key (part, id, at))
    partition by list (part);
  create table "parted X" (at date not null, id integer not null, part text not null);
  alter table parted attach partition "parted X" for values in ('x', 'x''y');
  create table parted_rest partition of parted default partition by range (at, id);
  create table parted_low partition of parted_rest for values from (minvalue, minvalue) to ('2024-06-01', 10) with (fillfactor = 60);
  create table parted_high partition of parted_rest for values from ('2024-06-01', 10) to (maxvalue, maxvalue);
  create index parted_at on parted (at); create index only_here on parted_low (id);
  alter table parted add constraint parted_check check (id < 1000000);
  alter table parted_high add constraint high_check check (id > 0);
  create table to_parted (id integer, part text, at date, foreign key (part, id, at) references parted);
  insert into parted select n, (array['x', 'y', 'x''y'])[1 + n % 3], date '2024-01-01' + n from generate_series(1, 300) n;
  insert into to_parted select id, part, at from parted where id % 7 = 0;
  create table hashed (id uuid primary key) partition by hash (id);
  create table hashed_0 partition of hashed for values with (modulus 2, remainder 0);
  create table hashed_1 partition of hashed for values with (modulus 2, remainder 1);
  insert into hashed select md5(n::text)::uuid from generate_series(1, 50) n;

  create table elder (id integer primary key, note text, constraint elder_note check (note <> ''));
  create table younger (more text) inherits (elder);
  insert into elder values (1, 'elder'); insert into younger values (1, 'younger', 'more');
  create table bare (a integer, b text); create table empty_one (id integer primary key, at timestamptz);
  insert into bare select n % 50, 'same' from generate_series(1, 20000) n;

  insert into small (code, label, data, tags, during, room, long, other, second)
    select 'c' || n, case when n % 3 <> 0 then 'l' || n end, jsonb_build_object('n', n), array['t' || n], tsrange(now()::timestamp + n * interval '1 hour', now()::timestamp + n * interval '1 hour 30 min'),
      n, repeat('x', n), null, n from generate_series(1, 100) n;
  insert into small_child (parent, room, self) select id, room, null from small where id % 2 = 0;
  update small set other = 1 where id = 5;
  insert into large (code, label, data, tags, during, room, long, other, second)
    select 'c' || n, case when n % 3 <> 0 then 'l' || n end, jsonb_build_object('n', n), array['t' || n], null,
      n, null, null, n from generate_series(1, 6000) n;
  insert into large_child (parent, room, self) select id, room, null from large where id % 2 = 0;
  insert into large_child (parent, room, self) select id, room, null from large;
  alter table parted_low add constraint low_fk foreign key (id) references small (id) not valid;
  alter table small add constraint small_loose check (room < 0) not valid;
  alter table large add constraint large_loose check (room < 0) not valid;
  analyze;
`
