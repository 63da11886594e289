/** Primary, unique and exclusion keys, checks and foreign keys, by name. */
import { quoteIdent, quoteQualified, quoteTable } from '../../projection/quote.ts'
import { comesWithParent, type MovedTable } from '../../schema/moved-table.ts'
import { referenceActions } from '../../schema/steps/foreign-key.ts'
import { memberName } from '../../schema/steps/index.ts'
import { deferral } from '../../schema/steps/keys.ts'
import type { CatalogTable } from '../../source/catalog-rows.ts'
import type { CatalogConstraint, CatalogReference } from '../../source/catalog-rows-attached.ts'
import { type Comparison, holdText, ownName, placeOf, portable } from './comparison.ts'
import type { Place } from './ledger.ts'

const words = {
  p: 'primary key',
  u: 'unique',
  x: 'exclusion',
  c: 'check',
  f: 'foreign key',
} as const

export function compareConstraints(
  moved: MovedTable,
  found: CatalogTable,
  comparison: Comparison,
): void {
  const constraints = new Map(found.constraints.map((each) => [each.name, each]))
  const place = ({ type, name }: CatalogConstraint) =>
    placeOf(comparison, moved, `${words[type]} ${ownName(moved, name)}`)
  for (const constraint of moved.table.constraints) {
    const other = constraints.get(constraint.name)
    constraints.delete(constraint.name)
    if (comesWithParent(moved, constraint)) continue
    if (comparison.isOmitted('constraint', moved, constraint.name)) continue
    compareConstraint(place(constraint), moved, constraint, other, comparison)
  }
  for (const constraint of constraints.values()) {
    // What a parent has shows at the parent.
    if (constraint.inherited) continue
    comparison.ledger.report(place(constraint), 'constraint_extra', {}, 'warning')
  }
}

function compareConstraint(
  at: Place,
  moved: MovedTable,
  constraint: CatalogConstraint,
  found: CatalogConstraint | undefined,
  comparison: Comparison,
): void {
  const { ledger } = comparison
  const code = words[constraint.type].replace(' ', '_')
  if (found === undefined) {
    ledger.report(at, `${code}_missing`, { expected: describe(moved, constraint, comparison) })
    return
  }
  if (!ledger.hold(at, 'constraint_type_differs', words[constraint.type], words[found.type])) return
  const when = (each: CatalogConstraint) => deferral(each).trim() || 'not deferrable'
  ledger.hold(at, `${code}_deferrable_differs`, when(constraint), when(found))
  // One that nobody validated at the source may well have been in the target.
  if (constraint.validated && constraint.enforced) {
    const isValid = found.validated && found.enforced
    ledger.hold(at, `${code}_not_valid`, 'valid', isValid ? 'valid' : 'not valid')
  }
  switch (constraint.type) {
    case 'c':
      compareCheck(at, moved, constraint, found, comparison)
      break
    case 'f':
      compareReference(at, constraint, found, comparison)
      break
    case 'x':
      ledger.hold(
        at,
        'exclusion_operators_differ',
        list(constraint.operators.map((each) => memberName(each, comparison.design.context) ?? '')),
        list(found.operators.map(({ schema, name }) => quoteQualified(schema, name))),
      )
      break
    case 'p':
    case 'u':
      ledger.hold(
        at,
        `${code}_columns_differ`,
        columnList(constraint.columns),
        columnList(found.columns),
      )
  }
}

function compareCheck(
  at: Place,
  moved: MovedTable,
  constraint: CatalogConstraint,
  found: CatalogConstraint,
  comparison: Comparison,
): void {
  const inherit = (each: CatalogConstraint) => (each.no_inherit ? 'no inherit' : 'inherit')
  comparison.ledger.hold(at, 'check_inherit_differs', inherit(constraint), inherit(found))
  const text = constraint.expression === null ? null : portable(comparison, constraint.expression)
  if (text === undefined) return
  const foundText = found.expression?.text ?? null
  const container = { kind: 'check', table: moved.target } as const
  holdText(comparison, at, 'check_differs', text, foundText, container)
}

function compareReference(
  at: Place,
  constraint: CatalogConstraint,
  found: CatalogConstraint,
  comparison: Comparison,
): void {
  const { ledger } = comparison
  const { reference } = constraint
  const other = found.reference
  if (reference === null || other === null) return
  const columns = [columnList(constraint.columns), columnList(found.columns)] as const
  ledger.hold(at, 'foreign_key_columns_differ', ...columns)
  const goal = `${quoteQualified(other.schema, other.table)} ${columnList(other.columns)}`
  ledger.hold(at, 'foreign_key_references_differ', goalOf(reference, comparison), goal)
  const match = (each: CatalogReference) => (each.match_full ? 'match full' : 'match simple')
  ledger.hold(at, 'foreign_key_match_differs', match(reference), match(other))
  ledger.hold(at, 'foreign_key_action_differs', actions(reference), actions(other))
}

/** Table and columns of the target that a foreign key of the source is to point at. */
function goalOf(reference: CatalogReference, { design }: Comparison): string {
  const other = design.context.movedTo(reference.schema, reference.table)
  const table = other?.target ?? reference
  return `${quoteTable(table)} ${columnList(reference.columns)}`
}

function actions({ on_update, on_delete, set_columns }: CatalogReference): string {
  const only = set_columns.length === 0 ? '' : ` ${columnList(set_columns)}`
  return `on update ${referenceActions[on_update]} on delete ${referenceActions[on_delete]}${only}`
}

function describe(
  moved: MovedTable,
  constraint: CatalogConstraint,
  comparison: Comparison,
): string {
  const { type, columns, expression, reference } = constraint
  const when = deferral(constraint)
  if (type === 'c') {
    const text = expression === null ? undefined : portable(comparison, expression)
    return `check (${text ?? ''}) on ${quoteTable(moved.target)}`
  }
  const head = `${words[type]} ${columnList(columns)}`
  if (reference === null) return `${head}${when}`
  return `${head} references ${goalOf(reference, comparison)} ${actions(reference)}${when}`
}

const list = (parts: readonly string[]) => `(${parts.join(', ')})`
const columnList = (names: readonly string[]) => list(names.map(quoteIdent))
