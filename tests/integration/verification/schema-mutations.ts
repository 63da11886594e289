/** Single changes of a schema that was moved, each with all that its check has to say about it. */

/** What the source has. */
export const SHOP = `
  create extension citext; create extension btree_gist;
  create type mood as enum ('sad', 'fine', 'happy');
  create domain positive as integer default 1 constraint above_0 check (value > 0);
  create domain label as text not null;
  create type size as (width integer, height integer);
  create type period as range (subtype = date);
  create table customer (
    id integer generated always as identity (start with 5 increment by 3) primary key,
    code varchar(20) not null, name text collate "C" default 'nobody', mail citext,
    feeling mood not null default 'fine', kind varchar(5) default 'a', constraint customer_kind check (kind in ('a', 'b')),
    constraint customer_code unique (code),
    constraint customer_name check (name <> '' and length(code) > 1));
  create table item (
    id bigserial primary key, customer integer not null references customer on delete cascade,
    backup integer references customer (id) on update cascade deferrable initially deferred,
    amount numeric(10, 2) default 1.10, count positive, title label, box size, during period,
    twice integer generated always as (count * 2) stored, note varchar(10), room integer, at timestamptz default now(),
    constraint item_pair unique nulls not distinct (customer, room) deferrable,
    constraint item_state check (note in ('new', 'old')), constraint item_room check (room > 0) no inherit,
    constraint item_during exclude using gist (room with =, during with &&)
  ) with (fillfactor = 80);
  create index item_at on item (at desc); create index item_note on item (lower(note), amount) where room > 3;
  create unique index item_title on item (title) include (note);
  create index item_box on item using hash (note);
  alter table item alter note set storage external; alter table item replica identity using index item_pkey;
  create table loose (id integer primary key, parent integer, constraint loose_check check (id < 1000));
  alter table loose add constraint loose_parent foreign key (parent) references customer not valid;
  create sequence down as integer increment by -2 maxvalue 10 start with 9; create sequence shared_numbers;
  create table counted (id integer default nextval('down'), text text default 'T' || nextval('shared_numbers'));
  alter sequence down owned by counted.id;
  create table round (id integer); create sequence turn maxvalue 5 cycle owned by round.id;
  alter table round alter id set default nextval('turn');
  create table part (id integer not null, at date not null, primary key (id, at)) partition by range (at);
  create table part_low partition of part for values from (minvalue) to ('2024-01-01');
  create table part_high partition of part for values from ('2024-01-01') to (maxvalue);
  create index part_at on part (at); create index only_low on part_low (id);
  create table elder (id integer, note text); create table younger (more text) inherits (elder);
  insert into customer (code) select 'c' || n from generate_series(1, 20) n;
  insert into item (customer, backup, count, title, note, room) select id, id, 3, 't' || id, 'new', id from customer;
  insert into loose values (1, 5); insert into counted select from generate_series(1, 4); insert into round select from generate_series(1, 3);
  insert into part values (1, '2023-05-05'), (2, '2024-05-05'); insert into elder values (1, 'x');
  create sequence spare; alter table round add column n bigint default nextval('spare');
  analyze;
`

/** A line is one change of the target, and behind the arrow code and object of each finding; `!` marks a warning. */
const tables = `
  drop table loose => table_missing table loose
  alter table loose rename to other => table_missing table loose
  alter table loose set unlogged => table_unlogged table loose
  alter table item set (fillfactor = 70) => ! table_options_differ table item
  alter table item reset (fillfactor) => ! table_options_differ table item
  alter table item replica identity full => ! replica_identity_differs table item, ! replica_identity_differs index item_pkey
  alter table younger no inherit elder => inheritance_differs table younger
`

