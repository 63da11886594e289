/** A small table whose rows go at the source, and what became of them in the target. */
import type { SyncScene } from './reconcile-scene.ts'

/** Twenty rows; `more` is further SQL of the source. */
export const plain = (name: string, more = '') => ({
  name,
  source: `create table t (id integer primary key, x text);
    insert into t select n, 'x' || n from generate_series(1, 20) n; ${more}`,
  entities: '*' as const,
})

export function goneRows(scene: SyncScene) {
  return {
    /** Keys that the target has. */
    rows: (name: string, table = 't') =>
      scene.rows(`select id from ${name}_new.${table} order by id`),
    /** What was told with a code: key, resolution, constraint, column. */
    errors: (id: string, code: string) =>
      scene.rows(`select source_record_id, coalesce(resolution, 'open'), context ->> 'constraint', context -> 'columns' ->> 0
        from migration.errors where migration_id = '${id}' and error_code = '${code}' order by occurred_at, source_record_id`),
  }
}
