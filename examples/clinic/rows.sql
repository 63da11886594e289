-- Rows of the legacy clinic: the same rows on every machine, about 100,000 at scale 1.
--
-- Every value is a function of (row number, salt), never of random() or now(). Run inside one
-- transaction, in the session that ran `select set_config('clinic.scale', '1', false)`.
-- Serial ids have gaps (41, 82, 123, ... were "deleted") and the sequences stand ahead of them.

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
-- id of the n-th row; id of some row among the first `total`
create function pg_temp.id(n bigint) returns int language sql immutable as
  $$ select (n + (n - 1) / 40)::int $$;
create function pg_temp.some(n bigint, salt int, total bigint) returns int language sql immutable as
  $$ select pg_temp.id(1 + pg_temp.k(n, salt, total)) $$;
-- moments rise with the row number from 2019 to late 2025, to the microsecond
create function pg_temp.at(n bigint, salt int, total bigint) returns timestamptz
  language sql immutable as
  $$ select timestamptz '2019-01-02 08:00:00+00'
       + make_interval(secs => (n + pg_temp.r(n, salt)) / (total + 1) * 216000000) $$;
create function pg_temp.size(base int) returns bigint language sql immutable as
  $$ select greatest(1, round(base * current_setting('clinic.scale')::numeric))::bigint $$;

create temporary table size on commit drop as
select pg_temp.size(60) office, pg_temp.size(1500) person, pg_temp.size(300) doctor,
       pg_temp.size(10000) patient, pg_temp.size(300) product, pg_temp.size(12000) orders,
       pg_temp.size(9000) cases, pg_temp.size(4000) project, pg_temp.size(4000) plan;

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

insert into django_content_type (app_label, model)
select split_part(m, '.', 1), split_part(m, '.', 2) from unnest(array['admin.logentry','auth.group',
  'dispatch.user','dispatch.office','dispatch.doctor','dispatch.patient','dispatch.order',
  'dispatch.case','dispatch.file','dispatch.jaw','dispatch.project','dispatch.plan']) m;

insert into auth_group (name)
select unnest(array['Administrators','Doctors','Lab technicians','Front desk','Accounting',
  'Read only']);

insert into dispatch_diagnosis
select 'K' || lpad((n / 10)::text, 2, '0') || '.' || n % 10,
  (array['Crowding','Open bite','Deep bite','Crossbite','Caries','Bruxism','Spacing',
    'Tooth loss'])[1 + n % 8] || ' of grade ' || 1 + n / 8, n % 7 <> 0
from generate_series(0, 119) n;

insert into dispatch_tag (name, color)
select 'tag ' || n, '#' || lpad(to_hex(n * 559240 % 16777216), 6, '0') from generate_series(1, 30) n;

-- -- people and places --------------------------------------------------------------------------

insert into dispatch_office
select pg_temp.id(n), case when n > 5 and n % 3 = 0 then pg_temp.some(n, 1, 5) end,
  pg_temp.some(n, 2, s.person), 'OFF-' || lpad(n::text, 5, '0'),
  pg_temp.pick(w.last, n, 3) || ' Dental', pg_temp.pick(w.city, n, 4),
  pg_temp.pick(array['America/Chicago','America/New_York','America/Denver'], n, 5),
  point(round(pg_temp.r(n, 6)::numeric * 50 - 120, 5), round(pg_temp.r(n, 7)::numeric * 20 + 28, 5)),
  time '07:00' + make_interval(mins => 15 * pg_temp.k(n, 8, 12)),
  '{"mon": ["08:00", "17:00"], "sat": null}', ('10.' || n % 200 || '.0.0/16')::cidr,
  pg_temp.at(n, 9, s.office)
from size s, word w, generate_series(1, s.office) n;