const columns = `
  alter table item drop column room cascade => column_missing column room, unique_missing unique item_pair, exclusion_missing exclusion item_during, check_missing check item_room, index_missing index item_note
  alter table loose add column more text => ! column_extra column more
  alter table loose rename column parent to parents => column_missing column parent, ! column_extra column parents, foreign_key_columns_differ foreign key loose_parent
  alter table item rename column note to notes => column_missing column note, ! column_extra column notes, check_differs check item_state, index_columns_differ index item_title, index_columns_differ index item_box, index_expression_differs index item_note
  alter table customer alter code type text => column_type_differs column code
  alter table customer alter code type varchar(21) => column_type_differs column code
  alter table item alter amount type numeric(11, 2) => column_type_differs column amount
  alter table item alter at type timestamp => column_type_differs column at
  alter table customer alter name type text collate "POSIX" => column_collation_differs column name
  alter table customer alter code drop not null => column_null_differs column code
  alter table item alter note set not null => column_null_differs column note
  alter table customer alter name set default 'somebody' => column_default_differs column name
  alter table customer alter name drop default => column_default_differs column name
  alter table item alter amount set default 1.1 => column_default_differs column amount
  alter table item alter room set default 1 => column_default_differs column room
  alter table customer alter feeling set default 'happy' => column_default_differs column feeling
  alter table counted alter text set default 'U' || nextval('shared_numbers') => column_default_differs column text
  alter table customer alter id set generated by default => column_identity_differs column id
  alter table customer alter id drop identity => column_identity_differs column id, sequence_missing sequence customer_id_seq
  alter table item drop column twice; alter table item add column twice integer generated always as (count * 3) stored => column_expression_differs column twice
  alter table item alter twice drop expression => column_generated_differs column twice
  alter table item alter note set storage main => ! column_storage_differs column note
`

const keys = `
  alter table loose drop constraint loose_pkey => primary_key_missing primary key loose_pkey
  alter table loose rename constraint loose_pkey to other => primary_key_missing primary key loose_pkey, ! constraint_extra primary key other
  alter table customer drop constraint customer_code => unique_missing unique customer_code
  alter table customer drop constraint customer_code; alter table customer add constraint customer_code unique (code, name) => unique_columns_differ unique customer_code, index_columns_differ index customer_code
  alter table customer drop constraint customer_code; create unique index customer_code on customer (code) => unique_missing unique customer_code
  alter table item drop constraint item_pair; alter table item add constraint item_pair unique nulls not distinct (customer, room) => unique_deferrable_differs unique item_pair
  alter table item drop constraint item_pair; alter table item add constraint item_pair unique (customer, room) deferrable => index_nulls_differ index item_pair
  alter table item drop constraint item_during => exclusion_missing exclusion item_during
  alter table item drop constraint item_during; alter table item add constraint item_during exclude using gist (room with =, during with -|-) => exclusion_operators_differ exclusion item_during
  alter table loose add constraint more unique (parent) => ! constraint_extra unique more
`

const checks = `
  alter table item drop constraint item_state => check_missing check item_state
  alter table item drop constraint item_state; alter table item add constraint item_state check (note in ('new', 'old', 'odd')) => check_differs check item_state
  alter table item drop constraint item_state; alter table item add constraint item_state check (note in ('new', 'old')) not valid => check_not_valid check item_state
  alter table item drop constraint item_room; alter table item add constraint item_room check (room > 0) => check_inherit_differs check item_room
  alter table item drop constraint item_room; alter table item add constraint item_room check (room >= 0) no inherit => check_differs check item_room
  alter table customer drop constraint customer_name; alter table customer add constraint customer_name check (name <> '' or length(code) > 1) => check_differs check customer_name
  alter table loose drop constraint loose_check; alter table loose add constraint loose_check unique (parent) => constraint_type_differs check loose_check
  alter table loose add constraint more check (id > 0) => ! constraint_extra check more
`

