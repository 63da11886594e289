-- Rows of the legacy clinic: the same rows on every machine, about 100,000 at scale 1.
--
-- Every value is a function of (row number, salt), never of random() or now(). Run inside one
-- transaction, in the session that ran `select set_config('clinic.scale', '1', false)`.
-- Serial ids have gaps (41, 82, 123, ... were "deleted") and the sequences stand ahead of them.
--
-- Dirt is planted by row number, too: `n % 400 = 203` is one row of four hundred. A row that repeats
-- another's number repeats that of the row before it.

set local timezone = 'UTC';
set local datestyle = 'ISO, YMD';

-- -- helpers: gone with the session -------------------------------------------------------------

-- r: 0 <= r < 1; k: 0 .. m-1; pick: one of a list
create function pg_temp.r(n bigint, salt int) returns float8 language sql immutable as
  $$ select (hashint8extended(n, salt) & 9007199254740991)::float8 / 9007199254740992.0 $$;
create function pg_temp.k(n bigint, salt int, m bigint) returns int language sql immutable as
  $$ select floor(pg_temp.r(n, salt) * m)::int $$;
create function pg_temp.pick(a text[], n bigint, salt int) returns text language sql immutable as
  $$ select a[1 + pg_temp.k(n, salt, cardinality(a))] $$;
-- id of the n-th row; id of some row among the first `total`; an id that nobody has any more
create function pg_temp.id(n bigint) returns int language sql immutable as
  $$ select (n + (n - 1) / 40)::int $$;
create function pg_temp.some(n bigint, salt int, total bigint) returns int language sql immutable as
  $$ select pg_temp.id(1 + pg_temp.k(n, salt, total)) $$;
create function pg_temp.gone(n bigint) returns int language sql immutable as
  $$ select 41 * (1 + n % 5)::int $$;
-- moments rise with the row number from 2019 to late 2025, to the microsecond
create function pg_temp.at(n bigint, salt int, total bigint) returns timestamptz
  language sql immutable as
  $$ select timestamptz '2019-01-02 08:00:00+00'
       + make_interval(secs => (n + pg_temp.r(n, salt)) / (total + 1) * 216000000) $$;
create function pg_temp.size(base int) returns bigint language sql immutable as
  $$ select greatest(1, round(base * current_setting('clinic.scale')::numeric))::bigint $$;

create temporary table size on commit drop as
select pg_temp.size(60) office, pg_temp.size(1500) person, pg_temp.size(300) doctor,
       pg_temp.size(10000) patient, greatest(20, pg_temp.size(300)) product,
       pg_temp.size(12000) orders, pg_temp.size(9000) cases, pg_temp.size(4000) project,
       pg_temp.size(4000) plan, pg_temp.size(12000) comments;

create temporary table word on commit drop as select
  array['Anna','Ben','Carla','David','Elena','Farid','Grace','Hiro','Ines','Jamal','Katya','Liam',
    'Maya','Noah','Olga','Pedro','Quinn','Rosa','Samir','Tess','Uma','Victor','Zoë','José','Søren',
    'Łukasz','Çağla','Нина','美咲','محمد','Ngọc','Jean-Luc'] first,
  array['Smith','Johnson','Garcia','Müller','Rossi','Novák','Kowalska','Ivanov','Sato','Nguyễn',
    'Kim','Patel','Haddad','Okafor','Silva','Dubois','Jensen','Yılmaz','O''Brien','van der Berg',
    'Παππάς','Кузнецова','田中','Þórsdóttir','Gómez'] last,
  array['Austin','Boston','Chicago','Denver','El Paso','Fresno'] city,
  array['Looks good, go ahead.','Please adjust the IPR on 12-13.','Patient asks for fewer stages.',
    'Attachment missing on 23.','Midline is off by 1 mm.','Approved.','Called back, no answer',
    E'Two lines:\n- refine upper arch\n- keep lower', 'Überbiss prüfen', '次回に確認',
    'tab	separated, "quoted", back\slash', 'NULL', '\N', ''] remark;

-- -- lookups ------------------------------------------------------------------------------------

