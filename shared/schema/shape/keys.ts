/**
 * Keys, checks and indexes of a source's table over the columns of the target. What cannot be carried
 * over is put on a column that no table has: the makers leave it out like anything over columns that
 * the plan leaves out, with a note, and the check of the schema does not look for it.
 */
import type {
  CatalogConstraint,
  CatalogExpression,
  CatalogIndex,
  CatalogIndexKey,
} from '../../source/catalog-rows-attached.ts'
import { type Carrier, carry, targetsOf } from './carriers.ts'
import { mentioned, renameColumns, type Straight } from './column-text.ts'

/** The name that no column has. */
export const nowhere = ''

/** What is known of a table's columns. */
export interface Places {
  readonly carriers: readonly Carrier[]
  readonly straight: Straight
  /** Columns of the target that are never null. */
  readonly required: ReadonlySet<string>
}

/** A constraint that is no foreign key. */
export function shapeConstraint(
  constraint: CatalogConstraint,
  { carriers, straight }: Places,
): CatalogConstraint {
  const gone = { ...constraint, columns: [nowhere] }
  if (constraint.type === 'c') {
    const { expression } = constraint
    const renamed = expression === null ? undefined : renameColumns(expression, straight)
    const columns = constraint.columns.map((name) => straight.get(name) ?? nowhere)
    return renamed === undefined ? gone : { ...constraint, expression: renamed, columns }
  }
  const found = carry(constraint.columns, carriers)
  if (found === undefined) return gone
  // Its operators are those of the source's types.
  const isBound = constraint.type === 'x' && [...found.values()].some((each) => !each.straight)
  return isBound ? gone : { ...constraint, columns: targetsOf(constraint.columns, found) }
}

/** @param constraints of the same table, shaped */
export function shapeIndex(
  index: CatalogIndex,
  places: Places,
  constraints: readonly CatalogConstraint[],
): CatalogIndex {
  const gone = { ...index, columns: [nowhere], clustered: false, replica_identity: false }
  const constraint = constraints.find(({ name }) => name === index.constraint)
  const names = index.keys.flatMap(({ column }) => column ?? [])
  const found = carry(names, places.carriers)
  const include = carry(index.include, places.carriers)
  if (constraint?.columns.includes(nowhere)) return gone
  if (found === undefined || include === undefined || !mayHold(index, found)) return gone
  const text = (each: string) => indexText(index, each, places.straight)
  const expressions = index.keys.flatMap((each) => (each.text === null ? [] : text(each.text)))
  const predicate = index.predicate === null ? null : text(index.predicate)
  if (expressions.includes(undefined) || predicate === undefined) return gone
  const texts = [
    ...(expressions as CatalogExpression[]),
    ...(predicate === null ? [] : [predicate]),
  ]
  const targets = targetsOf(names, found)
  return {
    ...index,
    keys: shapeKeys(index.keys, found, expressions as CatalogExpression[]),
    include: targetsOf(index.include, include).filter((name) => !targets.includes(name)),
    predicate: predicate?.text ?? null,
    columns: [...new Set([...targets, ...texts.flatMap(({ columns }) => columns)])],
    replica_identity: index.replica_identity && targets.every((name) => places.required.has(name)),
  }
}

/** What its texts name is kept for the whole index only. */
function indexText({ uses, columns }: CatalogIndex, text: string, straight: Straight) {
  return renameColumns({ text, uses, columns: mentioned(text, columns) }, straight)
}

/** Whether the index can be made over columns of another type, or over one where there were several. */
function mayHold(index: CatalogIndex, found: ReadonlyMap<string, Carrier>): boolean {
  const changed = [...found.values()].filter(({ straight }) => !straight)
  if (changed.length === 0) return true
  // Of several columns, one is null where any is: rows that were told apart would be the same.
  const isJoint = changed.some(({ sources }) => sources.length > 1)
  return ['btree', 'hash'].includes(index.method) && !(index.nulls_not_distinct && isJoint)
}

/** In the order of the source; what is one column now stands where the first of the old ones stood. */
function shapeKeys(
  keys: readonly CatalogIndexKey[],
  found: ReadonlyMap<string, Carrier>,
  expressions: readonly CatalogExpression[],
): CatalogIndexKey[] {
  const taken = new Set<string>()
  const texts = [...expressions]
  return keys.flatMap((each) => {
    if (each.column === null) return { ...each, text: texts.shift()?.text ?? null }
    const { target, straight } = found.get(each.column)!
    if (taken.has(target)) return []
    taken.add(target)
    // Neither order nor operators of one type are those of another.
    return straight
      ? { ...each, column: target }
      : { ...each, column: target, collation: null, operator_class: null }
  })
}
