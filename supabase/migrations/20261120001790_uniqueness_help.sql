-- Owns: indexes that only the load needs: to ask whether a value of a unique rule is taken already.
-- Called by: migration.start.
-- Keeps: the target ends with the indexes that it is to have; a helping index goes with the steps.
create function migration._has_index(p_target regclass, p_columns text[]) returns boolean
language sql stable set search_path = '' as $$
  select exists (
    select from pg_catalog.pg_index i
     where i.indrelid = p_target and i.indisvalid and i.indpred is null and i.indexprs is null
       and array(select a.attname::text from unnest(i.indkey[0:cardinality(p_columns) - 1]) k
                   join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k order by 1)
         = array(select c from unnest(p_columns) c order by 1))
$$;
comment on function migration._has_index(regclass, text[]) is 'Whether an index over all rows begins with these columns, in any order.';

create function migration._help_uniqueness(p_migration_id uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_rule record;
  v_name text;
begin
  for v_rule in
    select e.id, e.definition, e.records_total, x.at,
           array(select e.definition #>> array['mapping', 'columns', c] from jsonb_array_elements_text(x.rule -> 'columns') c) as columns
      from migration.entity_statuses e
     cross join lateral jsonb_array_elements(e.definition #> '{mapping,unique}') with ordinality x(rule, at)
     where e.migration_id = p_migration_id
  loop
    continue when migration._has_index(migration._target_of(v_rule.definition)::regclass, v_rule.columns);
    v_name := format('ferry_%s_%s', replace(v_rule.id::text, '-', ''), v_rule.at);
    execute format('create index %I on %s (%s)', v_name, migration._target_of(v_rule.definition),
      (select string_agg(quote_ident(c), ', ' order by at) from unnest(v_rule.columns) with ordinality x(c, at)));
    insert into migration.steps (migration_id, entity_status_id, kind, stage, object_name, statement, weight)
    values (p_migration_id, v_rule.id, 'setting', 2, v_name,
      format('drop index if exists %I.%I', v_rule.definition #>> '{target,schema}', v_name), v_rule.records_total);
  end loop;
end
$$;
comment on function migration._help_uniqueness(uuid) is
  'Makes an index for each unique rule that refuses and has none, and a step that drops it when the rows are in.';