-- Legacy code writes these numbers down: 9 is a patient, 11 an order, 13 a case.
insert into django_content_type (app_label, model)
select split_part(m, '.', 1), split_part(m, '.', 2) from unnest(array['admin.logentry',
  'auth.permission','auth.group','contenttypes.contenttype','sessions.session','dispatch.user',
  'dispatch.office','dispatch.doctor','dispatch.patient','dispatch.product','dispatch.order',
  'dispatch.orderproduct','dispatch.case','dispatch.project','dispatch.jaw','dispatch.plan',
  'dispatch.comment','dispatch.file','dispatch.tag','dispatch.event']) m;

insert into django_migrations (app, name, applied)
select 'dispatch', to_char(n, 'FM0000') || '_auto', pg_temp.at(n, 1, 40) from generate_series(1, 40) n;

insert into auth_group (name)
select unnest(array['Administrators','Doctors','Lab technicians','Front desk','Accounting',
  'Read only']);

insert into auth_permission (name, content_type_id, codename)
select initcap(verb) || ' ' || t.model, t.id, verb || '_' || t.model
from django_content_type t, unnest(array['view','add','change','delete']) verb;

insert into auth_group_permissions (group_id, permission_id)
select g, p from generate_series(1, 6) g, generate_series(1, 80) p where g = 1 or p % 11 = g;

insert into dispatch_tag (name, color)
select 'tag ' || n, '#' || lpad(to_hex(n * 559240 % 16777216), 6, '0') from generate_series(1, 30) n;

-- -- people and places --------------------------------------------------------------------------

insert into dispatch_office
select pg_temp.id(n), 'OFF-' || lpad(n::text, 5, '0'), pg_temp.pick(w.last, n, 3) || ' Dental',
  1 + pg_temp.k(n, 2, 9000) || ' Main Street', pg_temp.pick(w.city, n, 4),
  pg_temp.pick(array['TX','MA','IL','CO','CA'], n, 101), lpad(pg_temp.k(n, 102, 99999)::text, 5, '0'),
  pg_temp.pick(array['America/Chicago','America/New_York','America/Denver'], n, 5),
  point(round(pg_temp.r(n, 6)::numeric * 50 - 120, 5), round(pg_temp.r(n, 7)::numeric * 20 + 28, 5)),
  ('10.' || n % 200 || '.0.0/16')::cidr, time '07:00' + make_interval(mins => 15 * pg_temp.k(n, 8, 12)),
  '{"mon": ["08:00", "17:00"], "sat": null}', pg_temp.some(n, 103, s.person),
  case when n > 5 and n % 3 = 0 then pg_temp.some(n, 1, 5) end,
  case when n % 7 <> 0 then pg_temp.some(n, 104, s.doctor) end, n % 20 <> 0, t, t + interval '90 days'
from size s, word w, generate_series(1, s.office) n,
  lateral (select pg_temp.at(n, 9, s.office) t) x;

insert into dispatch_user
select pg_temp.id(n), 'user' || n,
  case when n % 250 = 99 then 'User' || n - 1 || '@Clinic.Example'
       when n % 300 = 77 then (array['', 'none', 'reception@', 'two words@clinic.example'])[1 + n / 300 % 4]
       else 'user' || n || '@clinic.example' end,
  'pbkdf2_sha256$260000$' || md5('salt' || n), pg_temp.pick(w.first, n, 11), pg_temp.pick(w.last, n, 12),
  pg_temp.pick(array['doctor','technician','frontdesk','patient','admin'], n, 13),
  case when n % 4 <> 0 then '+1 (555) 01' || lpad((n % 100)::text, 2, '0') end,
  jsonb_build_object('theme', pg_temp.pick(array['light','dark'], n, 14), 'page', 25 * (1 + n % 4),
    'seen', 12345678901234567890::numeric + n),
  case when n % 10 = 0 then '2001:db8::' || to_hex(n % 65536) else '10.0.' || n % 250 || '.7' end::inet,
  case when n % 4 = 0 then ('08:00:2b:01:' || lpad(to_hex(n % 256), 2, '0') || ':05')::macaddr end,
  case when n % 200 = 13 then pg_temp.gone(n) + 4100 when n % 9 <> 0 then pg_temp.some(n, 10, s.office) end,
  n % 18 = 0, n = 1, n % 14 <> 0, case when n % 5 <> 0 then t + interval '30 days' end, t, t,
  t + interval '1 day' * pg_temp.r(n, 15)
