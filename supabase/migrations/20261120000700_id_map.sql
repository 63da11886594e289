-- Owns: the permanent map from keys of a source to UUIDs of the target, and which batch wrote what.
-- Called by: mapping_load.sql and settle.sql write; references are translated by it; analysts read mappings
--   (views.sql), which has the documents' columns.
-- Keeps: one destination per source row and source system; no name of a table is stored per row.
create table migration.map_entities (
  id integer generated always as identity primary key,
  source_system text not null,
  source_table text not null,
  destination_table text not null,
  entity_type text not null,
  begun_empty_by uuid,
  created_at timestamptz not null default now(),
  constraint map_entities_source_unique unique (source_system, source_table),
  constraint map_entities_names_not_empty
    check (source_system <> '' and source_table <> '' and destination_table <> '' and entity_type <> '')
);
comment on table migration.map_entities is 'A table of a source system whose rows are in the map.';
comment on column migration.map_entities.source_system is
  'Name that the plan gives the source: later runs and other plans over the same source share the map.';

comment on column migration.map_entities.begun_empty_by is
  'The migration that found no row of it in the map: its loads need not look for one.';

create table migration.loads (
  id integer generated always as identity primary key,
  migration_id uuid not null references migration.orchestrations (id) on delete restrict,
  entity_status_id uuid not null references migration.entity_statuses (id) on delete restrict,
  batch_id uuid not null,
  loaded_at timestamptz not null
);
create index loads_entity on migration.loads (entity_status_id);
create index loads_migration on migration.loads (migration_id);
comment on table migration.loads is 'One committed load of a mapped entity: what its rows in the map point at.';
comment on column migration.loads.batch_id is 'The batch; no foreign key, because batches are kept for a shorter time.';

create table migration.id_map (
  map_entity_id integer not null,
  source_key text collate "C" not null,
  target_id uuid not null,
  load_id integer not null,
  origin "char" not null,
  primary key (map_entity_id, source_key),
  constraint id_map_origin_known check (origin in ('c', 'u', 'f'))
) with (fillfactor = 100);
comment on table migration.id_map is 'Source key → UUID, permanent. Read it through migration.mappings.';
comment on column migration.id_map.map_entity_id is 'Of map_entities; no foreign key, it would be checked for every row.';
comment on column migration.id_map.source_key is
  'Key text as the source''s server printed it; a key of several columns as a JSON array of texts.';
comment on column migration.id_map.load_id is 'The load that wrote it; no foreign key either.';
comment on column migration.id_map.origin is
  'c: the row was created; u: a row that was there was overwritten; f: a row that was there was found and left alone.';

create table migration.before_images (
  load_id integer not null,
  source_key text collate "C" not null,
  target_table text not null,
  image text not null,
  taken_at timestamptz not null,
  primary key (load_id, source_key)
);
comment on table migration.before_images is
  'Rows of the target as they were before a load overwrote them, for a rollback. For the owner alone: the only copy of values outside their table.';
comment on column migration.before_images.image is 'The whole row as text of its row type.';
