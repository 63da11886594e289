-- The legacy dental clinic: what a Django application left behind after six years.
--
-- Plain SQL for any driver: no psql commands, no extension, no superuser. Runs in an empty schema
-- `public`; rows.sql fills it. On purpose it holds what hurts movers: an enum with a blank in a
-- label, a circle of foreign keys (user -> office -> doctor -> user), three self-references, a text
-- key, a composite key, a table without a key, generated and identity columns, json next to jsonb,
-- names that need quotes, and next to no constraint: what the forms of the application did not
-- refuse is in here.

create type case_state as enum ('new', 'open', 'on hold', 'closed', 'REOPENED');

create table django_content_type (
  id serial primary key,
  app_label varchar(100) not null,
  model varchar(100) not null,
  unique (app_label, model)
);

create table django_migrations (
  id serial primary key,
  app varchar(255) not null,
  name varchar(255) not null,
  applied timestamptz not null
);

create table auth_group (
  id serial primary key,
  name varchar(150) not null unique
);

create table auth_permission (
  id serial primary key,
  name varchar(255) not null,
  content_type_id integer not null references django_content_type deferrable initially deferred,
  codename varchar(100) not null,
  unique (content_type_id, codename)
);

create table auth_group_permissions (
  id serial primary key,
  group_id integer not null references auth_group deferrable initially deferred,
  permission_id integer not null references auth_permission deferrable initially deferred,
  unique (group_id, permission_id)
);

