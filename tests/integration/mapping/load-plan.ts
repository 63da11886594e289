/** Runs what a plan was compiled to, statement by statement, without batches and the control plane. */
import type { Problem } from '../../../shared/plan/problem.ts'
import type { CompiledEntity } from '../../../shared/projection/entity.ts'
import type { CompiledMapping } from '../../../shared/projection/mapping.ts'
import { quoteIdent, quoteLiteral, quoteTable } from '../../../shared/projection/quote.ts'
import { stageStatement } from '../../../shared/projection/select.ts'
import { pinStatement } from '../../../shared/projection/settings.ts'
import { textFormatSettings } from '../../../shared/projection/text-format.ts'
import { openSource } from '../../../shared/source/connect.ts'
import type { Source } from '../../../shared/source/source.ts'
import { type PreparedEntity, prepareMigration } from '../../../shared/start/prepare.ts'
import { openLaneTarget, openTarget } from '../../../shared/target/connect.ts'
import { copyIn } from '../../../shared/target/copy-in.ts'
import type { Client } from '../../../shared/wire/client.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'
import { attachServers } from '../../support/project.ts'
import { runScript } from '../../support/psql-script.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'

/** A row that the mapping made. */
export interface MadeRow {
  readonly key: string
  /** Code of the refusal, or null. */
  readonly refused: string | null
  /** Texts of the columns of the target. */
  readonly values: Readonly<Record<string, string | null>>
}

export interface Loaded {
  readonly entity: PreparedEntity
  /** As a load sees them. */
  readonly rows: readonly MadeRow[]
  /** As a verification sees them when all entities are in. */
  readonly expected: readonly MadeRow[]
}

export interface MappingPair {
  readonly source: Scratch
  readonly target: TestDatabase
  readonly lane: Client
  problems(plan: object): Promise<readonly Problem[]>
  /** By `entity_name`. @throws Error where the plan has problems */
  load(plan: object): Promise<ReadonlyMap<string, Loaded>>
  close(): Promise<void>
}

/** @param at what the source has @param there what the target has before */
export async function mappingPair(at: string, there = ''): Promise<MappingPair> {
  const source = await scratchDatabase(attachServers().source.url('postgres'))
  const target = await testDatabase()
  await runScript(source.url, at)
  await runScript(target.url, there)
  const from = openSource(plain(source.url))
  const lane = openLaneTarget(plain(target.url))
  const prepare = async (plan: object) => {
    const sql = openTarget(plain(target.url))
    const whole = {
      version: 1,
      name: 'test',
      source: { secret: 'S', system: 'test' },
      entities: '*',
    }
    const resolveSecret = async () => plain(source.url)
    return prepareMigration({ plan: { ...whole, ...plan }, target: sql, resolveSecret }).finally(
      () => sql.end(),
    )
  }
  return {
    source,
    target,
    lane,
    problems: async (plan) => (await prepare(plan)).problems,
    async load(plan) {
      const { prepared, problems } = await prepare(plan)
      if (prepared === undefined) throw new Error(JSON.stringify(problems, null, 2))
      await lane.sql.begin(async (tx) => {
        await tx.unsafe(pinStatement(textFormatSettings))
        for (const statement of prepared.ddl) await tx.unsafe(statement)
      })
      return loadAll(from, lane, prepared.entities)
    },
    async close() {
      await Promise.all([from.close(), lane.sql.end()])
      await Promise.all([source.drop(), target.drop()])
    },
  }
}

async function loadAll(source: Source, lane: Client, entities: readonly PreparedEntity[]) {
  for (const { definition, entity_name } of entities) {
    if (definition.mapping?.id == null) continue
    await lane.sql`insert into migration.map_entities (source_system, source_table, destination_table, entity_type)
      values (${definition.mapping.system}, ${entity_name}, 'x', 'x')`
  }
  const rows = new Map<string, readonly MadeRow[]>()
  for (const { entity_name, definition } of entities) {
    rows.set(entity_name, await loadOne(source, lane, entity_name, definition))
  }
  const loaded = new Map<string, Loaded>()
  for (const entity of entities) {
    const { entity_name, definition } = entity
    const { mapping } = definition
    const expected =
      mapping === undefined ? [] : await stage(source, lane, definition, mapping.expected)
    loaded.set(entity_name, { entity, rows: rows.get(entity_name)!, expected })
  }
  return loaded
}