insert into dispatch_user
select pg_temp.id(n), case when n % 9 <> 0 then pg_temp.some(n, 10, s.office) end, 'user' || n,
  'user' || n || '@clinic.example', 'pbkdf2_sha256$260000$' || md5('salt' || n),
  pg_temp.pick(w.first, n, 11), pg_temp.pick(w.last, n, 12),
  (enum_range(null::staff_role))[1 + pg_temp.k(n, 13, 5)], n % 14 <> 0,
  jsonb_build_object('theme', pg_temp.pick(array['light','dark'], n, 14), 'page', 25 * (1 + n % 4),
    'seen', 12345678901234567890::numeric + n),
  case when n % 10 = 0 then '2001:db8::' || to_hex(n % 65536) else '10.0.' || n % 250 || '.7' end::inet,
  case when n % 4 = 0 then ('08:00:2b:01:' || lpad(to_hex(n % 256), 2, '0') || ':05')::macaddr end,
  case when n % 5 <> 0 then pg_temp.at(n, 15, s.person) + interval '30 days' end,
  pg_temp.at(n, 16, s.person)
from size s, word w, generate_series(1, s.person) n;

insert into auth_user_group
select pg_temp.id(n), g, date '2019-02-01' + pg_temp.k(n, 17, 2000)
from size s, generate_series(1, s.person) n, generate_series(1, 6) g
where g = 1 + n % 6 or (n % 20 = 0 and g = 6);

insert into dispatch_doctor
select pg_temp.id(n), pg_temp.id(1 + (n - 1) % s.person), pg_temp.some(n, 18, s.office),
  case when n % 4 = 0 then pg_temp.some(n, 19, s.doctor) end, 'LIC' || lpad(n::text, 6, '0'),
  pg_temp.pick(array['Orthodontist','Prosthodontist','General dentist','Periodontist'], n, 20),
  round((60 + pg_temp.r(n, 21) * 200)::numeric, 2), (array[1, 2, 3, 4, 5]::smallint[])[1 : 2 + n % 4],
  make_interval(mins => 15 * (1 + pg_temp.k(n, 22, 4))),
  decode('89504e470d0a1a0a00' || md5('signature' || n) || '00ff', 'hex')
from size s, generate_series(1, s.doctor) n;

insert into dispatch_patient (id, patient_code, first_name, last_name, gender, birth_date, doctor_id,
  allergies, insurance_info, medical_history, contact, is_archived, created_at, updated_at)
select pg_temp.id(n), 'P' || lpad(n::text, 7, '0'), pg_temp.pick(w.first, n, 23),
  pg_temp.pick(w.last, n, 24), (array['F','M','X',null])[1 + pg_temp.k(n, 25, 4)],
  case when n % 50 <> 0 then date '2021-06-30' - pg_temp.k(n, 26, 30000) end,
  pg_temp.some(n, 27, s.doctor),
  case n % 10 when 0 then '{}' when 1 then array['latex', 'a,b "c" {d}', 'NULL', null]
    when 2 then array['penicillin'] end,
  '{"provider": "' || pg_temp.pick(array['Acme Dental','Delta','Größe & Co'], n, 28) || '"}',
  case when n % 5 <> 0 then repeat('Visit: routine, no complaints. ', 1 + pg_temp.k(n, 29, 12)) end,
  jsonb_build_object('phone', '+1-555-' || lpad((n % 10000)::text, 4, '0'), 'sms', n % 3 = 0),
  n % 15 = 0, pg_temp.at(n, 30, s.patient),
  pg_temp.at(n, 30, s.patient) + make_interval(secs => pg_temp.r(n, 31) * 900000)
from size s, word w, generate_series(1, s.patient) n;

insert into dispatch_appointment
select pg_temp.id(n), pg_temp.some(n, 32, s.patient), pg_temp.some(n, 33, s.doctor),
  tstzrange(t, t + make_interval(mins => 15 * (1 + n % 6)::int)), nullif(n % 6, 0),
  case when n % 3 = 0 then 'K' || lpad((n % 12)::text, 2, '0') || '.' || n % 10 end,
  (array[true, false, false, null])[1 + n % 4], t - interval '14 days'
from size s, generate_series(1, pg_temp.size(6000)) n,
  lateral (select date_trunc('hour', pg_temp.at(n, 34, pg_temp.size(6000))) t) x;

-- -- products and orders ------------------------------------------------------------------------

