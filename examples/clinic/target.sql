-- The new clinic: what a team that starts over in Supabase would build for the legacy database.
--
-- Run once in an empty schema `public` of the project, before plan.json is started. Plain SQL, no
-- extension. Every table has a uuid, keeps the legacy key it came from, and refuses what the legacy
-- database let in. Only content_types keeps its numbers, because legacy code writes them down, and
-- groups is filled here: the plan finds its rows by name. Nobody but the owner sees a row until
-- policies and grants say otherwise.

create type case_state as enum ('new', 'open', 'on_hold', 'closed', 'reopened');

create table content_types (
  id integer primary key,
  app_label text not null,
  model text not null,
  label text not null unique,
  unique (app_label, model)
);

create table groups (
  id uuid primary key default gen_random_uuid(),
  name text not null unique
);
insert into groups (name) values
  ('Administrators'), ('Doctors'), ('Lab technicians'), ('Front desk'), ('Accounting'), ('Read only');

create table permissions (
  id uuid primary key,
  legacy_id integer not null unique,
  content_type_id integer not null references content_types,
  codename text not null,
  name text not null,
  unique (content_type_id, codename)
);

create table group_permissions (
  id uuid primary key,
  legacy_id integer not null unique,
  group_id uuid not null references groups,
  permission_id uuid not null references permissions,
  unique (group_id, permission_id)
);

