/** Check constraints. */
import { quoteIdent, quoteTable } from '../../projection/quote.ts'
import type { CatalogConstraint } from '../../source/catalog-rows-attached.ts'
import { leaveOut, type SchemaContext } from '../context.ts'
import { portableText } from '../expression.ts'
import { hasColumns, type MovedTable, sourceName } from '../moved-table.ts'
import { objectName, stage, type TableParts } from './step.ts'

/** One that the source never validated is made without looking at the rows. */
export function addCheck(
  constraint: CatalogConstraint,
  moved: MovedTable,
  context: SchemaContext,
  into: TableParts,
): void {
  const { expression, columns } = constraint
  const text =
    expression !== null && hasColumns(moved, columns)
      ? portableText(expression, context.inTarget)
      : undefined
  if (text === undefined) {
    const message = `The check ${constraint.name} of ${sourceName(moved)} uses functions of its own, or columns that the plan leaves out or changes.`
    const omission = { what: 'constraint', table: moved.table, name: constraint.name } as const
    leaveOut(context, omission, message, moved.entity.path)
    return
  }
  const definition = `constraint ${quoteIdent(constraint.name)} check (${text})${constraint.no_inherit ? ' no inherit' : ''}`
  const isBinding = constraint.validated && constraint.enforced
  if (moved.isSmall && isBinding) into.inline.push(definition)
  else {
    into.steps.push({
      kind: 'check',
      stage: stage.key,
      object_name: objectName(moved, constraint.name),
      statement: `alter table ${quoteTable(moved.target)} add ${definition}${isBinding ? '' : ' not valid'}`,
    })
  }
}
