/** A source whose tables hang together in every way that a mapping has to carry over. */
export const SCENE = `
create type state as enum ('open', 'closed');
create domain code as text constraint not_empty check (value <> '');

create table clinic (
  id serial primary key, name text not null unique, "Odd ""key" integer unique,
  opened timestamptz default now());

create table doctor (
  id integer primary key, clinic_id integer not null references clinic on delete cascade,
  head_id integer references doctor, room_id integer, pay numeric(8,2),
  year_pay numeric generated always as (pay * 12) stored,
  half integer generated always as (id / 2) stored);
create index on doctor (year_pay);
create table room (
  id integer primary key, doctor_id integer references doctor deferrable initially deferred);
alter table doctor add foreign key (room_id) references room on delete set null;

create table patient (
  id bigint generated always as identity (start with 100) primary key,
  clinic_id integer not null references clinic,
  code code not null, state state default 'open', born date, "when" date,
  size numeric(6,2) default 1.5,
  unique (clinic_id, id), unique (clinic_id, code),
  constraint sized check (size > 0), constraint alive check (born <= "when" and state <> 'closed'),
  constraint tied check (id > 0 and size > 0));
create index patient_code on patient (lower(code::text));
create index patient_born on patient (born desc nulls last, clinic_id) where state = 'open';
create index patient_id_born on patient (id, born);
create index patient_size on patient (size) include (code);
alter table patient cluster on patient_id_born;
alter table patient replica identity using index patient_clinic_id_id_key;

create table note (
  patient_id bigint not null, clinic_id integer not null, line smallint, body text collate "C",
  primary key (patient_id, line),
  foreign key (clinic_id, patient_id) references patient (clinic_id, id) on update cascade);
create table note_mark (
  id integer primary key, patient_id bigint, line smallint, mark "char",
  foreign key (patient_id, line) references note match full);

create table visit (
  id bigint not null, day date not null, patient_id bigint references patient, fee numeric check (fee >= 0),
  primary key (id, day)) partition by range (day);
create table visit_1 partition of visit for values from ('2020-01-01') to ('2021-01-01');
create table visit_2 partition of visit default;
create index visit_patient on visit (patient_id);

create table base (id integer not null, label text, check (label <> ''));
create table derived (extra integer) inherits (base);

create table large (id integer primary key, patient_id bigint not null references patient, no integer unique);
create index large_no on large (no, patient_id);
-- So many that keys and indexes are made after the rows.
update pg_class set reltuples = 1000000, relpages = 10000 where relname = 'large';
`