-- A circle: an office belongs to a person, who works at an office, which a doctor leads.
create table offices (
  id uuid primary key,
  legacy_id integer not null unique,
  code text not null unique check (code ~ '^OFF-[0-9]+$'),
  number integer not null,
  name text not null,
  address jsonb not null,
  timezone text not null,
  opening_hours jsonb,
  owner_id uuid,
  parent_id uuid references offices,
  lead_doctor_id uuid,
  is_active boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table profiles (
  id uuid primary key,
  legacy_user_id integer not null unique,
  username text not null unique,
  email text not null unique check (email = lower(email) and email ~ '^[^@ ]+@[^@ ]+$'),
  first_name text not null,
  last_name text not null,
  full_name text not null,
  role text not null check (role in ('doctor', 'technician', 'front_desk', 'patient', 'admin')),
  phone text check (phone ~ '^[+]?[0-9]+$'),
  gravatar char(32) not null,
  preferences jsonb not null,
  last_ip inet,
  office_id uuid references offices,
  is_staff boolean not null,
  is_superuser boolean not null,
  is_active boolean not null,
  last_login timestamptz,
  joined_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
alter table offices add foreign key (owner_id) references profiles;

create table profile_groups (
  id uuid primary key,
  legacy_id integer not null unique,
  profile_id uuid not null references profiles,
  group_id uuid not null references groups,
  unique (profile_id, group_id)
);

create table audit_entries (
  id uuid primary key,
  legacy_id integer not null unique,
  profile_id uuid not null references profiles,
  content_type_id integer references content_types,
  object_id text,
  object_repr text not null,
  action text not null check (action in ('added', 'changed', 'deleted')),
  changes jsonb not null,
  happened_at timestamptz not null
);

create table doctors (
  id uuid primary key,
  legacy_doctor_id integer not null unique,
  profile_id uuid not null references profiles,
  office_id uuid references offices,
  license_no text not null unique,
  identifiers jsonb not null,
  specialty text not null check (specialty in
    ('orthodontics', 'prosthodontics', 'general', 'other')),
  hourly_rate numeric(8,2) not null check (hourly_rate >= 0),
  working_days integer[] not null,
  consult_length interval not null,
  signature bytea,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
alter table offices add foreign key (lead_doctor_id) references doctors;

create table patients (
  id uuid primary key,
  legacy_patient_id integer not null unique,
  patient_code text not null unique check (length(patient_code) <= 20),
  first_name text not null,
  last_name text not null,
  full_name text not null,
  sort_name text generated always as (lower(last_name || ', ' || first_name)) stored,
  age integer not null check (age between 1 and 130),
  gender text not null check (gender in ('male', 'female', 'other')),
  birth_date date,
  medical_condition text not null,
  medical_history text,
  insurance_info text,
  insurance jsonb,
  allergies text[],
  last_visit date not null,
  doctor_id uuid not null references doctors,
  profile_id uuid references profiles,
  is_archived boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on column patients.insurance is 'insurance_info where it is JSON.';

create table products (
  id uuid primary key,
  legacy_id integer not null unique,
  sku text not null unique,
  name text not null,
  category text not null,
  price numeric(10,2) not null check (price >= 0),
  weight_grams real,
  attributes jsonb not null,
  template_id uuid references products,
  is_active boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table prices (
  id uuid primary key,
  office_id uuid not null references offices,
  product_id uuid not null references products,
  valid_from date not null,
  price numeric(10,2) not null check (price >= 0),
  unique (office_id, product_id, valid_from)
);

create table orders (
  id uuid primary key,
  legacy_id integer not null unique,
  number text not null unique check (number = upper(number)),
  patient_id uuid not null references patients,
  doctor_id uuid not null references doctors,
  office_id uuid references offices,
  status text not null check (status in
    ('draft', 'placed', 'in_production', 'shipped', 'delivered', 'canceled')),
  total numeric(12,2) not null check (total >= 0),
  currency char(3) not null,
  placed_at timestamptz not null,
  due_date date,
  notes text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table order_products (
  id uuid primary key,
  legacy_id bigint not null unique,
  order_id uuid not null references orders,
  product_id uuid not null references products,
  quantity smallint not null check (quantity > 0),
  unit_price numeric(10,2) not null,
  line_total numeric not null,
  discount numeric(4,3) not null check (discount between 0 and 1),
  tooth_positions smallint[],
  unique (order_id, product_id)
);

create table cases (
  id uuid primary key,
  legacy_id integer not null unique,
  order_id uuid not null references orders,
  case_number text not null unique,
  kind text not null check (kind in ('aligner', 'retainer', 'crown', 'guide')),
  priority smallint not null check (priority between 1 and 5),
  state case_state not null,
  opened_at timestamptz not null,
  opened_at_local timestamp not null,
  closed_at timestamptz,
  closed_at_local timestamp,
  metadata json,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (closed_at_local >= opened_at_local)
);
comment on column cases.opened_at_local is 'Wall clock as it was typed in; opened_at reads it in the zone of the head office.';

create table tags (
  id uuid primary key,
  legacy_id integer not null unique,
  name text not null unique,
  color char(7) check (color ~ '^#[0-9a-f]{6}$')
);

create table case_tags (
  id uuid primary key,
  legacy_id integer not null unique,
  case_id uuid not null references cases,
  tag_id uuid not null references tags,
  unique (case_id, tag_id)
);

create table projects (
  id uuid primary key,
  legacy_id integer not null unique,
  public_id uuid not null unique,
  case_id uuid not null references cases,
  doctor_id uuid not null references doctors,
  name text not null,
  details jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table jaws (
  id uuid primary key,
  legacy_id integer not null unique,
  patient_id uuid not null references patients,
  order_id uuid not null references orders,
  kind text not null check (kind in ('upper', 'lower')),
  teeth integer[] not null check (not 99 = any (teeth)),
  tooth_chart text not null,
  movements numeric[] not null,
  measurement double precision,
  scan bytea,
  scanned_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on column jaws.tooth_chart is 'The teeth in the notation of the FDI, as 11,24,36.';

create table treatment_plans (
  id uuid primary key,
  legacy_id integer not null unique,
  project_id uuid not null references projects,
  patient_id uuid not null references patients,
  doctor_id uuid not null references doctors,
  previous_id uuid references treatment_plans,
  version integer not null check (version > 0),
  status text not null check (status in ('draft', 'sent', 'approved', 'rejected')),
  approved_on date,
  duration interval not null,
  price numeric not null,
  valid_during daterange,
  notes text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table comments (
  id uuid primary key,
  content text not null,
  author_id uuid not null references profiles,
  treatment_plan_id uuid not null references treatment_plans,
  parent_comment_id uuid references comments,
  legacy_id integer not null,
  legacy_table text not null,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (legacy_table, legacy_id)
);
comment on column comments.parent_comment_id is 'The comment that is answered; the legacy comments answer none.';

create table files (
  id uuid primary key,
  legacy_id integer not null unique,
  case_id uuid not null references cases,
  uploaded_by_id uuid references profiles,
  name text not null,
  path text not null,
  size bigint not null check (size >= 0),
  mime text not null,
  sha256 char(64) not null check (sha256 ~ '^[0-9a-f]{64}$'),
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- What happened to one patient, order or case.
create table events (
  id uuid primary key,
  legacy_id bigint not null unique,
  content_type_id integer not null references content_types,
  patient_id uuid references patients,
  order_id uuid references orders,
  case_id uuid references cases,
  verb text not null,
  actor_id uuid references profiles,
  payload jsonb,
  happened_at timestamptz not null,
  check (num_nonnulls(patient_id, order_id, case_id) = 1)
);

create index on patients (doctor_id);
create index on orders (patient_id);
create index on cases (order_id);
create index on comments (treatment_plan_id);
create index on files (case_id);

do $$
declare
  v_table text;
  v_role text;
begin
  foreach v_table in array array['content_types', 'groups', 'permissions', 'group_permissions',
    'offices', 'profiles', 'profile_groups', 'audit_entries', 'doctors', 'patients', 'products',
    'prices', 'orders', 'order_products', 'cases', 'tags', 'case_tags', 'projects', 'jaws',
    'treatment_plans', 'comments', 'files', 'events']
  loop
    execute format('alter table %I enable row level security', v_table);
    execute format('revoke all on table %I from public', v_table);
    for v_role in select rolname from pg_roles where rolname in ('anon', 'authenticated')
    loop
      execute format('revoke all on table %I from %I', v_table, v_role);
    end loop;
  end loop;
end
$$;
