/** A mapped entity driven by hand: its stage is filled without COPY, its mapping is written here. */
import type { Sql } from 'postgres'
import { type Claim, carve, claim, configuration } from './fixture.ts'
import { endPass } from './passes.ts'

export interface MappedClaim extends Claim {
  readonly kind: string
  readonly entity_name: string
}

export interface StageRow {
  readonly id: number
  /** `bad` is refused by the plan, `poison` by a constraint of the target. */
  readonly x: string
  readonly up?: number
}

export interface MappedEntity {
  readonly table: string
  /** Table of the source where it is called otherwise. */
  readonly from?: string
  readonly conflict?: 'fail' | 'update' | 'ignore'
  readonly wins?: 'first' | 'last'
  /** Rows that may be refused. */
  readonly limit?: number
  readonly waits_for?: readonly { kind: string; entity_name: string; until: string }[]
}

/** The id that a key gets here. */
export const idOf = (key: number) => `md5('${key}')::uuid`

function definition({ table, conflict = 'fail', wins = 'first', limit = 1000 }: MappedEntity) {
  const target = { schema: 'public', table }
  const select = `select s.ctid as place, s.s0::text as key, (case when s.s1 = 'bad' then 1 end)::smallint as refused,
    md5(s.s0::text)::uuid as c0, s.s1 as c1, md5(s.s2::text)::uuid as c2 from pg_temp.ferry_stage s where s.ctid between $2 and $3`
  const refusal = (code: string, column: string) => ({
    code,
    kind: 'data_validation',
    rule: code,
    columns: [column],
  })
  return {
    target,
    key: [{ column: 'id', type: 'integer' }],
    serial: true,
    columns: [],
    references: [{ columns: ['up'], referenced: target, referenced_columns: ['id'] }],
    mapping: {
      strategy: 'uuid',
      entity_type: 'thing',
      system: 'guarded',
      maps: [],
      key: 's.s0::text',
      rows_table:
        'create temp table ferry_rows (place tid, key text, refused smallint, c0 uuid, c1 text, c2 uuid) on commit drop',
      select,
      expected: select,
      columns: ['id', 'x', 'up'],
      identity: [0],
      id: 0,
      conflict,
      refusals: [
        refusal('value_invalid', 'x'),
        refusal('duplicate', 'x'),
        refusal('reference_missing', 'up'),
      ],
      unique: [{ columns: [1], refusal: 2, wins }],
      late: [{ column: 'up', parent: target, parent_column: 'id', missing: 'reject', refusal: 3 }],
      limit: { rows: limit, share: 0 },
    },
  }
}

/** Makes the target of an entity where it is missing. `x` may not be `poison`. */
export async function makeTarget(sql: Sql, table: string): Promise<void> {
  await sql.unsafe(`create table if not exists public.${table} (
    id uuid primary key, x text check (x <> 'poison'), up uuid, note text default 'new')`)
}

/** Starts a migration of mapped entities, each after those before it. */
export async function startMapped(sql: Sql, ...entities: MappedEntity[]): Promise<string> {
  for (const { table } of entities) await makeTarget(sql, table)
  const described = entities.map((entity, at) => ({
    entity_name: `legacy.${entity.from ?? entity.table}`,
    target_entity: `public.${entity.table}`,
    dependency_order: at + 1,
    records_total: 100,
    definition: definition(entity),
    waits_for: [
      { kind: 'settle', entity_name: `legacy.${entity.from ?? entity.table}`, until: 'copied' },
      ...(entity.waits_for ?? []),
    ],
  }))
  const [row] = await sql<{ id: string }[]>`
    select migration.start(p_plan => '{"name":"guarded"}', p_plan_fingerprint => 'p', p_source_fingerprint => 's',
      p_entities => ${JSON.stringify(described)}::text::jsonb,
      p_configuration => ${JSON.stringify(configuration)}::text::jsonb, p_created_by => 'test') as id`
  return row!.id
}

export const claimMapped = (sql: Sql, id: string) =>
  claim(sql, id) as Promise<MappedClaim | undefined>

