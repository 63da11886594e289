/** A mended plan for a migration whose tables are made and whose rows are in: what a replay goes by. */
import type { PlannedEntity } from '../plan/compile.ts'
import { formatTableName } from '../plan/names.ts'
import type { Problem } from '../plan/problem.ts'
import type { Plan } from '../plan/schema.ts'
import type { TargetState, TargetTable } from '../schema/target-state.ts'

/** How the migration began. */
export interface Mends {
  readonly plan: unknown
  /** `target_entity` of the tables that the target had before. */
  readonly existed: readonly string[]
}

/** The target as the plan found it: without the tables that the migration made, and without its rows. */
export function stateAtBeginning(state: TargetState, { existed }: Mends): TargetState {
  const before = new Set(existed)
  const tables = state.tables.filter(({ schema, table }) =>
    before.has(formatTableName({ schema, table })),
  )
  return { ...state, tables, relations: [], filled: [] }
}

/** What a mended plan may not change any more. @param state of the target as it is now */
export function mendProblems(
  plan: Plan,
  begun: Mends,
  entities: readonly PlannedEntity[],
  state: TargetState,
): Problem[] {
  const tables = new Map(
    state.tables.map((each) => [formatTableName({ schema: each.schema, table: each.table }), each]),
  )
  return [
    ...systemProblems(plan, begun),
    ...syncProblems(plan, begun),
    ...entities.flatMap((entity) => tableProblems(entity, begun, tables.get(entity.target_entity))),
  ]
}

function systemProblems(plan: Plan, begun: Mends): Problem[] {
  const { source } = begun.plan as { source?: { system?: string } }
  if (source?.system === plan.source.system) return []
  return [
    {
      code: 'system_differs',
      message: 'The migration gave its rows UUIDs under another name of the source system.',
      hint: 'Leave source.system as it was.',
      path: 'source.system',
    },
  ]
}

/** What follows the source would not know how any more. */
function syncProblems(plan: Plan, begun: Mends): Problem[] {
  const { sync } = begun.plan as { sync?: unknown }
  if (sync === undefined || plan.sync !== undefined) return []
  return [
    {
      code: 'sync_removed',
      message: 'The migration is kept in step by its plan, and the mended one does not say how.',
      hint: 'Leave sync in the plan; what ends it is a cut-over, or cancel.',
      path: 'sync',
    },
  ]
}

/** Tables are made once: a column that the target does not have cannot be filled. */
function tableProblems(
  { definition, shape, path, target_entity }: PlannedEntity,
  begun: Mends,
  table: TargetTable | undefined,
): Problem[] {
  const { mapping, sync } = definition
  // Nothing is written any more into a plain table that is moved once.
  if (table === undefined || (mapping === undefined && sync === undefined)) return []
  const isMade = mapping === undefined && !begun.existed.includes(target_entity)
  const typed = shape ?? (isMade ? definition.columns : [])
  const columns = new Map(table.columns.map((column) => [column.name, column]))
  const wanted = new Map(typed.map(({ target, type }) => [target, type]))
  const written = mapping?.columns ?? definition.columns.map(({ target }) => target)
  return written.flatMap((name) => {
    const found = columns.get(name)
    const type = wanted.get(name)
    if (found === undefined) {
      return {
        code: 'target_column_missing',
        message: `${target_entity} has no column ${name}, and the table is made already.`,
        hint: 'Add the column in the target, or leave it out of the mended plan.',
        path,
      }
    }
    const isBuiltIn = found.element.schema === 'pg_catalog' && type?.includes('.') === false
    if (!isBuiltIn || type === found.type) return []
    return {
      code: 'target_type_differs',
      message: `${name} of ${target_entity} is ${found.type}, and the mended plan makes ${type} of it.`,
      hint: 'Change the type in the target, or cast the value to it.',
      path,
    }
  })
}
