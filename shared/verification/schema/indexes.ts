/** Indexes by name, those that carry a constraint among them. */
import { quoteIdent, quoteQualified } from '../../projection/quote.ts'
import { storage } from '../../schema/create-table.ts'
import type { MovedTable } from '../../schema/moved-table.ts'
import { memberName } from '../../schema/steps/index.ts'
import type { CatalogTable } from '../../source/catalog-rows.ts'
import type { CatalogIndex, CatalogIndexKey } from '../../source/catalog-rows-attached.ts'
import { type Comparison, holdText, ownName, placeOf, portable } from './comparison.ts'
import type { Place } from './ledger.ts'

export function compareIndexes(
  moved: MovedTable,
  found: CatalogTable,
  comparison: Comparison,
): void {
  const { ledger } = comparison
  const indexes = new Map(found.indexes.map((each) => [each.name, each]))
  const place = (name: string) => placeOf(comparison, moved, `index ${ownName(moved, name)}`)
  for (const index of moved.table.indexes) {
    const other = indexes.get(index.name)
    indexes.delete(index.name)
    const what = index.constraint === null ? 'index' : 'constraint'
    if (comparison.isOmitted(what, moved, index.constraint ?? index.name)) continue
    if (other !== undefined) compareIndex(place(index.name), moved, index, other, comparison)
    else if (hasConstraint(found, index.constraint)) {
      ledger.report(place(index.name), 'index_missing', { expected: structure(index, comparison) })
    }
  }
  for (const index of indexes.values()) {
    // One that a parent or a constraint brought shows there.
    if (index.inherited || index.constraint !== null) continue
    const what = index.unique ? 'unique_index_extra' : 'index_extra'
    ledger.report(place(index.name), what, { found: foundStructure(index) }, 'warning')
  }
}

/** An index that went with its constraint is missed once: there. */
function hasConstraint(found: CatalogTable, constraint: string | null): boolean {
  return constraint === null || found.constraints.some(({ name }) => name === constraint)
}

function compareIndex(
  at: Place,
  moved: MovedTable,
  index: CatalogIndex,
  found: CatalogIndex,
  comparison: Comparison,
): void {
  const { ledger } = comparison
  const unique = (each: CatalogIndex) => (each.unique ? 'unique' : 'not unique')
  ledger.hold(at, 'index_unique_differs', unique(index), unique(found))
  ledger.hold(at, 'index_valid_differs', 'valid', found.valid ? 'valid' : 'not valid')
  const nulls = (each: CatalogIndex) =>
    each.nulls_not_distinct ? 'nulls not distinct' : 'nulls distinct'
  ledger.hold(at, 'index_nulls_differ', nulls(index), nulls(found))
  const same = ledger.hold(
    at,
    'index_columns_differ',
    structure(index, comparison),
    foundStructure(found),
  )
  if (same) compareKeyTexts(at, moved, index, found, comparison)
  const predicate =
    index.predicate === null ? null : portable(comparison, { ...index, text: index.predicate })
  if (predicate !== undefined) {
    const container = { kind: 'predicate', table: moved.target } as const
    const code = 'index_predicate_differs'
    holdText(comparison, at, code, predicate, found.predicate, container)
  }
  const options = [storage(sorted(index.options)), storage(sorted(found.options))] as const
  ledger.hold(at, 'index_options_differ', ...options, 'warning')
  const clustered = (each: CatalogIndex) => (each.clustered ? 'clustered' : 'not clustered')
  ledger.hold(at, 'index_clustered_differs', clustered(index), clustered(found), 'warning')
  const replica = (each: CatalogIndex) =>
    each.replica_identity ? 'replica identity' : 'not replica identity'
  ledger.hold(at, 'replica_identity_differs', replica(index), replica(found), 'warning')
}

function compareKeyTexts(
  at: Place,
  moved: MovedTable,
  index: CatalogIndex,
  found: CatalogIndex,
  comparison: Comparison,
): void {
  index.keys.forEach((each, place) => {
    if (each.column !== null || each.text === null) return
    const text = portable(comparison, { ...index, text: each.text })
    if (text === undefined) return
    const operatorClass = classOf(each, comparison)
    const method = quoteIdent(found.method)
    const container = { kind: 'index_key', table: moved.target, method, operatorClass } as const
    const foundText = found.keys[place]?.text ?? null
    holdText(comparison, at, 'index_expression_differs', text, foundText, container)
  })
}

/** Everything about an index but its texts, which are held against each other one by one. */
function structure(index: CatalogIndex, comparison: Comparison): string {
  const { collate } = comparison.design.context
  return written(
    index,
    index.keys.map((each) => keyText(each, collate(each.collation), classOf(each, comparison))),
  )
}

function foundStructure(index: CatalogIndex): string {
  const keys = index.keys.map((each) => {
    const { collation, operator_class } = each
    const collate =
      collation === null ? '' : ` collate ${quoteQualified(collation.schema, collation.name)}`
    const member =
      operator_class === null
        ? ''
        : ` ${quoteQualified(operator_class.schema, operator_class.name)}${options(operator_class.options)}`
    return keyText(each, collate, member)
  })
  return written(index, keys)
}

function written(index: CatalogIndex, keys: readonly string[]): string {
  const include = index.include.map(quoteIdent).join(', ')
  return `using ${quoteIdent(index.method)} (${keys.join(', ')})${include === '' ? '' : ` include (${include})`}`
}

function keyText(each: CatalogIndexKey, collate: string, operatorClass: string): string {
  const order = `${each.descending ? ' desc' : ''}${each.nulls_first ? ' nulls first' : ''}`
  const what = each.column === null ? '(expression)' : quoteIdent(each.column)
  return `${what}${collate}${operatorClass}${order}`
}

function classOf({ operator_class }: CatalogIndexKey, { design }: Comparison): string {
  if (operator_class === null) return ''
  const name = memberName(operator_class, design.context)
  return name === undefined ? '' : ` ${name}${options(operator_class.options)}`
}

const options = (each: readonly string[]) => storage(each).replace(/^ with /, ' ')
const sorted = (texts: readonly string[]) => texts.toSorted()