async function loadOne(
  source: Source,
  lane: Client,
  name: string,
  definition: CompiledEntity,
): Promise<readonly MadeRow[]> {
  const { mapping } = definition
  if (mapping !== undefined) {
    return stage(source, lane, definition, mapping.select, acceptance(name, definition, mapping))
  }
  await lane.sql.begin(async (tx) => {
    await tx.unsafe(pinStatement({ ...textFormatSettings, session_replication_role: 'replica' }))
    await copyIn(tx, lane.tap(), definition, (sink) => source.copyOut(definition, everything, sink))
  })
  return []
}

const everything = { after: null, through: null }

async function stage(
  source: Source,
  lane: Client,
  definition: CompiledEntity,
  select: string,
  afterwards: readonly string[] = [],
): Promise<readonly MadeRow[]> {
  const mapping = definition.mapping!
  return lane.sql.begin(async (tx) => {
    await tx.unsafe(pinStatement({ ...textFormatSettings, session_replication_role: 'replica' }))
    await tx.unsafe(stageStatement(definition))
    await copyIn(tx, lane.tap(), definition, (sink) => source.copyOut(definition, everything, sink))
    await tx.unsafe(mapping.rows_table)
    const [map] = await tx.unsafe<{ ids: string }[]>(
      `select migration._map_ids(${quoteLiteral(JSON.stringify(mapping))}::jsonb)::text as ids`,
    )
    await tx.unsafe('deallocate all')
    await tx.unsafe(
      `prepare mapped (integer[], tid, tid) as insert into pg_temp.ferry_rows ${select}`,
    )
    await tx.unsafe(`execute mapped ('${map!.ids}', '(0,0)', '(4294967295,0)')`)
    const values = mapping.columns.map((column, at) => `${quoteLiteral(column)}, c${at}::text`)
    const rows = await tx.unsafe<{ key: string; refused: number | null; values: object }[]>(
      `select key, refused, jsonb_build_object(${values.join(', ')}) as values from pg_temp.ferry_rows order by key`,
    )
    for (const statement of afterwards) await tx.unsafe(statement)
    return rows.map(({ key, refused, values: made }) => ({
      key,
      refused: refused === null ? null : mapping.refusals[refused - 1]!.code,
      values: made as MadeRow['values'],
    }))
  })
}

/** What a load does with accepted rows, as far as later entities need it. */
function acceptance(name: string, { target }: CompiledEntity, mapping: CompiledMapping): string[] {
  const accepted = 'from pg_temp.ferry_rows where refused is null'
  const columns = mapping.columns.map(quoteIdent).join(', ')
  const values = mapping.columns.map((_, at) => `c${at}`).join(', ')
  const insert = `insert into ${quoteTable(target)} (${columns}) overriding system value select ${values} ${accepted}`
  const map = `insert into migration.id_map (map_entity_id, source_key, target_id, load_id, origin)
    select ${idOf(mapping.system, name)}, key, c${mapping.id}, 0, 'c' ${accepted}`
  return [...(mapping.strategy === 'lookup' ? [] : [insert]), ...(mapping.id === null ? [] : [map])]
}

function idOf(system: string, name: string): string {
  return `(select id from migration.map_entities where source_system = ${quoteLiteral(system)} and source_table = ${quoteLiteral(name)})`
}

/** The servers of the tests speak no TLS. */
function plain(address: string): string {
  const url = new URL(address)
  url.searchParams.set('sslmode', 'disable')
  return url.href
}
