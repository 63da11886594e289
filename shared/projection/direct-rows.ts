/** What a direct load reads, as two entities that are copied like plain ones: the rows, and their entries in the map. */
import type { CompiledDirect } from './direct.ts'
import type { CompiledColumn, CompiledEntity } from './entity.ts'

/** Where the entries of a load belong. */
export interface MapPlace {
  readonly map_entity_id: number
  readonly load_id: number
}

/** The rows as those of a plain entity. */
export function directRows(
  entity: CompiledEntity,
  { columns, format }: CompiledDirect,
): CompiledEntity {
  const { source, target, key, filter } = entity
  return {
    source,
    target,
    key,
    columns,
    ...(filter === undefined ? {} : { filter }),
    ...(format === undefined ? {} : { format }),
  }
}

/** The entries in the map of the same rows, as rows of a plain entity. */
export function directMap(
  { source, key, filter }: CompiledEntity,
  map: NonNullable<CompiledDirect['map']>,
  { map_entity_id, load_id }: MapPlace,
): CompiledEntity {
  const column = (target: string, type: string, expression: string): CompiledColumn => ({
    source: target,
    target,
    type,
    expression,
  })
  return {
    source,
    target: { schema: 'migration', table: 'id_map' },
    key,
    columns: [
      column('map_entity_id', 'integer', `${map_entity_id}::pg_catalog.int4`),
      column('source_key', 'text', map.key),
      column('target_id', 'uuid', map.id),
      column('load_id', 'integer', `${load_id}::pg_catalog.int4`),
      column('origin', '"char"', `'c'::pg_catalog."char"`),
    ],
    format: 'binary',
    ...(filter === undefined ? {} : { filter }),
  }
}