const foreignKeys = `
  alter table item drop constraint item_customer_fkey => foreign_key_missing foreign key item_customer_fkey
  alter table item drop constraint item_customer_fkey; alter table item add constraint item_customer_fkey foreign key (customer) references customer on delete cascade not valid => foreign_key_not_valid foreign key item_customer_fkey
  alter table item drop constraint item_customer_fkey; alter table item add constraint item_customer_fkey foreign key (customer) references customer on delete restrict => foreign_key_action_differs foreign key item_customer_fkey
  alter table item drop constraint item_customer_fkey; alter table item add constraint item_customer_fkey foreign key (customer) references customer on update cascade on delete cascade => foreign_key_action_differs foreign key item_customer_fkey
  alter table item drop constraint item_customer_fkey; alter table item add constraint item_customer_fkey foreign key (customer) references customer match full on delete cascade => foreign_key_match_differs foreign key item_customer_fkey
  alter table item drop constraint item_customer_fkey; alter table item add constraint item_customer_fkey foreign key (backup) references customer on delete cascade => foreign_key_columns_differ foreign key item_customer_fkey
  alter table loose drop constraint loose_parent; alter table loose add constraint loose_parent foreign key (parent) references loose not valid => foreign_key_references_differ foreign key loose_parent
  alter table item alter constraint item_backup_fkey not deferrable => foreign_key_deferrable_differs foreign key item_backup_fkey
  alter table item alter constraint item_backup_fkey deferrable initially immediate => foreign_key_deferrable_differs foreign key item_backup_fkey
  alter table loose add constraint more foreign key (parent) references customer => ! constraint_extra foreign key more
  alter table loose validate constraint loose_parent => 
`

const indexes = `
  drop index item_at => index_missing index item_at
  drop index item_at; create index item_at on item (at) => index_columns_differ index item_at
  drop index item_at; create index item_at on item (at desc, room) => index_columns_differ index item_at
  drop index item_at; create unique index item_at on item (at desc) where false => index_unique_differs index item_at, index_predicate_differs index item_at
  drop index item_note; create index item_note on item (lower(note), amount) where room > 4 => index_predicate_differs index item_note
  drop index item_note; create index item_note on item (lower(note), amount) => index_predicate_differs index item_note
  drop index item_note; create index item_note on item (upper(note), amount) where room > 3 => index_expression_differs index item_note
  drop index item_note; create index item_note on item (lower(note) text_pattern_ops, amount) where room > 3 => index_columns_differ index item_note
  drop index item_title; create unique index item_title on item (title) => index_columns_differ index item_title
  drop index item_title; create index item_title on item (title) include (note) => index_unique_differs index item_title
  drop index item_box; create index item_box on item (note) => index_columns_differ index item_box
  update pg_index set indisvalid = false where indexrelid = 'item_at'::regclass => index_valid_differs index item_at
  alter index item_at set (fillfactor = 50) => ! index_options_differ index item_at
  alter table item cluster on item_at => ! index_clustered_differs index item_at
  create index more on loose (parent) => ! index_extra index more
  create unique index more on loose (parent) => ! unique_index_extra index more
`

const sequences = `
  select setval('item_id_seq', 3) => sequence_behind_source sequence item_id_seq, sequence_behind_rows sequence item_id_seq
  select setval('item_id_seq', 20, false) => sequence_behind_source sequence item_id_seq, sequence_behind_rows sequence item_id_seq
  select setval('item_id_seq', 500) => 
  select setval('customer_id_seq', 5, false) => sequence_behind_source sequence customer_id_seq, sequence_behind_rows sequence customer_id_seq
  insert into item (id, customer, title) values (21, 5, 't') => sequence_behind_rows sequence item_id_seq
  select setval('shared_numbers', 1) => sequence_behind_source sequence shared_numbers
  select setval('down', 9) => sequence_behind_source sequence down, sequence_behind_rows sequence down
  select setval('turn', 1) => ! sequence_behind_source sequence turn
  alter sequence item_id_seq increment by 2 => sequence_increment_differs sequence item_id_seq
  alter sequence item_id_seq start with 7 => sequence_start_differs sequence item_id_seq
  alter sequence item_id_seq minvalue -5 => sequence_minimum_differs sequence item_id_seq
  alter sequence item_id_seq maxvalue 5000 => sequence_maximum_differs sequence item_id_seq
  alter sequence item_id_seq cache 9 => sequence_cache_differs sequence item_id_seq
  alter sequence item_id_seq cycle => sequence_cycle_differs sequence item_id_seq
  alter sequence item_id_seq owned by none => sequence_owner_differs sequence item_id_seq
  alter sequence turn no cycle => sequence_cycle_differs sequence turn
  drop sequence spare cascade => column_default_differs column n, sequence_missing sequence spare
  alter table round alter n drop default => column_default_differs column n, sequence_unused sequence spare
`

