/** Offices and people in a circle, trees, visits, and enough rows for ranges: what a repair has to put right. */
import type { Sql } from 'postgres'
import { entityNamespace, nameUuid } from '../../shared/projection/name-uuid.ts'

/** More rows than are named one by one. */
export const BULK = 6000

const SYSTEM = 'repairs'

/** The UUID that a row gets. */
export const idOf = (table: string, key: string | number) =>
  nameUuid(entityNamespace(SYSTEM, `public.${table}`), String(key))

export const SOURCE = `
create table office (id integer primary key, owner_id integer);
insert into office select n, 14 + n from generate_series(1, 20) n;
create table person (id integer primary key, office_id integer, age integer);
insert into person select n, 1 + n % 20, case when n >= 30 then 999 else 40 end from generate_series(1, 34) n;
create table node (id integer primary key, up integer);
insert into node select n, case when n > 1 then n / 2 end from generate_series(1, 30) n;
create table visit (id bigint primary key, person_id integer, note text);
insert into visit select n, 1 + n % 20, 'note ' || n from generate_series(1, 40) n;
create table pair (a integer, b text, v text, primary key (a, b));
insert into pair select n, 'b', 'v' from generate_series(1, 10) n;
create table bulk (id integer primary key, v text); insert into bulk select n, 'v' || n from generate_series(1, ${BULK}) n;
analyze;`

const uuid = { strategy: 'uuid' }
const to = (table: string, of: string, missing = 'reject') => ({
  op: 'reference',
  to: `public.${table}`,
  of,
  missing,
})

export const PLAN = {
  source: { secret: 'FIDELITY_SOURCE', schemas: ['public'], system: SYSTEM },
  settings: { lanes: 3, refusals: { rows: 1000, share: 1 } },
  entities: [
    {
      source: 'public.office',
      id: uuid,
      columns: { legacy: 'id', owner_id: to('person', 'owner_id', 'null') },
    },
    {
      source: 'public.person',
      id: uuid,
      columns: { legacy: 'id', office_id: to('office', 'office_id'), age: 'age' },
      rules: [{ rule: 'range', column: 'age', max: 120, severity: 'reject' }],
    },
    { source: 'public.node', id: uuid, columns: { legacy: 'id', up: to('node', 'up') } },
    {
      source: 'public.visit',
      id: uuid,
      columns: { legacy: 'id', person_id: to('person', 'person_id'), note: 'note' },
    },
    {
      source: 'public.pair',
      id: { strategy: 'preserve' },
      columns: { a: 'a', b: 'b', v: { op: 'upper', of: 'v' } },
    },
    { source: 'public.bulk', id: uuid, columns: { legacy: 'id', v: 'v' } },
  ],
}

/** Every row of the target, the map, and who is refused: what is to be the same again. */
export async function snapshot(sql: Sql, id: string): Promise<Record<string, string[]>> {
  const taken: Record<string, string[]> = {}
  const read = async (name: string, query: string) => {
    const rows = await sql.unsafe<{ row: string }[]>(`select (${query}) as row`)
    taken[name] = JSON.parse(rows[0]!.row ?? '[]') as string[]
  }
  for (const table of ['office', 'person', 'node', 'visit', 'pair', 'bulk']) {
    await read(
      table,
      `select jsonb_agg(t::text order by t::text collate "C")::text from public.${table} t`,
    )
  }
  await read(
    'map',
    `select jsonb_agg(concat_ws(' ', e.source_table, m.source_key, m.target_id, m.origin) order by e.source_table, m.source_key)::text
       from migration.id_map m join migration.map_entities e on e.id = m.map_entity_id`,
  )
  await read(
    'letters',
    `select jsonb_agg(concat_ws(' ', d.source_record_id, d.error_code) order by d.source_record_id)::text
       from migration.errors d where d.migration_id = '${id}' and d.is_dead_letter and not d.is_resolved`,
  )
  return taken
}