insert into dispatch_product
select pg_temp.id(n), case when n > 20 and n % 3 = 0 then pg_temp.some(n, 35, 20) end,
  'SKU-' || lpad(n::text, 6, '0'),
  pg_temp.pick(array['Clear aligner set','Zirconia crown','Night guard','Retainer','Veneer'], n, 36),
  round((20 + pg_temp.r(n, 37) * 3000)::numeric, 2), (pg_temp.r(n, 38) * 500)::real,
  jsonb_build_object('shade', pg_temp.pick(array['A1','A2','B1','B2'], n, 39), 'ratio', 1.10,
    'layers', jsonb_build_array(n % 3, null, true)), (n % 256)::int::bit(8)
from size s, generate_series(1, greatest(20, s.product)) n;

insert into dispatch_price_list
select pg_temp.id(o), pg_temp.id(p), date '2020-01-01' + 365 * (o % 5)::int, (p * 7 + o) * 1.01
from size s, generate_series(1, s.office) o, generate_series(1, 20) p;

insert into dispatch_order
select pg_temp.id(n), 'ord-' || lpad(n::text, 8, '0'), pg_temp.some(n, 40, s.patient),
  pg_temp.some(n, 41, s.office),
  pg_temp.pick(array['draft','placed','in_production','shipped','delivered','cancelled'], n, 42),
  case when n % 997 = 0 then 'NaN' else round((pg_temp.r(n, 43) * 9000)::numeric, (n % 5)::int) end,
  (array['USD','EUR','CAD'])[1 + n % 3],
  case when n % 500 = 0 then 'infinity' when n % 11 <> 0 then t::date + 14 end,
  case when n % 3 = 0 then pg_temp.pick(w.remark, n, 44) end, t,
  t + interval '1 day' * pg_temp.r(n, 45)
from size s, word w, generate_series(1, s.orders) n,
  lateral (select pg_temp.at(n, 46, s.orders) t) x;

insert into dispatch_order_product
select pg_temp.id(n), pg_temp.id(1 + (n - 1) % s.orders),
  pg_temp.id(1 + (n - 1) / s.orders + pg_temp.k((n - 1) % s.orders, 47, 10)), 1 + n % 4,
  round((20 + pg_temp.r(n, 48) * 900)::numeric, 2), pg_temp.r(n, 49) * 0.3,
  case when n % 2 = 0 then array[1 + pg_temp.k(n, 50, 16), 17 + pg_temp.k(n, 51, 16)] end
from size s, generate_series(1, s.orders * 3 / 2) n;

-- -- laboratory ---------------------------------------------------------------------------------

insert into dispatch_case
select pg_temp.id(n), pg_temp.some(n, 52, s.orders), 'C-' || lpad(n::text, 8, '0'),
  (enum_range(null::case_state))[1 + pg_temp.k(n, 53, 5)], n % 4,
  case when n % 6 <> 0 then ('{ "shade" : "' || pg_temp.pick(array['A1','B2'], n, 54)
    || '",  "stages": ' || n % 40 || ', "torque": 1.0 }')::json end,
  t, case when n % 2 = 0 then t + interval '40 days' * pg_temp.r(n, 55) end
from size s, generate_series(1, s.cases) n,
  lateral (select date_trunc('minute', pg_temp.at(n, 56, s.cases) at time zone 'UTC') t) x;

insert into dispatch_case_tag
select pg_temp.id(n), t from size s, generate_series(1, s.cases) n, generate_series(1, 30) t
where n % 2 = 0 and t = 1 + pg_temp.k(n, 57, 30);

insert into dispatch_file
select pg_temp.id(n), pg_temp.some(n, 58, s.cases),
  case when n % 8 <> 0 then pg_temp.some(n, 59, s.person) end,
  'scan ' || n || '.stl', 'cases/' || n % 1000 || '/' || md5(n::text) || '.stl',
  case when n % 999 = 0 then 9007199254740993 else 1000 + pg_temp.k(n, 60, 50000000) end,
  decode(md5('file' || n) || md5('more' || n), 'hex'), pg_temp.at(n, 61, pg_temp.size(8000))
from size s, generate_series(1, pg_temp.size(8000)) n;