const types = `
  alter type mood rename value 'sad' to 'bad' => enum_label_missing enum mood, ! enum_label_extra enum mood
  alter type mood add value 'glad' => ! enum_label_extra enum mood
  update pg_enum set enumsortorder = 9 where enumlabel = 'sad' => enum_order_differs enum mood
  delete from pg_enum where enumlabel = 'sad' => enum_label_missing enum mood
  alter domain positive drop constraint above_0 => domain_check_missing domain positive check above_0
  alter domain positive drop constraint above_0; alter domain positive add constraint above_0 check (value > 1) => domain_check_differs domain positive check above_0
  alter domain positive drop constraint above_0; alter domain positive add constraint above_0 check (value > 0) not valid => domain_check_not_valid domain positive check above_0
  alter domain positive add constraint more check (value < 9) => ! domain_check_extra domain positive check more
  alter domain positive set default 2 => domain_default_differs domain positive
  alter domain positive drop default => domain_default_differs domain positive
  alter domain label drop not null => domain_null_differs domain label
  alter type size rename to sizes; create type size as enum ('x') => type_kind_differs composite type size, column_type_differs column box
  alter type period rename to periods; create type period as range (subtype = integer, multirange_type_name = more) => range_subtype_differs range type period, column_type_differs column during
  alter domain label rename to labels; create domain label as varchar not null => domain_base_differs domain label, column_type_differs column title
  alter type size add attribute depth integer => type_attributes_differ composite type size
  alter type size rename to sizes => column_type_differs column box, type_missing composite type size
`

const partitions = `
  alter table part detach partition part_low => partition_detached partition part_low
  drop table part; create table part (id integer not null, at date not null, primary key (id, at)) partition by range (id); create index part_at on part (at) => partition_key_differs table part, partition_missing partition part_low, partition_missing partition part_high
  drop table part; create table part (id integer not null, at date not null, primary key (id, at)); create index part_at on part (at) => partitioning_differs table part, partition_missing partition part_low, partition_missing partition part_high
  drop table part_low => partition_missing partition part_low
  alter table part detach partition part_low; alter table part attach partition part_low for values from (minvalue) to ('2023-12-31') => partition_bound_differs partition part_low
  alter table part detach partition part_high; alter table part attach partition part_high for values from ('2024-01-01') to ('2025-01-01'); create table part_more partition of part for values from ('2025-01-01') to ('2026-01-01') => partition_bound_differs partition part_high, ! partition_extra partition part_more
  drop index only_low => index_missing index part_low.only_low
  drop index part_at => index_missing index part_at, index_missing index part_low.part_low_at_idx, index_missing index part_high.part_high_at_idx
  alter table part_low alter at set default now() => column_default_differs column part_low.at
`

/** Statements with what is found. */
export const MUTATIONS: readonly (readonly [statement: string, findings: readonly string[]])[] = [
  tables,
  columns,
  keys,
  checks,
  foreignKeys,
  indexes,
  sequences,
  types,
  partitions,
]
  .flatMap((lines) => lines.trim().split('\n'))
  .map((line) => {
    const [statement = '', findings = ''] = line.trim().split(/ =>\s*/)
    return [statement, findings === '' ? [] : findings.split(', ')]
  })