from size s, word w, generate_series(1, s.person) n,
  lateral (select pg_temp.at(n, 16, s.person) t) x;

insert into dispatch_user_groups (user_id, group_id)
select pg_temp.id(n), g from size s, generate_series(1, s.person) n, generate_series(1, 6) g
where g = 1 + n % 6 or (n % 20 = 0 and g = 6);

insert into dispatch_doctor
select pg_temp.id(n), case when n % 100 = 37 then pg_temp.gone(n) else pg_temp.id(1 + (n * 5 - 1) % s.person) end,
  pg_temp.some(n, 18, s.office), case when n % 4 = 0 then pg_temp.some(n, 19, s.doctor) end,
  'LIC' || lpad((case when n % 100 = 61 then n - 1 else n end)::text, 6, '0'),
  pg_temp.pick(array['Orthodontist','Prosthodontist','General dentist','Periodontist'], n, 20),
  round((60 + pg_temp.r(n, 21) * 200)::numeric, 2), (array[1, 2, 3, 4, 5])[1 : (2 + n % 4)::int],
  make_interval(mins => 15 * (1 + pg_temp.k(n, 22, 4))),
  decode('89504e470d0a1a0a00' || md5('signature' || n) || '00ff', 'hex'), t, t + interval '8 hours'
from size s, generate_series(1, s.doctor) n, lateral (select pg_temp.at(n, 105, s.doctor) t) x;

insert into dispatch_patient (id, patient_code, first_name, last_name, age, gender, birth_date,
  medical_condition, medical_history, insurance_info, allergies, last_visit, doctor_id, user_id,
  is_archived, created_at, updated_at)
select pg_temp.id(n), case when n % 2000 = 701 then null
    else 'P' || lpad((case when n % 1000 = 501 then n - 1 else n end)::text, 7, '0') end,
  pg_temp.pick(w.first, n, 23), case when n % 1500 <> 803 then pg_temp.pick(w.last, n, 24) end,
  case when n % 400 = 203 then (array[0, -3, 151, 1984])[1 + n / 400 % 4]
       when n % 2500 = 1203 then null else 4 + pg_temp.k(n, 26, 84) end,
  case when n % 400 = 307 then (array['M', 'f', '', 'unknown'])[1 + n / 400 % 4]
       else (array['Female','Male','Male','Female','Other'])[1 + pg_temp.k(n, 25, 5)] end,
  case when n % 50 <> 0 then date '2021-06-30' - pg_temp.k(n, 106, 30000) end,
  case when n % 1000 <> 907 then pg_temp.pick(array['Crowding','Open bite','Deep bite','Caries'], n, 107) end,
  case when n % 5 <> 0 then repeat('Visit: routine, no complaints. ', 1 + pg_temp.k(n, 29, 12)) end,
  case when n % 100 = 9 then (array['Acme, ask', '{"provider":', 'none', ''])[1 + n / 100 % 4]
       else '{"provider": "' || pg_temp.pick(array['Acme Dental','Delta','Größe & Co'], n, 28) || '"}' end,
  case n % 10 when 0 then '{}' when 1 then array['latex', 'a,b "c" {d}', 'NULL', null]
    when 2 then array['penicillin'] end,
  case when n % 900 = 0 then 'infinity' else (t + interval '20 days')::date end,
  case when n % 700 = 411 then pg_temp.gone(n) else pg_temp.some(n, 27, s.doctor) end,
  case when n % 9 = 0 then pg_temp.some(n, 108, s.person) end, n % 15 = 0, t,
  case when n % 300 <> 0 then t + make_interval(secs => pg_temp.r(n, 31) * 900000) end
from size s, word w, generate_series(1, s.patient) n,
  lateral (select pg_temp.at(n, 30, s.patient) t) x;

-- -- products and orders ------------------------------------------------------------------------

