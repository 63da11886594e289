-- Owns: the saved mappings of entities (LegacyEntityMapping), by version.
-- Called by: migration.start and function plan (save).
-- Keeps: no cycle among dependencies on oneself.
create table migration.entity_mappings (
  id uuid primary key default gen_random_uuid(),
  source_entity text not null,
  destination_entity text not null,
  transformation_rules jsonb not null,
  dependency_entities text[] not null default '{}',
  validation_rules jsonb not null default '{}',
  is_active boolean not null default true,
  version text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint entity_mappings_version_unique unique (source_entity, destination_entity, version),
  constraint entity_mappings_names_not_empty
    check (source_entity <> '' and destination_entity <> '' and version <> ''),
  constraint entity_mappings_rules_complete
    check (jsonb_typeof(transformation_rules) = 'object' and transformation_rules ?& array['columns', 'key']),
  constraint entity_mappings_validation_is_object check (jsonb_typeof(validation_rules) = 'object'),
  constraint entity_mappings_not_own_dependency check (source_entity <> all (dependency_entities))
);
comment on table migration.entity_mappings is 'What a source table becomes: one row per entity and version of a plan.';
comment on column migration.entity_mappings.transformation_rules is
  'The compiled entity: at least its columns and its key.';

create function migration._guard_entity_mapping() returns trigger
language plpgsql set search_path = '' as $$
begin
  if exists (
    with recursive needs as (
      select unnest(new.dependency_entities) as entity
      union
      select unnest(m.dependency_entities) from needs n
        join migration.entity_mappings m on m.source_entity = n.entity and m.is_active and m.id <> new.id)
    select from needs where entity = new.source_entity)
  then
    perform migration._raise('SF422', 'dependency_cycle',
      format('The dependencies of %s lead back to it.', new.source_entity), 'Take one of them out.');
  end if;
  return new;
end
$$;
comment on function migration._guard_entity_mapping() is 'Refuses dependencies that form a cycle.';
create trigger guard before insert or update on migration.entity_mappings
  for each row execute function migration._guard_entity_mapping();
