/** Properties of a table that name an index or another table: replica identity, clustering, inheritance. */
import { quoteIdent, quoteTable } from '../../projection/quote.ts'
import { leaveOut, type SchemaContext } from '../context.ts'
import { hasColumns, type MovedTable, sourceName } from '../moved-table.ts'
import { objectName, type Step, stage } from './step.ts'

/** @param indexes names of the indexes that the table gets */
export function settingSteps(
  moved: MovedTable,
  indexes: ReadonlySet<string>,
  context: SchemaContext,
): Step[] {
  const table = quoteTable(moved.target)
  const step = (what: string, at: number, statement: string, references?: string): Step => ({
    kind: 'setting',
    stage: at,
    object_name: objectName(moved, what),
    statement: `alter table ${table} ${statement}`,
    ...(references === undefined ? {} : { references }),
  })
  const steps: Step[] = []
  const { replica_identity } = moved.table
  if (replica_identity === 'f')
    steps.push(step('replica identity', stage.key, 'replica identity full'))
  if (replica_identity === 'n')
    steps.push(step('replica identity', stage.key, 'replica identity nothing'))
  for (const index of moved.table.indexes) {
    if (!indexes.has(index.name)) continue
    const name = quoteIdent(index.name)
    // One stage later than the constraint that may have to be put on the index.
    if (index.replica_identity) {
      steps.push(step('replica identity', stage.foreignKey, `replica identity using index ${name}`))
    }
    if (index.clustered) steps.push(step('cluster', stage.foreignKey, `cluster on ${name}`))
  }
  return [...steps, ...inheritance(moved, context, step)]
}

/** Whether the child has what the server asks of one: columns as the parent's, and its checks. */
function fits(moved: MovedTable, parent: MovedTable): boolean {
  const columns = new Map(moved.columns.map((column) => [column.name, column]))
  const hasAll = parent.columns.every(({ name, type, not_null }) => {
    const own = columns.get(name)
    return own !== undefined && own.type === type && (own.not_null || !not_null)
  })
  const checks = ({ table }: MovedTable) => table.constraints.filter(({ type }) => type === 'c')
  const isMade = (own: MovedTable, name: string) =>
    checks(own).some((each) => each.name === name && hasColumns(own, each.columns))
  return (
    hasAll &&
    checks(parent).every(
      ({ name, no_inherit }) => no_inherit || !isMade(parent, name) || isMade(moved, name),
    )
  )
}

/** A child joins its parent when both have their checks. */
function inheritance(
  moved: MovedTable,
  context: SchemaContext,
  step: (what: string, at: number, statement: string, references?: string) => Step,
): Step[] {
  return moved.table.inherits.flatMap(({ schema, table }) => {
    const parent = context.movedTo(schema, table)
    if (parent?.isNew !== true || !fits(moved, parent)) {
      const message = `${sourceName(moved)} inherits from ${schema}.${table}, which is not made with it.`
      const omission = { what: 'inheritance', table: moved.table, name: table } as const
      leaveOut(context, omission, message, moved.entity.path)
      return []
    }
    const { target_entity } = parent.entity
    const what = `inherits ${target_entity}`
    return [step(what, stage.foreignKey, `inherit ${quoteTable(parent.target)}`, target_entity)]
  })
}