insert into dispatch_product
select pg_temp.id(n), 'SKU-' || lpad((case when n % 150 = 121 then n - 1 else n end)::text, 6, '0'),
  pg_temp.pick(array['Clear aligner set','Zirconia crown','Night guard','Retainer','Veneer'], n, 36),
  pg_temp.pick(array['aligner','crown','guard'], n, 109),
  case when n % 97 = 0 then 'NaN' else round((20 + pg_temp.r(n, 37) * 3000)::numeric, 2) end,
  (pg_temp.r(n, 38) * 500)::real, jsonb_build_object('shade', pg_temp.pick(array['A1','A2','B1','B2'], n, 39),
    'ratio', 1.10, 'layers', jsonb_build_array(n % 3, null, true)), (n % 256)::int::bit(8),
  case when n > 20 and n % 3 = 0 then pg_temp.some(n, 35, 20) end, nullif(n % 8, 0) > 1, t, t
from size s, generate_series(1, s.product) n, lateral (select pg_temp.at(n, 110, s.product) t) x;

insert into dispatch_price_list
select pg_temp.id(o), pg_temp.id(p), date '2020-01-01' + 365 * (o % 5)::int, (p * 7 + o) * 1.01
from size s, generate_series(1, s.office) o, generate_series(1, 20) p;

insert into dispatch_order (id, number, patient_id, doctor_id, office_id, status, total, currency,
  placed_at, due_date, notes, created_at, updated_at)
select pg_temp.id(n), 'ord-' || lpad((case when n % 1500 = 733 then n - 1 else n end)::text, 8, '0'),
  case when n % 600 = 251 then pg_temp.gone(n) else pg_temp.some(n, 40, s.patient) end,
  pg_temp.some(n, 111, s.doctor), case when n % 12 <> 0 then pg_temp.some(n, 41, s.office) end,
  case when n % 600 = 451 then (array['shiped', 'DELIVERED', 'canceled', ''])[1 + n / 600 % 4]
       else pg_temp.pick(array['draft','placed','in_production','shipped','delivered','cancelled'], n, 42) end,
  case when n % 997 = 0 then 'NaN' else round((pg_temp.r(n, 43) * 9000)::numeric, 2) end,
  (array['USD','EUR',null])[1 + n % 3], t,
  case when n % 500 = 0 then 'infinity' when n % 11 <> 0 then t::date + 14 end,
  case when n % 3 = 0 then pg_temp.pick(w.remark, n, 44) end, t, t + interval '1 day' * pg_temp.r(n, 45)
from size s, word w, generate_series(1, s.orders) n,
  lateral (select pg_temp.at(n, 46, s.orders) t) x;

insert into dispatch_orderproduct
select pg_temp.id(n), case when n % 2000 = 1501 then pg_temp.gone(n) else pg_temp.id(1 + (m - 1) % s.orders) end,
  pg_temp.id(1 + (m - 1) / s.orders + pg_temp.k((m - 1) % s.orders, 47, 10)),
  case when n % 1800 = 1001 then 0 else 1 + n % 4 end, round((20 + pg_temp.r(n, 48) * 900)::numeric, 2),
  round((pg_temp.r(n, 49) * 0.3)::numeric, 3),
  case when n % 2 = 0 then array[1 + pg_temp.k(n, 50, 16), 17 + pg_temp.k(n, 51, 16)] end
from size s, generate_series(1, s.orders * 3 / 2) n,
  lateral (select case when n % 1500 = 1201 then n - 1 else n end m) x;

-- -- laboratory ---------------------------------------------------------------------------------

insert into dispatch_case
select pg_temp.id(n), case when n % 900 = 601 then pg_temp.gone(n) else pg_temp.some(n, 52, s.orders) end,
  'C-' || lpad((case when n % 1500 = 901 then n - 1 else n end)::text, 8, '0'),
  pg_temp.pick(array['aligner','retainer','crown','guide'], n, 112), 1 + n % 5,
  (enum_range(null::case_state))[1 + pg_temp.k(n, 53, 5)], t,
  case when n % 600 = 333 then t - interval '3 days' when n % 2 = 0 then t + interval '40 days' * pg_temp.r(n, 55) end,
  case when n % 6 <> 0 then ('{ "shade" : "' || pg_temp.pick(array['A1','B2'], n, 54)
    || '",  "stages": ' || n % 40 || ', "torque": 1.0 }')::json end, c, c + interval '1 hour'