insert into dispatch_jaw
select pg_temp.id(n), pg_temp.some(n, 62, s.patient), (array['upper','lower'])[1 + n % 2],
  array[11 + pg_temp.k(n, 63, 8), 21 + pg_temp.k(n, 64, 8)],
  array[[round(pg_temp.r(n, 65)::numeric, 4), null], [0.10, -1.000]],
  case n % 700 when 0 then 'NaN' when 1 then '-Infinity' else 20 + pg_temp.r(n, 66) * 30 end,
  case when n % 10 <> 0 then decode('00ff' || repeat(md5('scan' || n), 4 + (n % 12)::int), 'hex') end,
  pg_temp.at(n, 67, pg_temp.size(7000))
from size s, generate_series(1, pg_temp.size(7000)) n;

insert into dispatch_project
select md5('project' || n)::uuid, pg_temp.some(n, 68, s.cases), pg_temp.some(n, 69, s.doctor),
  'Project ' || n, jsonb_build_object('stages', n % 40, 'note', pg_temp.pick(w.remark, n, 70),
    'nested', jsonb_build_object('unit', 'mm', 'value', pg_temp.r(n, 71)::numeric)),
  pg_temp.at(n, 72, s.project)
from size s, word w, generate_series(1, s.project) n;

insert into dispatch_plan
select pg_temp.id(n), md5('project' || 1 + pg_temp.k(n, 73, s.project))::uuid,
  case when n % 100 = 0 then least(pg_temp.id(n + 1), pg_temp.id(s.plan))
       when n % 3 = 0 then pg_temp.some(n, 74, n - 1) end,
  1 + n % 6, pg_temp.pick(array['draft','sent','approved','rejected'], n, 75),
  make_interval(months => pg_temp.k(n, 76, 24), days => pg_temp.k(n, 77, 30)),
  case when n % 5 <> 0 then daterange(t::date, case when n % 4 <> 0 then t::date + 365 end) end,
  round((pg_temp.r(n, 78) * 9999)::numeric, 6),
  case when n % 7 = 0 then pg_temp.pick(w.remark, n, 79) end, t
from size s, word w, generate_series(1, s.plan) n,
  lateral (select pg_temp.at(n, 80, s.plan) t) x;

insert into dispatch_comment
select pg_temp.id(n), pg_temp.pick(w.remark, n, 81), pg_temp.some(n, 82, s.person),
  pg_temp.some(n, 83, s.plan), t, t + interval '3 days' * pg_temp.r(n, 84)
from size s, word w, generate_series(1, pg_temp.size(12000)) n,
  lateral (select pg_temp.at(n, 85, pg_temp.size(12000)) t) x;

-- -- logs ---------------------------------------------------------------------------------------

insert into dispatch_event overriding system value
select pg_temp.id(n), 1 + n % 12, pg_temp.some(n, 86, s.patient),
  pg_temp.pick(array['created','viewed','updated','exported'], n, 87),
  case when n % 4 <> 0 then jsonb_build_object('ip', '10.0.0.' || n % 250, 'ms', n % 900 / 7.0) end,
  pg_temp.at(n, 88, pg_temp.size(4500))
from size s, generate_series(1, pg_temp.size(4500)) n;

insert into django_admin_log
select pg_temp.id(n), pg_temp.some(n, 89, s.person), 1 + n % 3,
  '[{"changed": {"fields": ["Status"]}}]',
  pg_temp.at(n, 90, pg_temp.size(1500))
from size s, generate_series(1, pg_temp.size(1500)) n;

insert into django_session
select md5('session' || n), repeat(md5('data' || n), 6), pg_temp.at(n, 91, pg_temp.size(400))
from generate_series(1, pg_temp.size(400)) n;

insert into "dispatch_importLog"
select (m * 3)::int, 'ord-' || lpad(m::text, 8, '0'), 'user' || m % 90, m % 2 = 0,
  timestamp '2019-03-10 02:30:00' + interval '1 hour' * m, '"' || m || '";"ok"'
from generate_series(1, pg_temp.size(400)) n, lateral (select n - (n % 25 = 0)::int m) x;

insert into "Lab Notes"
select n, pg_temp.pick(w.remark, n, 92), pg_temp.r(n, 93) * 1e-5, 'proto ' || n,
  '{"b": 1, "a": 2, "b": 3}'
from word w, generate_series(1, pg_temp.size(250)) n;

-- -- sequences: ahead of the highest id, as after years of rolled-back inserts ------------------

select setval(oid::regclass, 100000000)
from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace;
