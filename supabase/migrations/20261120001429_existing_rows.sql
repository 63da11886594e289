-- Owns: the statements that write rows into the target, and what becomes of rows that it has already.
-- Called by: mapping_load.sql, reload.sql.
-- Keeps: what is overwritten is kept as an image first; columns that the plan does not mention keep their
--   values; rows may exchange unique values; an old row stays where its new version is refused.
create function migration._column_lists(p_definition jsonb, out mapped text, out fresh text, out others text, out kept text, out updates text)
language sql stable set search_path = '' as $$
  with named as (
    select x.name, x.at from jsonb_array_elements_text(p_definition #> '{mapping,columns}') with ordinality x(name, at)),
  other as (
    select quote_ident(a.attname) as name, a.attnum as at from pg_catalog.pg_attribute a
     where a.attrelid = migration._target_of(p_definition)::regclass and a.attnum > 0 and not a.attisdropped
       and a.attgenerated = '' and a.attname not in (select n.name from named n))
  select (select string_agg(quote_ident(n.name), ', ' order by n.at) from named n),
         (select string_agg('r.c' || (n.at - 1), ', ' order by n.at) from named n),
         (select string_agg(o.name, ', ' order by o.at) from other o),
         (select string_agg('(e.image).' || o.name, ', ' order by o.at) from other o),
         (select string_agg(format('%I = r.c%s', n.name, n.at - 1), ', ' order by n.at) from named n)
$$;
comment on function migration._column_lists(jsonb) is
  'Columns of the target that a mapping writes and their values in a row r of ferry_rows; the other columns and their values in an old row e.image; the first as assignments.';

create function migration._is_silent() returns boolean
language sql stable set search_path = '' as $$ select current_setting('session_replication_role') = 'replica' $$;
comment on function migration._is_silent() is 'Whether triggers and foreign keys are off in this transaction.';

create function migration._mind_existing(p_definition jsonb, p_load_id integer) returns void
language plpgsql set search_path = '' as $$
declare
  v_mapping jsonb := p_definition -> 'mapping';
  v_target text := migration._target_of(p_definition);
  v_equal text := migration._equal_in_target(v_mapping, v_mapping -> 'identity');
begin
  execute format('create temp table ferry_there (place tid primary key, image %s) on commit drop', v_target);
  if v_mapping ->> 'conflict' = 'fail' then
    return;
  end if;
  -- not t alone: that would be its column of this name, where it has one
  execute format('insert into pg_temp.ferry_there
    select r.place, row(t.*)::%1$s from pg_temp.ferry_rows r join %1$s t on %2$s where r.refused is null for update of t', v_target, v_equal);
  if v_mapping ->> 'conflict' = 'ignore' then
    update pg_temp.ferry_rows r set refused = -1 from pg_temp.ferry_there e where e.place = r.place;
    return;
  end if;
  insert into migration.before_images (load_id, source_key, target_table, image, taken_at)
  select p_load_id, r.key, v_target, e.image::text, migration.clock()
    from pg_temp.ferry_there e join pg_temp.ferry_rows r on r.place = e.place;
  if migration._is_silent() then
    -- so that no old version stands in the way of another row's new one; nothing else notices
    execute format('delete from %s t using pg_temp.ferry_there e join pg_temp.ferry_rows r on r.place = e.place where %s', v_target, v_equal);
  end if;
end
$$;
comment on function migration._mind_existing(jsonb, integer) is
  'Finds the rows that the target has already, in ferry_there: leaves them alone (refused -1), or keeps an image and takes them out until they are written anew.';

create function migration._insert_statement(p_definition jsonb) returns text
language plpgsql stable set search_path = '' as $$
declare
  v_mapping jsonb := p_definition -> 'mapping';
  v_target text := migration._target_of(p_definition);
  v_columns record;
  v_new text;
  v_old text;
begin
  select * into v_columns from migration._column_lists(p_definition);
  v_new := format('insert into %s (%s) overriding system value select %s from pg_temp.ferry_rows r
    where r.refused is null and r.place between $2 and $3', v_target, v_columns.mapped, v_columns.fresh);
  if v_mapping ->> 'conflict' <> 'update' then
    return v_new;
  end if;
  v_old := case when migration._is_silent()
    then format('insert into %s (%s) overriding system value select %s from pg_temp.ferry_rows r join pg_temp.ferry_there e on e.place = r.place
      where r.refused is null and r.place between $2 and $3', v_target, concat_ws(', ', v_columns.mapped, v_columns.others),
      concat_ws(', ', v_columns.fresh, v_columns.kept))
    else format('update %s t set %s from pg_temp.ferry_rows r join pg_temp.ferry_there e on e.place = r.place
      where r.refused is null and r.place between $2 and $3 and %s', v_target, v_columns.updates,
      migration._equal_in_target(v_mapping, v_mapping -> 'identity')) end;
  return format('with old as (%s returning true), new as (%s and not exists (select from pg_temp.ferry_there e where e.place = r.place) returning true)
    select from old union all select from new', v_old, v_new);
end
$$;
comment on function migration._insert_statement(jsonb) is
  'Brings the accepted rows between two places into the target, new ones and new versions; reports each once.';

create function migration._put_back(p_definition jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  v_columns record;
begin
  if p_definition #>> '{mapping,conflict}' <> 'update' or not migration._is_silent() then
    return;
  end if;
  -- as a mapping of nothing sees it, every column is another one
  select * into v_columns from migration._column_lists(jsonb_set(p_definition, '{mapping,columns}', '[]'));
  execute format('insert into %s (%s) overriding system value select %s from pg_temp.ferry_there e join pg_temp.ferry_rows r on r.place = e.place
    where r.refused > 0', migration._target_of(p_definition), v_columns.others, v_columns.kept);
end
$$;
comment on function migration._put_back(jsonb) is 'Old versions of rows whose new version was refused, back where they were.';