from size s, generate_series(1, s.cases) n, lateral (select pg_temp.at(n, 56, s.cases) c) x,
  lateral (select case when n % 700 = 0 then timestamp '2023-03-12 02:15:00'
                       else date_trunc('minute', c at time zone 'UTC') end t) y;

insert into dispatch_case_tags (id, case_id, tag_id)
select pg_temp.id(n), pg_temp.id(2 * m), 1 + pg_temp.k(m, 57, 30)
from size s, generate_series(1, s.cases / 2) n,
  lateral (select case when n % 1000 = 611 then n - 1 else n end m) x;

insert into dispatch_file
select pg_temp.id(n), case when n % 800 = 321 then pg_temp.gone(n) else pg_temp.some(n, 58, s.cases) end,
  case when n % 500 = 99 then 41 when n % 8 <> 0 then pg_temp.some(n, 59, s.person) end,
  case when n % 1000 <> 543 then 'scan ' || n || '.stl' end,
  'cases/' || n % 1000 || '/' || md5(n::text) || '.stl',
  case when n % 1600 = 1111 then -1 when n % 999 = 0 then 9007199254740993 else 1000 + pg_temp.k(n, 60, 50000000) end,
  'model/stl', md5('file' || n) || md5('more' || n), t, t
from size s, generate_series(1, pg_temp.size(8000)) n,
  lateral (select pg_temp.at(n, 61, pg_temp.size(8000)) t) x;

insert into dispatch_jaw
select pg_temp.id(n), case when n % 700 = 401 then pg_temp.gone(n) else pg_temp.some(n, 62, s.patient) end,
  pg_temp.some(n, 113, s.orders), case when n % 700 = 555 then (array['Upper','both'])[1 + n % 2]
    else (array['upper','lower'])[1 + n % 2] end,
  array[11 + pg_temp.k(n, 63, 8), case when n % 700 = 123 then 99 else 21 + pg_temp.k(n, 64, 8) end],
  array[[round(pg_temp.r(n, 65)::numeric, 4), null], [0.10, -1.000]],
  case n % 700 when 0 then 'NaN' when 1 then '-Infinity' else 20 + pg_temp.r(n, 66) * 30 end,
  case when n % 10 <> 0 then decode('00ff' || repeat(md5('scan' || n), 4 + (n % 12)::int), 'hex') end, t, t, t
from size s, generate_series(1, pg_temp.size(7000)) n,
  lateral (select pg_temp.at(n, 67, pg_temp.size(7000)) t) x;

insert into dispatch_project
select pg_temp.id(n), md5('project' || n)::uuid, pg_temp.some(n, 68, s.cases),
  case when n % 800 = 511 then pg_temp.gone(n) else pg_temp.some(n, 69, s.doctor) end,
  'Project ' || n, jsonb_build_object('stages', n % 40, 'note', pg_temp.pick(w.remark, n, 70),
    'nested', jsonb_build_object('unit', 'mm', 'value', pg_temp.r(n, 71)::numeric)), t, t
from size s, word w, generate_series(1, s.project) n,
  lateral (select pg_temp.at(n, 72, s.project) t) x;

insert into dispatch_plan
select pg_temp.id(n), pg_temp.some(n, 73, s.project),
  case when n % 800 = 211 then pg_temp.gone(n) else pg_temp.some(n, 114, s.patient) end,
  pg_temp.some(n, 115, s.doctor),
  case when n % 400 = 7 then pg_temp.gone(n) when n % 100 = 0 then least(pg_temp.id(n + 1), pg_temp.id(s.plan))
       when n % 3 = 0 then pg_temp.some(n, 74, n - 1) end,
  1 + n % 6, pg_temp.pick(array['draft','sent','approved','rejected'], n, 75), t::date,
  make_interval(months => pg_temp.k(n, 76, 24), days => pg_temp.k(n, 77, 30)),
  round((pg_temp.r(n, 78) * 9999)::numeric, (n % 7)::int),
  case when n % 5 <> 0 then daterange(t::date, case when n % 4 <> 0 then t::date + 365 end) end,
  case when n % 7 = 0 then pg_temp.pick(w.remark, n, 79) end, t, t
