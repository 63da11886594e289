-- The oracle of the mapped clinic: what every table of examples/clinic/target.sql has to hold, written
-- by hand from the source's tables and the map. It shares nothing with the engine and nothing with the
-- plan's expressions.
--
-- clinic-oracle.ts makes a scratch database and copies into it, with plain COPY over two connections:
--   legacy.*          the source's tables, types without a built-in name as text
--   target.*          the target's tables, those of schema legacy_archive among them, likewise
--   books.source      the name of the source system
--   books.map         migration.mappings: source_table, source_id, destination_id
--   books.dead        dead letters: entity_name, source_record_id, error_code
--   answers.refused   the generator's answer sheet: tbl, pk, reason; answers.manifest: its dirty rows
-- and then runs this file. The functions at its end count differences and name no value of a row.

create schema oracle;
create schema ids;

-- ids.<source table>(id, uuid): the map, one table for each entity that another one points at.
do $$
declare
  v_table text;
begin
  foreach v_table in array array['auth_permission', 'auth_group_permissions', 'auth_group',
    'dispatch_office', 'dispatch_user', 'dispatch_user_groups', 'django_admin_log',
    'dispatch_doctor', 'dispatch_patient', 'dispatch_product', 'dispatch_order',
    'dispatch_orderproduct', 'dispatch_case', 'dispatch_tag', 'dispatch_case_tags',
    'dispatch_project', 'dispatch_jaw', 'dispatch_plan', 'dispatch_comment', 'dispatch_file',
    'dispatch_event']
  loop
    execute format('create table ids.%I as select source_id::bigint as id, destination_id as uuid
                      from books.map where source_table = %L', v_table, 'public.' || v_table);
  end loop;
end
$$;

create view oracle.content_types as
select t.id, t.app_label, t.model, t.id || ' ' || t.app_label || '.' || t.model as label
  from legacy.django_content_type t;

create view oracle.groups as
select own.uuid as id, g.name from legacy.auth_group g join ids.auth_group own using (id);

create view oracle.permissions as
select own.uuid as id, p.id as legacy_id, p.content_type_id, p.codename, p.name
  from legacy.auth_permission p join ids.auth_permission own using (id);

create view oracle.group_permissions as
select own.uuid as id, x.id as legacy_id, g.uuid as group_id, p.uuid as permission_id
  from legacy.auth_group_permissions x
  join ids.auth_group_permissions own using (id)
  join ids.auth_group g on g.id = x.group_id
  join ids.auth_permission p on p.id = x.permission_id;

create view oracle.offices as
select own.uuid as id, o.id as legacy_id, o.code, substr(o.code, 5)::integer as number, o.name,
       to_jsonb(a) as address, o.timezone, o.opening_hours, owner.uuid as owner_id,
       parent.uuid as parent_id, leader.uuid as lead_doctor_id, o.is_active, o.created_at, o.updated_at
  from legacy.dispatch_office o
  join ids.dispatch_office own using (id)
  cross join lateral (select o.street, o.city, o.state, o.zip) a
  left join ids.dispatch_user owner on owner.id = o.owner_id
  left join ids.dispatch_office parent on parent.id = o.parent_id
  left join ids.dispatch_doctor leader on leader.id = o.lead_doctor_id;

create view oracle.profiles as
select own.uuid as id, u.id as legacy_user_id, u.username, lower(u.email) as email, u.first_name,
       u.last_name, u.first_name || ' ' || u.last_name as full_name,
       case when u.role = 'frontdesk' then 'front_desk' else u.role end as role,
       translate(u.phone, '-() ', '') as phone, md5(lower(u.email))::char(32) as gravatar, u.preferences,
       u.last_ip, office.uuid as office_id, u.is_staff, u.is_superuser, u.is_active, u.last_login,
       u.date_joined as joined_at, u.created_at, u.updated_at
  from legacy.dispatch_user u
  join ids.dispatch_user own using (id)
  left join ids.dispatch_office office on office.id = u.office_id;

create view oracle.profile_groups as
select own.uuid as id, x.id as legacy_id, u.uuid as profile_id, g.uuid as group_id
  from legacy.dispatch_user_groups x
  join ids.dispatch_user_groups own using (id)
  join ids.dispatch_user u on u.id = x.user_id
  join ids.auth_group g on g.id = x.group_id;

create view oracle.audit_entries as
select own.uuid as id, l.id as legacy_id, u.uuid as profile_id, l.content_type_id, l.object_id,
       l.object_repr, (array['added', 'changed', 'deleted'])[l.action_flag] as action,
       l.change_message::jsonb as changes, l.action_time as happened_at
  from legacy.django_admin_log l
  join ids.django_admin_log own using (id)
  join ids.dispatch_user u on u.id = l.user_id;

create view oracle.doctors as
select own.uuid as id, d.id as legacy_doctor_id, u.uuid as profile_id, office.uuid as office_id,
       d.license_no,
       format('[{"value": %s, "system": "license"}]', to_json(d.license_no))::jsonb as identifiers,
       case d.specialty when 'Orthodontist' then 'orthodontics'
         when 'Prosthodontist' then 'prosthodontics' when 'General dentist' then 'general'
         else 'other' end as specialty,
       d.hourly_rate, d.working_days, d.consult_length, d.signature, d.created_at, d.updated_at
  from legacy.dispatch_doctor d
  join ids.dispatch_doctor own using (id)
  join ids.dispatch_user u on u.id = d.user_id
  left join ids.dispatch_office office on office.id = d.office_id;

-- Which texts are JSON is known of the generator: all but those that it lists as not.
create view oracle.patients as
select own.uuid as id, p.id as legacy_patient_id, p.patient_code, p.first_name, p.last_name,
       p.first_name || ' ' || p.last_name as full_name,
       lower(p.last_name || ', ' || p.first_name) as sort_name, p.age, lower(p.gender) as gender,
       p.birth_date, p.medical_condition, p.medical_history, p.insurance_info,
       case when no_json.pk is null then p.insurance_info::jsonb end as insurance, p.allergies,
       p.last_visit, d.uuid as doctor_id, u.uuid as profile_id, p.is_archived, p.created_at,
       case when p.updated_at is null then p.created_at else p.updated_at end as updated_at
  from legacy.dispatch_patient p
  join ids.dispatch_patient own using (id)
  join ids.dispatch_doctor d on d.id = p.doctor_id
  left join ids.dispatch_user u on u.id = p.user_id
  left join answers.manifest no_json
         on no_json.kind = 'invalid_json_text' and no_json.pk = p.id::text;

create view oracle.products as
select own.uuid as id, p.id as legacy_id, p.sku, p.name, p.category, p.price,
       p.weight as weight_grams, p.attributes, template.uuid as template_id,
       p.is_active is not false as is_active, p.created_at, p.updated_at
  from legacy.dispatch_product p
  join ids.dispatch_product own using (id)
  left join ids.dispatch_product template on template.id = p.template_id;

create view oracle.prices as
select own.destination_id as id, o.uuid as office_id, p.uuid as product_id, x.valid_from, x.price
  from legacy.dispatch_price_list x
  join books.map own on own.source_table = 'public.dispatch_price_list'
   and own.source_id = format('["%s", "%s", "%s"]', x.office_id, x.product_id, x.valid_from)
  join ids.dispatch_office o on o.id = x.office_id
  join ids.dispatch_product p on p.id = x.product_id;

create view oracle.orders as
select own.uuid as id, o.id as legacy_id, upper(o.number) as number, p.uuid as patient_id,
       d.uuid as doctor_id, office.uuid as office_id,
       case o.status when 'cancelled' then 'canceled' else o.status end as status, o.total,
       coalesce(o.currency, 'USD') as currency, o.placed_at, o.due_date,
       case when o.notes <> '' then o.notes end as notes, o.created_at, o.updated_at
  from legacy.dispatch_order o
  join ids.dispatch_order own using (id)
  join ids.dispatch_patient p on p.id = o.patient_id
  join ids.dispatch_doctor d on d.id = o.doctor_id
  left join ids.dispatch_office office on office.id = o.office_id;

create view oracle.order_products as
select own.uuid as id, x.id as legacy_id, o.uuid as order_id, p.uuid as product_id, x.quantity,
       x.unit_price, x.unit_price * x.quantity as line_total, x.discount, x.tooth_positions
  from legacy.dispatch_orderproduct x
  join ids.dispatch_orderproduct own using (id)
  join ids.dispatch_order o on o.id = x.order_id
  join ids.dispatch_product p on p.id = x.product_id;

create view oracle.cases as
select own.uuid as id, c.id as legacy_id, o.uuid as order_id, c.case_number, c.kind, c.priority,
       replace(lower(c.state), ' ', '_') as state,
       timezone('America/Chicago', c.opened_at) as opened_at, c.opened_at as opened_at_local,
       timezone('America/Chicago', c.closed_at) as closed_at, c.closed_at as closed_at_local,
       c.metadata, c.created_at, c.updated_at
  from legacy.dispatch_case c
  join ids.dispatch_case own using (id)
  join ids.dispatch_order o on o.id = c.order_id;

create view oracle.tags as
select own.uuid as id, t.id as legacy_id, t.name, t.color
  from legacy.dispatch_tag t join ids.dispatch_tag own using (id);

create view oracle.case_tags as
select own.uuid as id, x.id as legacy_id, c.uuid as case_id, t.uuid as tag_id
  from legacy.dispatch_case_tags x
  join ids.dispatch_case_tags own using (id)
  join ids.dispatch_case c on c.id = x.case_id
  join ids.dispatch_tag t on t.id = x.tag_id;

create view oracle.projects as
select own.uuid as id, p.id as legacy_id, p.public_id, c.uuid as case_id, d.uuid as doctor_id, p.name,
       format('{"origin": "dispatch_project", "data": %s}', p.data)::jsonb as details,
       p.created_at, p.updated_at
  from legacy.dispatch_project p
  join ids.dispatch_project own using (id)
  join ids.dispatch_case c on c.id = p.case_id
  join ids.dispatch_doctor d on d.id = p.doctor_id;

create view oracle.jaws as
select own.uuid as id, j.id as legacy_id, p.uuid as patient_id, o.uuid as order_id, j.kind, j.teeth,
       array_to_string(j.teeth, ',') as tooth_chart, j.movements, j.measurement, j.scan, j.scanned_at,
       j.created_at, j.updated_at
  from legacy.dispatch_jaw j
  join ids.dispatch_jaw own using (id)
  join ids.dispatch_patient p on p.id = j.patient_id
  join ids.dispatch_order o on o.id = j.order_id;

create view oracle.treatment_plans as
select own.uuid as id, t.id as legacy_id, j.uuid as project_id, p.uuid as patient_id,
       d.uuid as doctor_id, previous.uuid as previous_id, t.version, t.status, t.approved_on,
       t.duration, t.price, t.valid_during, t.notes, t.created_at, t.updated_at
  from legacy.dispatch_plan t
  join ids.dispatch_plan own using (id)
  join ids.dispatch_project j on j.id = t.project_id
  join ids.dispatch_patient p on p.id = t.patient_id
  join ids.dispatch_doctor d on d.id = t.doctor_id
  left join ids.dispatch_plan previous on previous.id = t.previous_id;

create view oracle.comments as
select own.uuid as id, c.text as content, author.uuid as author_id, t.uuid as treatment_plan_id,
       null::uuid as parent_comment_id, c.id as legacy_id, 'dispatch_comment' as legacy_table,
       format('{"plan_id": %s}', c.plan_id)::jsonb as metadata, c.created_at, c.updated_at
  from legacy.dispatch_comment c
  join ids.dispatch_comment own using (id)
  join ids.dispatch_user author on author.id = c.author_id
  join ids.dispatch_plan t on t.id = c.plan_id;

create view oracle.files as
select own.uuid as id, f.id as legacy_id, c.uuid as case_id, u.uuid as uploaded_by_id, f.name, f.path,
       f.size, f.mime, f.sha256, f.created_at, f.updated_at
  from legacy.dispatch_file f
  join ids.dispatch_file own using (id)
  join ids.dispatch_case c on c.id = f.case_id
  left join ids.dispatch_user u on u.id = f.uploaded_by_id;

-- The models by their names here, by their numbers in the plan.
create view oracle.events as
select own.uuid as id, e.id as legacy_id, e.content_type_id, p.uuid as patient_id, o.uuid as order_id,
       c.uuid as case_id, e.verb, actor.uuid as actor_id, e.payload, e.happened_at
  from legacy.dispatch_event e
  join ids.dispatch_event own using (id)
  join legacy.django_content_type t on t.id = e.content_type_id and t.app_label = 'dispatch'
  left join ids.dispatch_patient p on t.model = 'patient' and p.id = e.object_id
  left join ids.dispatch_order o on t.model = 'order' and o.id = e.object_id
  left join ids.dispatch_case c on t.model = 'case' and c.id = e.object_id
  left join ids.dispatch_user actor on actor.id = e.actor_id;

create view oracle.django_migrations as select * from legacy.django_migrations;
create view oracle.django_session as select * from legacy.django_session;
create view oracle."dispatch_importLog" as select * from legacy."dispatch_importLog";
