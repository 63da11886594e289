/** Makes the target's tables and begins the migration, or leaves nothing behind. */
import type { Sql } from 'postgres'
import type { Dependency } from '../projection/mapping.ts'
import { pinStatement } from '../projection/settings.ts'
import { textFormatSettings } from '../projection/text-format.ts'
import { controlFailure } from './control-failure.ts'

/** What a migration begins with; `shared/start` prepares it. */
export interface Beginning {
  readonly plan: unknown
  readonly ddl: readonly string[]
  readonly fingerprints: { readonly plan: string; readonly source: string }
  readonly entities: readonly {
    readonly entity_name: string
    readonly target_entity: string
    readonly dependency_order: number
    readonly records_total: number
    readonly definition: object
    /** What its batches wait for besides their place in the queue. */
    readonly waits_for: readonly Dependency[]
    /** What the database does to its table after the rows are in. */
    readonly steps: readonly object[]
  }[]
}

/** DDL may wait behind other sessions, but a function lives for minutes only. */
const timeouts = { statement_timeout: '60000', lock_timeout: '10000' }

/** Characters of DDL that travel together. */
const textLength = 100_000

/**
 * One transaction: DDL, then `migration.start()`. Returns the id of the migration.
 * @throws FerryError with the control plane's code and status (409 for a target that an unfinished
 *   migration holds), or as `classify` names a failed statement
 */
export async function beginMigration(
  sql: Sql,
  beginning: Beginning,
  configuration: Readonly<Record<string, unknown>>,
  createdBy: string,
): Promise<string> {
  const entities = beginning.entities.map((entity) => ({
    entity_name: entity.entity_name,
    target_entity: entity.target_entity,
    dependency_order: entity.dependency_order,
    records_total: entity.records_total,
    definition: entity.definition,
    waits_for: entity.waits_for,
    steps: entity.steps,
  }))
  try {
    return await sql.begin(async (tx) => {
      await tx.unsafe(pinStatement({ ...textFormatSettings, ...timeouts }))
      for (const text of texts(beginning.ddl)) await tx.unsafe(text)
      const [row] = await tx<{ id: string }[]>`select migration.start(
        p_plan => ${JSON.stringify(beginning.plan)}::text::jsonb,
        p_plan_fingerprint => ${beginning.fingerprints.plan},
        p_source_fingerprint => ${beginning.fingerprints.source},
        p_entities => ${JSON.stringify(entities)}::text::jsonb,
        p_configuration => ${JSON.stringify(configuration)}::text::jsonb,
        p_created_by => ${createdBy}) as id`
      return row!.id
    })
  } catch (error) {
    throw controlFailure(error)
  }
}

/** Many statements in few texts: a round trip each would cost more than the statements. */
function texts(statements: readonly string[]): string[] {
  const joined: string[] = []
  let part: string[] = []
  let length = 0
  for (const statement of statements) {
    part.push(statement)
    length += statement.length
    if (length < textLength) continue
    joined.push(part.join(';\n'))
    part = []
    length = 0
  }
  return part.length === 0 ? joined : [...joined, part.join(';\n')]
}
