/** Foreign keys: added without a look at the rows, then validated where the source has them validated. */
import { quoteIdent, quoteTable } from '../../projection/quote.ts'
import type { CatalogConstraint, CatalogReference } from '../../source/catalog-rows-attached.ts'
import { leaveOut, type SchemaContext } from '../context.ts'
import { hasColumns, type MovedTable, sourceName } from '../moved-table.ts'
import { deferral } from './keys.ts'
import { objectName, type Step, stage } from './step.ts'

/** Words for `on_update` and `on_delete`. */
export const referenceActions: Readonly<Record<string, string>> = {
  a: 'no action',
  r: 'restrict',
  c: 'cascade',
  n: 'set null',
  d: 'set default',
}

export function foreignKeySteps(
  constraint: CatalogConstraint,
  moved: MovedTable,
  context: SchemaContext,
): Step[] {
  const { reference } = constraint
  if (reference === null) return []
  const other = context.movedTo(reference.schema, reference.table)
  const reason =
    other === undefined
      ? `points at ${reference.schema}.${reference.table}, which is not moved`
      : constraint.period
        ? 'is of a kind that is not supported'
        : hasColumns(moved, constraint.columns) && hasColumns(other, reference.columns)
          ? undefined
          : 'is over columns that the plan leaves out or changes'
  if (other === undefined || reason !== undefined) {
    const message = `The foreign key ${constraint.name} of ${sourceName(moved)} ${reason}.`
    const omission = { what: 'constraint', table: moved.table, name: constraint.name } as const
    leaveOut(context, omission, message, moved.entity.path)
    return []
  }
  if (other.entity.definition.filter !== undefined) {
    context.notes.push({
      code: 'foreign_key_filtered',
      message: `The foreign key ${constraint.name} of ${sourceName(moved)} points at rows that a filter may leave behind.`,
      hint: 'Filter the rows that point at them too; otherwise its validation fails in the end.',
      path: moved.entity.path,
    })
  }
  const name = quoteIdent(constraint.name)
  const table = quoteTable(moved.target)
  const add = `alter table ${table} add constraint ${name} ${definition(constraint, reference, other)}`
  const object_name = objectName(moved, constraint.name)
  const references = other.entity.target_entity
  const step = (kind: Step['kind'], at: number, statement: string): Step => ({
    kind,
    stage: at,
    object_name,
    statement,
    references,
  })
  const isBinding = constraint.validated && constraint.enforced
  // Partitioned tables take no constraint that is not validated.
  if (moved.isPartitioned) return [step('foreign_key', stage.validate, add)]
  if (isBinding && moved.isSmall) return [step('foreign_key', stage.foreignKey, add)]
  const added = step('foreign_key', stage.foreignKey, `${add} not valid`)
  if (!isBinding) return [added]
  const validate = `alter table ${table} validate constraint ${name}`
  return [added, step('validate', stage.validate, validate)]
}

function definition(
  constraint: CatalogConstraint,
  reference: CatalogReference,
  other: MovedTable,
): string {
  const list = (names: readonly string[]) => names.map(quoteIdent).join(', ')
  const parts = [
    `foreign key (${list(constraint.columns)}) references ${quoteTable(other.target)} (${list(reference.columns)})`,
  ]
  if (reference.match_full) parts.push('match full')
  if (reference.on_update !== 'a') parts.push(`on update ${referenceActions[reference.on_update]}`)
  if (reference.on_delete !== 'a') {
    const only = reference.set_columns.length === 0 ? '' : ` (${list(reference.set_columns)})`
    parts.push(`on delete ${referenceActions[reference.on_delete]}${only}`)
  }
  return `${parts.join(' ')}${deferral(constraint)}`
}