/** Makes the stage of a transaction. */
export async function stage(tx: Sql, rows: readonly StageRow[]): Promise<void> {
  await tx`create temp table ferry_stage (s0 integer, s1 text, s2 integer) on commit drop`
  for (const { id, x, up } of rows) {
    await tx`insert into pg_temp.ferry_stage values (${id}, ${x}, ${up ?? null})`
  }
}

export interface Outcome {
  readonly loaded: number
  readonly failed: number
  readonly left_out: number
}

/** Loads rows through a held batch and completes it. */
export async function loadMapped(
  sql: Sql,
  id: string,
  held: Claim,
  rows: readonly StageRow[],
): Promise<Outcome> {
  return (await sql.begin(async (tx) => {
    await tx`select migration.begin_load(${id}, ${held.batch_id}, ${held.attempt})`
    await stage(tx as unknown as Sql, rows)
    const [done] = await tx<Outcome[]>`select loaded::int, failed::int, left_out::int
      from migration.load_stage(${id}, ${held.batch_id}, ${held.attempt})`
    const { loaded, failed, left_out } = done!
    await tx`select migration.complete_batch(${id}, ${held.batch_id}, ${held.attempt},
      ${loaded + failed + left_out}, ${loaded}, ${failed}, ${left_out}, 100, 0, false)`
    return { loaded, failed, left_out }
  })) as Outcome
}

/** Claims the next batch, carves it behind the last of these rows and loads them. */
export async function move(
  sql: Sql,
  id: string,
  rows: readonly StageRow[],
  more = false,
): Promise<Outcome> {
  const held = (await claimMapped(sql, id))!
  await carve(sql, id, held, String(rows.at(-1)?.id), more)
  return loadMapped(sql, id, held, rows)
}

/** Does the batch of kind settle that is next. */
export async function settle(sql: Sql, id: string): Promise<void> {
  const held = (await claimMapped(sql, id))!
  await sql.begin(async (tx) => {
    await tx`select migration.begin_load(${id}, ${held.batch_id}, ${held.attempt})`
    const [done] = await tx<{ refused: number; left_out: number }[]>`
      select refused::int, left_out::int from migration.settle(${id}, ${held.batch_id}, ${held.attempt})`
    const { refused, left_out } = done!
    await tx`select migration.complete_batch(${id}, ${held.batch_id}, ${held.attempt},
      0, ${-refused - left_out}, ${refused}, ${left_out}, 0, 0, false)`
  })
}

/** Values of `x` in the target. */
export async function texts(sql: Sql, table: string): Promise<string[]> {
  const rows = await sql.unsafe<{ x: string }[]>(`select x from public.${table} order by x`)
  return rows.map(({ x }) => x)
}

/** Dead letters of a migration: key, code, how it was resolved. */
export async function letters(sql: Sql, id: string): Promise<string[]> {
  const rows = await sql<{ told: string }[]>`
    select concat_ws(' ', source_key, error_code, resolution) as told from migration.dead_letters
     where migration_id = ${id} order by source_key::integer, occurred_at`
  return rows.map(({ told }) => told)
}

/** Five rows, loaded and settled and verified: the migration is completed. */
export async function complete(sql: Sql, id: string, five: readonly StageRow[]): Promise<void> {
  const { loaded } = await move(sql, id, five)
  await settle(sql, id)
  await sql`select migration.run_steps()`
  await endPass(sql, id, { targetRows: loaded })
}

/** Begins a replay and does its batch with these rows of the source. */
export async function replay(sql: Sql, id: string, rows: readonly StageRow[]): Promise<void> {
  await sql`select migration.replay(${id}, 'test')`
  const held = (await claimMapped(sql, id))!
  await sql.begin(async (tx) => {
    await tx`select migration.begin_load(${id}, ${held.batch_id}, ${held.attempt})`
    await stage(tx as unknown as Sql, rows)
    const [done] = await tx<{ loaded: string }[]>`
      select loaded from migration.reload_stage(${id}, ${held.batch_id}, ${held.attempt}, false, '{}', 'test')`
    await tx`select migration.complete_replay(${id}, ${held.batch_id}, ${held.attempt}, ${done!.loaded}, false)`
  })
}
