/** Makes the target's tables and begins the migration, or leaves nothing behind. */
import type { Sql } from 'postgres'
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
  }[]
}

/** DDL may wait behind other sessions, but a function lives for minutes only. */
const timeouts = { statement_timeout: '60000', lock_timeout: '10000' }

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
  }))
  try {
    return await sql.begin(async (tx) => {
      await tx.unsafe(pinStatement({ ...textFormatSettings, ...timeouts }))
      // Sent without waiting for each answer: the first that fails is the one that is reported.
      await Promise.all(beginning.ddl.map((statement) => tx.unsafe(statement)))
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