create table dispatch_office (
  id serial primary key,
  code char(9) not null unique,
  name varchar(200) not null,
  street varchar(200),
  city varchar(100),
  state char(2),
  zip varchar(10),
  timezone varchar(40) not null,
  position point,
  network cidr,
  opens_at time,
  opening_hours jsonb,
  owner_id integer,
  parent_id integer references dispatch_office deferrable initially deferred,
  lead_doctor_id integer,
  is_active boolean not null default true,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table dispatch_user (
  id serial primary key,
  username varchar(150) not null unique,
  email varchar(254) not null,
  password varchar(128) not null,
  first_name varchar(150) not null,
  last_name varchar(150) not null,
  role varchar(20) not null,
  phone varchar(32),
  preferences jsonb not null default '{}',
  last_ip inet,
  device macaddr,
  office_id integer,
  is_staff boolean not null,
  is_superuser boolean not null,
  is_active boolean not null default true,
  last_login timestamptz,
  date_joined timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
alter table dispatch_office add constraint dispatch_office_owner_fk
  foreign key (owner_id) references dispatch_user deferrable initially deferred;

create table dispatch_user_groups (
  id serial primary key,
  user_id integer not null references dispatch_user deferrable initially deferred,
  group_id integer not null references auth_group deferrable initially deferred,
  unique (user_id, group_id)
);

create table django_admin_log (
  id serial primary key,
  user_id integer not null,
  content_type_id integer references django_content_type deferrable initially deferred,
  object_id text,
  object_repr varchar(200) not null,
  action_flag smallint not null,
  change_message text not null,
  action_time timestamptz not null
);

create table dispatch_doctor (
  id serial primary key,
  user_id integer not null,
  office_id integer references dispatch_office deferrable initially deferred,
  mentor_id integer references dispatch_doctor deferrable initially deferred,
  license_no varchar(20),
  specialty varchar(50),
  hourly_rate numeric(8,2) not null,
  working_days integer[] not null,
  consult_length interval not null,
  signature bytea,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
alter table dispatch_office add constraint dispatch_office_lead_doctor_fk
  foreign key (lead_doctor_id) references dispatch_doctor deferrable initially deferred;

create table dispatch_patient (
  id serial primary key,
  patient_code varchar(50),
  first_name varchar(255),
  last_name varchar(255),
  sort_name text generated always as (lower(coalesce(last_name, '?') || ', ' || first_name)) stored,
  age integer,
  gender varchar(20),
  birth_date date,
  medical_condition varchar(255),
  medical_history text,
  insurance_info text,
  allergies text[],
  last_visit date,
  doctor_id integer,
  user_id integer references dispatch_user deferrable initially deferred,
  is_archived boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz
);

create table dispatch_product (
  id serial primary key,
  sku varchar(40),
  name varchar(200) not null,
  category varchar(40) not null,
  price numeric(10,2) not null,
  weight real,
  attributes jsonb not null,
  flags bit(8) not null,
  template_id integer references dispatch_product deferrable initially deferred,
  is_active boolean,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table dispatch_price_list (
  office_id integer not null references dispatch_office deferrable initially deferred,
  product_id integer not null references dispatch_product deferrable initially deferred,
  valid_from date not null,
  price numeric(10,2) not null check (price >= 0),
  primary key (office_id, product_id, valid_from)
);

create table dispatch_order (
  id serial primary key,
  number varchar(20),
  number_norm text generated always as (upper(number)) stored,
  patient_id integer,
  doctor_id integer references dispatch_doctor deferrable initially deferred,
  office_id integer references dispatch_office deferrable initially deferred,
  status varchar(20),
  total numeric(12,2) not null,
  currency char(3),
  placed_at timestamptz not null,
  due_date date,
  notes text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table dispatch_orderproduct (
  id bigint generated by default as identity primary key,
  order_id integer,
  product_id integer,
  quantity smallint,
  unit_price numeric(10,2) not null,
  discount numeric(4,3) not null default 0,
  tooth_positions smallint[]
);

create table dispatch_case (
  id serial primary key,
  order_id integer,
  case_number varchar(20),
  kind varchar(20),
  priority smallint check (priority between 1 and 5),
  state case_state not null default 'new',
  opened_at timestamp,
  closed_at timestamp,
  metadata json,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on column dispatch_case.opened_at is 'wall clock of the office, zone not recorded';

create table dispatch_tag (
  id serial primary key,
  name varchar(50) not null unique,
  color char(7)
);

create table dispatch_case_tags (
  id serial primary key,
  case_id integer not null references dispatch_case deferrable initially deferred,
  tag_id integer not null references dispatch_tag deferrable initially deferred
);

create table dispatch_project (
  id serial primary key,
  public_id uuid not null unique,
  case_id integer references dispatch_case deferrable initially deferred,
  doctor_id integer,
  name varchar(200),
  data jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table dispatch_jaw (
  id serial primary key,
  patient_id integer,
  order_id integer references dispatch_order deferrable initially deferred,
  kind varchar(10),
  teeth integer[],
  movements numeric[] not null,
  measurement double precision,
  scan bytea,
  scanned_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table dispatch_plan (
  id serial primary key,
  project_id integer references dispatch_project deferrable initially deferred,
  patient_id integer,
  doctor_id integer references dispatch_doctor deferrable initially deferred,
  previous_id integer,
  version integer not null,
  status varchar(20) not null,
  approved_on date,
  duration interval not null,
  price numeric not null,
  valid_during daterange,
  notes text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table dispatch_comment (
  id serial primary key,
  text text,
  author_id integer,
  plan_id integer,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table dispatch_file (
  id serial primary key,
  case_id integer,
  uploaded_by_id integer,
  name varchar(255),
  path varchar(500) not null,
  size bigint not null,
  mime varchar(100) not null,
  sha256 char(64) not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- object_id is the key of whatever content_type_id says.
create table dispatch_event (
  id bigint generated always as identity primary key,
  content_type_id integer not null references django_content_type deferrable initially deferred,
  object_id integer not null,
  verb varchar(30) not null,
  actor_id integer references dispatch_user deferrable initially deferred,
  payload jsonb,
  happened_at timestamptz not null
);

create table django_session (
  session_key varchar(40) primary key,
  session_data text not null,
  expire_date timestamptz not null
);

-- Exact duplicates are normal here: the import tool wrote one line per attempt.
create table "dispatch_importLog" (
  "PatientID" integer,
  "order" text,
  "user" text,
  "select" boolean,
  "When" timestamp,
  "said ""by""" text,
  "größe µm" double precision,
  __proto__ text,
  "constructor" json,
  raw text
);

create index dispatch_user_email_ci on dispatch_user (lower(email));
create index dispatch_patient_code on dispatch_patient (patient_code);
create index dispatch_patient_doctor on dispatch_patient (doctor_id);
create index dispatch_order_patient on dispatch_order (patient_id);
create index dispatch_order_open on dispatch_order (due_date) where status <> 'delivered';
create index dispatch_comment_plan on dispatch_comment (plan_id);
create index dispatch_project_data on dispatch_project using gin (data);

create view dispatch_open_cases as
  select c.id, c.case_number, o.number, p.sort_name
  from dispatch_case c
  join dispatch_order o on o.id = c.order_id
  join dispatch_patient p on p.id = o.patient_id
  where c.state <> 'closed';

comment on table dispatch_patient is 'Patients; age and insurance_info are what the front desk typed in';
