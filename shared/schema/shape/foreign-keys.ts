/** Foreign keys of the source between columns of the target. */
import type { CatalogTable } from '../../source/catalog-rows.ts'
import type { CatalogConstraint } from '../../source/catalog-rows-attached.ts'
import { type Carrier, type Pair, pairOf } from './carriers.ts'
import { nowhere } from './keys.ts'

/** One end of a foreign key. */
export interface End {
  readonly carriers: readonly Carrier[]
  /** With the keys that the target's will have. */
  readonly table: CatalogTable
  /** Made by the migration: it has the keys of the shaped table and no others. */
  readonly isNew: boolean
}

/** @param other undefined where the table that it points at is not moved */
export function shapeForeignKey(
  constraint: CatalogConstraint,
  own: End,
  other: End | undefined,
): CatalogConstraint {
  const { reference } = constraint
  // The makers say what it points at.
  if (reference === null || other === undefined) return constraint
  const pairs = pairsOf(constraint.columns, own, reference.columns, other)
  const goals = pairs?.map((pair) => pair.other) ?? []
  if (pairs === undefined || (other.isNew && !isUnique(other.table, goals))) {
    return { ...constraint, columns: [nowhere] }
  }
  const columns = pairs.map((pair) => pair.own)
  const isJoint = columns.length < constraint.columns.length
  const set_columns = isJoint
    ? []
    : reference.set_columns.map((name) => columns[constraint.columns.indexOf(name)]!)
  return { ...constraint, columns, reference: { ...reference, columns: goals, set_columns } }
}

/** One pair for all of the columns where both sides made one column of them, else one for each. */
function pairsOf(
  names: readonly string[],
  own: End,
  otherNames: readonly string[],
  other: End,
): Pair[] | undefined {
  const whole = pairOf(names, own.carriers, otherNames, other.carriers)
  if (whole !== undefined) return [whole]
  const pairs = names.map((name, at) =>
    pairOf([name], own.carriers, [otherNames[at]!], other.carriers),
  )
  return pairs.includes(undefined) ? undefined : (pairs as Pair[])
}

/** Whether rows are told apart by these columns, in any order. */
function isUnique({ indexes }: CatalogTable, columns: readonly string[]): boolean {
  return indexes.some(
    ({ unique, valid, predicate, keys, columns: all }) =>
      unique &&
      valid &&
      predicate === null &&
      !all.includes(nowhere) &&
      keys.length === columns.length &&
      keys.every(({ column }) => column !== null && columns.includes(column)),
  )
}