from size s, word w, generate_series(1, s.plan) n,
  lateral (select pg_temp.at(n, 80, s.plan) t) x;

insert into dispatch_comment
select pg_temp.id(n), case when n % 800 <> 345 then pg_temp.pick(w.remark, n, 81) end,
  case when n % 600 = 222 then pg_temp.gone(n) else pg_temp.some(n, 82, s.person) end,
  case when n % 1200 = 777 then pg_temp.gone(n) else pg_temp.some(n, 83, s.plan) end,
  t, t + interval '3 days' * pg_temp.r(n, 84)
from size s, word w, generate_series(1, s.comments) n,
  lateral (select pg_temp.at(n, 85, s.comments) t) x;

-- -- logs ---------------------------------------------------------------------------------------

insert into dispatch_event overriding system value
select pg_temp.id(n), (array[9, 11, 13])[1 + n % 3], case when n % 300 = 150 then pg_temp.gone(n)
    else pg_temp.some(n, 86, (array[s.patient, s.orders, s.cases])[1 + n % 3]) end,
  pg_temp.pick(array['created','viewed','updated','exported'], n, 87),
  case when n % 5 <> 0 then pg_temp.some(n, 116, s.person) end,
  case when n % 4 <> 0 then jsonb_build_object('ip', '10.0.0.' || n % 250, 'ms', n % 900 / 7.0) end,
  pg_temp.at(n, 88, pg_temp.size(4500))
from size s, generate_series(1, pg_temp.size(4500)) n;

insert into django_admin_log
select pg_temp.id(n), case when n % 500 = 77 then pg_temp.gone(n) else pg_temp.some(n, 89, s.person) end,
  case when n % 6 <> 0 then 9 end, pg_temp.some(n, 117, s.patient)::text, 'Patient object', 1 + n % 3,
  '[{"changed": {"fields": ["Status"]}}]', pg_temp.at(n, 90, pg_temp.size(1500))
from size s, generate_series(1, pg_temp.size(1500)) n;

insert into django_session
select md5('session' || n), repeat(md5('data' || n), 6),
  case when n % 90 = 0 then 'infinity' else pg_temp.at(n, 91, pg_temp.size(400)) end
from generate_series(1, pg_temp.size(400)) n;

insert into "dispatch_importLog"
select (m * 3)::int, 'ord-' || lpad(m::text, 8, '0'), 'user' || m % 90, m % 2 = 0,
  timestamp '2019-03-10 02:30:00' + interval '1 hour' * m, pg_temp.pick(w.remark, m, 92),
  pg_temp.r(m, 93) * 1e-5, 'proto ' || m, '{"b": 1, "a": 2, "b": 3}', '"' || m || '";"ok"'
from word w, generate_series(1, pg_temp.size(400)) n, lateral (select n - (n % 25 = 0)::int m) x;

-- -- foreign keys that came years too late: never validated, because they would not be ------------

set constraints all immediate;
alter table dispatch_user add constraint dispatch_user_office_fk
  foreign key (office_id) references dispatch_office deferrable initially deferred not valid;
alter table dispatch_doctor add constraint dispatch_doctor_user_fk
  foreign key (user_id) references dispatch_user deferrable initially deferred not valid;
alter table dispatch_patient add constraint dispatch_patient_doctor_fk
  foreign key (doctor_id) references dispatch_doctor deferrable initially deferred not valid;
alter table dispatch_order add constraint dispatch_order_patient_fk
  foreign key (patient_id) references dispatch_patient deferrable initially deferred not valid;
alter table dispatch_plan add constraint dispatch_plan_previous_fk
  foreign key (previous_id) references dispatch_plan deferrable initially deferred not valid;
alter table dispatch_comment add constraint dispatch_comment_plan_fk
  foreign key (plan_id) references dispatch_plan deferrable initially deferred not valid;

-- -- sequences: ahead of the highest id, as after years of rolled-back inserts ------------------

select setval(oid::regclass, 100000000)
from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace;
