-- What is asked of the oracle: functions over the views of clinic-oracle.sql, which runs before this.
-- Each answers with names and numbers only. Rows are compared by their text: 1.0 is not 1.00 there, a
-- month not 30 days, and NaN is NaN.

create function oracle.row_differences()
returns table (relation text, expected bigint, missing bigint, surplus bigint)
language plpgsql as $$
declare
  v_columns text;
begin
  for relation in select viewname from pg_views where schemaname = 'oracle' order by 1
  loop
    select string_agg(quote_ident(attname), ', ' order by attnum) into v_columns
      from pg_attribute where attrelid = format('oracle.%I', relation)::regclass and attnum > 0;
    if exists (
      select attname from pg_attribute
       where attrelid in (format('oracle.%I', relation)::regclass, format('target.%I', relation)::regclass)
         and attnum > 0 and not attisdropped
       group by attname having count(*) = 1)
    then
      raise exception 'oracle and target differ in the columns of %', relation;
    end if;
    return query execute format(
      'with e as materialized (select r::text from (select %1$s from oracle.%2$I) r),
            t as materialized (select r::text from (select %1$s from target.%2$I) r)
       select %2$L::text, (select count(*) from e),
              (select count(*) from (table e except all table t) d),
              (select count(*) from (table t except all table e) d)', v_columns, relation);
  end loop;
end
$$;

-- The answer sheet, in the words of the control plane.
create or replace view answers.keys as
select 'public.' || tbl as entity_name, reason, tbl, pk,
       case when tbl = 'dispatch_price_list'
            then jsonb_build_array(split_part(pk, '/', 1), split_part(pk, '/', 2), split_part(pk, '/', 3))::text
            else pk end as key
  from answers.refused;

create function oracle.refusal_differences()
returns table (entity text, expected bigint, missing bigint, surplus bigint)
language sql as $$
  with missing as (
         select r.entity_name from (select entity_name, key from answers.keys
           except all select entity_name, source_record_id from books.dead) r),
       surplus as (
         select r.entity_name from (select entity_name, source_record_id from books.dead
           except all select entity_name, key from answers.keys) r)
  select e.entity_name, (select count(*) from answers.keys r where r.entity_name = e.entity_name),
         (select count(*) from missing m where m.entity_name = e.entity_name),
         (select count(*) from surplus s where s.entity_name = e.entity_name)
    from (select entity_name from answers.keys union select entity_name from books.dead) e
   order by 1
$$;

-- What each kind of dirt is refused for. A CHECK of the target comes last: a parent may be missed first.
create table oracle.codes (kind text, col text, code text);
insert into oracle.codes values
  ('invalid_email', 'email', 'pattern_violated'), ('invalid_tooth', 'teeth', 'pattern_violated'),
  ('invalid_age', 'age', 'range_violated'), ('invalid_quantity', 'quantity', 'range_violated'),
  ('invalid_gender', 'gender', 'value_unmapped'), ('invalid_choice', 'status', 'value_unmapped'),
  ('invalid_choice', 'kind', 'choice_violated'),
  ('closed_before_open', 'closed_at', 'comparison_violated'),
  ('dangling_generic_fk', 'object_id', 'reference_missing'),
  ('negative_size', 'size', 'constraint_violated'), ('negative_size', 'size', 'reference_missing'),
  ('orphan_fk', null, 'reference_missing'), ('null_required', null, 'required_missing');

create function oracle.code_differences() returns table (entity text, reason text, code text, rows bigint)
language sql as $$
  select r.entity_name, r.reason, d.error_code, count(*)
    from answers.keys r
    join books.dead d on (d.entity_name, d.source_record_id) = (r.entity_name, r.key)
   where case r.reason
           when 'duplicate' then d.error_code <> 'duplicate'
           when 'dirty' then not exists (
             select from answers.manifest m join oracle.codes c on c.kind = m.kind
              where m.severity = 'reject' and (m.tbl, m.pk) = (r.tbl, r.pk)
                and coalesce(c.col, m.col) = m.col and c.code = d.error_code)
           else d.error_code <> 'reference_missing' end
   group by 1, 2, 3
$$;

create function oracle.uuid3(p_namespace uuid, p_name text) returns uuid
language sql immutable as $$
  select overlay(overlay(h placing '3' from 13) placing
           substr('89ab', 1 + (('x' || substr(h, 17, 1))::bit(4)::int & 3), 1) from 17)::uuid
    from (select md5(decode(replace(p_namespace::text, '-', ''), 'hex')
                     || convert_to(p_name, 'UTF8')) as h) x
$$;

-- The map: every row that was not refused, under the name that RFC 9562 gives it.
create function oracle.map_differences()
returns table (entity text, expected bigint, missing bigint, surplus bigint)
language plpgsql as $$
declare
  v_system uuid := (select oracle.uuid3('6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'urn:supaferry:' || s.system)
                      from books.source s);
  v_table text;
  v_key text;
begin
  for v_table in
    select tablename from pg_tables where schemaname = 'legacy' and tablename not in
      ('django_content_type', 'auth_group', 'django_migrations', 'django_session', 'dispatch_importLog')
     order by 1
  loop
    entity := 'public.' || v_table;
    v_key := case v_table when 'dispatch_price_list'
      then 'jsonb_build_array(l.office_id::text, l.product_id::text, l.valid_from::text)::text'
      else 'l.id::text' end;
    return query execute format(
      'with e as materialized (
         select k.key, oracle.uuid3(%2$L, k.key) as id from (select %3$s as key from legacy.%1$I l) k
          where not exists (select from answers.keys r where r.tbl = %1$L and r.key = k.key)),
       m as materialized (select source_id, destination_id from books.map where source_table = %4$L)
       select %4$L::text, (select count(*) from e),
              (select count(*) from (table e except all table m) d),
              (select count(*) from (table m except all table e) d)',
      v_table, oracle.uuid3(v_system, entity), v_key, entity);
  end loop;
  return query
    with e as (select g.id::text, t.id from legacy.auth_group g join target.groups t using (name)),
         m as (select source_id, destination_id from books.map where source_table = 'public.auth_group')
    select 'public.auth_group', (select count(*) from e),
           (select count(*) from (table e except all table m) d),
           (select count(*) from (table m except all table e) d);
end
$$;

-- Dirt that has to arrive as it is, looked at once more, value by value.
create table oracle.homes (tbl text, target text, legacy_key text);
insert into oracle.homes values
  ('dispatch_user', 'profiles', 'legacy_user_id'), ('dispatch_patient', 'patients', 'legacy_patient_id'),
  ('dispatch_product', 'products', 'legacy_id'), ('dispatch_order', 'orders', 'legacy_id'),
  ('dispatch_case', 'cases', 'legacy_id'), ('dispatch_project', 'projects', 'legacy_id'),
  ('dispatch_jaw', 'jaws', 'legacy_id'), ('dispatch_plan', 'treatment_plans', 'legacy_id'),
  ('dispatch_comment', 'comments', 'legacy_id'), ('dispatch_file', 'files', 'legacy_id'),
  ('django_session', 'django_session', 'session_key');

create function oracle.preserved() returns table (kind text, tbl text, looked_at bigint, changed bigint)
language plpgsql as $$
declare
  v record;
begin
  for v in
    select distinct m.kind, m.tbl, m.col, h.target, h.legacy_key,
           case when h.legacy_key = 'session_key' then h.legacy_key else 'id' end as key,
           case m.tbl || '.' || m.col when 'dispatch_comment.text' then 'content'
             when 'dispatch_case.opened_at' then 'opened_at_local' else m.col end as home
      from answers.manifest m join oracle.homes h using (tbl)
     where m.severity in ('preserve', 'convert', 'lossy', 'sync')
       and m.kind <> 'null_updated_at' and m.col <> 'previous_id'
     order by 1, 2
  loop
    kind := v.kind;
    tbl := v.tbl;
    execute format(
      'select count(*), count(*) filter (where t.%1$I is null or l.%2$I::text is distinct from t.%3$I::text)
         from answers.manifest m join legacy.%4$I l on l.%5$I::text = m.pk
         left join target.%6$I t on t.%1$I::text = m.pk
        where (m.kind, m.tbl, m.col) = (%7$L, %4$L, %2$L)
          and not exists (select from answers.refused r where (r.tbl, r.pk) = (m.tbl, m.pk))',
      v.legacy_key, v.col, v.home, v.tbl, v.key, v.target, v.kind)
      into looked_at, changed;
    return next;
  end loop;
end
$$;
