/** A migration in sync mode driven by hand, up to the last batch of a sweep. */
import type { Sql } from 'postgres'
import { type Claim, carve, claim, configuration, load } from './fixture.ts'

export interface Gone {
  /** Keys that the source has no more. */
  readonly parent?: readonly string[]
  readonly child?: readonly string[]
  /** Rows that may go at once. */
  readonly limit?: number
  readonly conflict?: 'fail' | 'update'
  readonly strategy?: 'hash' | 'timestamp' | 'id'
  /** One batch of a table at a time. */
  readonly serial?: boolean
}

/** Both sides have been copied, and the look of the first sweep is held. */
export interface Held {
  readonly sql: Sql
  readonly id: string
  readonly look: Claim
  readonly parent: string
  readonly child: string
  readonly parentId: string
  readonly childId: string
}

const ROWS = 5

/** Tables and entities: five parents and five children, each refers to the parent of its number. */
function entity(
  table: string,
  column: string,
  order: number,
  { limit = 100, conflict = 'fail', strategy = 'hash', serial = false }: Gone,
) {
  const columns = ['id', column]
  const select = `select s.ctid as place, s.s0::text as key, null::smallint as refused, s.s0 as c0, s.s1 as c1
    from pg_temp.ferry_stage s where s.ctid between $2 and $3`
  const mapping = {
    strategy: 'preserve',
    entity_type: 'thing',
    system: 'guarded',
    maps: [],
    key: 's.s0::text',
    rows_table:
      'create temp table ferry_rows (place tid, key text, refused smallint, c0 integer, c1 text) on commit drop',
    select,
    expected: select,
    columns,
    identity: [0],
    id: null,
    conflict,
    refusals: [],
    unique: [],
    late: [],
    limit: { rows: 100, share: 1 },
  }
  return {
    entity_name: `legacy.${table}`,
    target_entity: `public.${table}`,
    dependency_order: order,
    records_total: ROWS,
    definition: {
      source: { schema: 'legacy', table, partitioned: false },
      target: { schema: 'public', table },
      serial,
      key: [{ column: 'id', type: 'integer' }],
      columns: columns.map((name) => ({ source: name, target: name, type: 'integer' })),
      sync: {
        strategy,
        overlap_seconds: 300,
        deletes: 'delete',
        invalid: 'keep',
        delete_limit: { rows: limit, share: 0.5 },
        stage: { columns: [], mapping },
      },
    },
  }
}

/** Copies, which begins the first sweep. */
export async function driveToLook(sql: Sql, name: string, gone: Gone = {}): Promise<Held> {
  const [parent, child] = [`${name}_p`, `${name}_c`]
  await sql.unsafe(`create table public.${parent} (id integer primary key, note text);
    create table public.${child} (id integer primary key, up integer references public.${parent})`)
  const entities = [entity(parent, 'note', 1, gone), entity(child, 'up', 2, gone)]
  const [row] = await sql<{ id: string }[]>`
    select migration.start(p_plan => '{"name":"guarded","sync":{}}', p_plan_fingerprint => 'p', p_source_fingerprint => 's',
      p_entities => ${JSON.stringify(entities)}::text::jsonb, p_configuration => ${JSON.stringify(configuration)}::text::jsonb,
      p_created_by => 'test') as id`
  const id = row!.id
  for (const table of [parent, child]) {
    const held = (await claim(sql, id))!
    await carve(sql, id, held, String(ROWS), false)
    await load(sql, id, held, table, 1, ROWS, table === child ? 'g' : `'x'`)
  }
  const look = (await claim(sql, id))!
  const ids = await sql<{ id: string; entity_name: string }[]>`
    select id, entity_name from migration.entity_statuses where migration_id = ${id} order by dependency_order`
  const [parentId, childId] = ids.map((each) => each.id) as [string, string]
  return { sql, id, look, parent, child, parentId, childId }
}

/** Notes what is gone, and claims the batch of the first sweep that takes it away. */
export async function driveToDeletes(sql: Sql, name: string, gone: Gone) {
  const { id, look, parent, child, parentId, childId } = await driveToLook(sql, name, gone)
  for (const [entityId, keys] of [
    [parentId, gone.parent ?? []],
    [childId, gone.child ?? []],
  ] as const) {
    await sql`insert into migration.gone_rows (entity_status_id, source_key, migration_id, pass_id, noted_at)
      select ${entityId}, k, ${id}, o.verification_id, now() from migration.orchestrations o
       cross join jsonb_array_elements_text(${JSON.stringify(keys)}::text::jsonb) k where o.id = ${id}`
  }
  const seen = {
    facts: { clock: '2026-01-01T00:00:00Z', xmin: '10', xmax: '10', next: '10' },
    answers: [],
  }
  await sql`select migration.complete_look(${id}, ${look.batch_id}, ${look.attempt}, ${JSON.stringify(seen)}::text::jsonb, false)`
  return { sql, id, held: (await claim(sql, id))!, parent, child, parentId, childId }
}

/** Inside a transaction. */
export async function applyDeletes(sql: Sql, id: string, held: Claim): Promise<object> {
  await sql`select migration.begin_load(${id}, ${held.batch_id}, ${held.attempt})`
  const [row] = await sql<{ outcome: object }[]>`
    select migration.apply_deletes(${id}, ${held.batch_id}, ${held.attempt}) as outcome`
  return row!.outcome
}

export async function completeDeletes(sql: Sql, id: string, held: Claim): Promise<void> {
  await sql.begin(async (tx) => {
    const outcome = await applyDeletes(tx as unknown as Sql, id, held)
    await tx`select migration.complete_deletes(${id}, ${held.batch_id}, ${held.attempt},
      ${JSON.stringify(outcome)}::text::jsonb, false)`
  })
}

/** The list of gone rows: key, state, and the error that tells why. */
export async function states(sql: Sql, id: string): Promise<string[]> {
  const rows = await sql<{ told: string }[]>`
    select concat_ws(' ', g.source_key, g.state, coalesce(d.error_code, '-')) as told from migration.gone_rows g
      left join migration.errors d on d.entity_status_id = g.entity_status_id and d.source_record_id = g.source_key
     where g.migration_id = ${id} order by 1`
  return rows.map(({ told }) => told)
}
