/**
 * Which column of the target holds what columns of the source held: keys, indexes and foreign keys of
 * the source are over the latter, those of the target over the former.
 */
import type { ShapedColumn } from '../../plan/mapping/shape.ts'
import type { CatalogTable } from '../../source/catalog-rows.ts'
import type { TargetEntity } from '../moved-table.ts'

export interface Carrier {
  readonly target: string
  readonly type: string
  /** Columns of the source whose values tell the same rows apart. */
  readonly sources: readonly string[]
  /** The source's value itself, in its own type. */
  readonly straight: boolean
  /** `value` of its source column, or `id <entity>`: two columns that share one can be compared. */
  readonly contents: readonly string[]
  /** Smaller is better where several hold the same. */
  readonly rank: number
}

const value = 'value'
const idOf = (entity: string) => `id ${entity}`

/** @param table of the source: the entity's, or a partition of it */
export function carriersOf(entity: TargetEntity, table: CatalogTable): readonly Carrier[] {
  const key = entity.definition.key.map(({ column }) => column)
  const shape = entity.shape ?? plainShape(table, key)
  const types = new Map(table.columns.map(({ name, type }) => [name, type]))
  const own = idOf(entity.entity_name)
  const carriers = shape.flatMap((column): Carrier[] => {
    const { target, type, from, reference, is_id } = column
    const computed = reference?.source_columns ?? (is_id ? key : [])
    const sources = from === null ? computed : [from]
    if (sources.length === 0) return []
    const straight = from !== null && types.get(from) === type
    const contents = [
      ...(straight ? [value] : []),
      ...(is_id ? [own] : []),
      ...(reference === null ? [] : [idOf(reference.entity_name)]),
    ]
    return [{ target, type, sources, straight, contents, rank: rankOf(column) }]
  })
  return carriers.toSorted((a, b) => a.rank - b.rank)
}

/** The id first: foreign keys point at it. */
function rankOf({ is_id, reference, from, target }: ShapedColumn): number {
  if (is_id) return 0
  if (reference !== null) return 1
  return from === target ? 2 : 3
}

function plainShape({ columns }: CatalogTable, key: readonly string[]): ShapedColumn[] {
  return columns.map(({ name, type, type_oid, not_null }) => ({
    target: name,
    type,
    type_oid,
    from: name,
    reference: null,
    is_id: key.length === 1 && key[0] === name,
    not_null,
  }))
}

/**
 * The carrier of each of some columns that stand together in a key or an index; undefined where one of
 * them has none. Several columns can have one carrier: what was a key of two columns is one id.
 */
export function carry(
  names: readonly string[],
  carriers: readonly Carrier[],
): ReadonlyMap<string, Carrier> | undefined {
  const all = (carrier: Carrier | undefined) =>
    carrier === undefined ? undefined : new Map(names.map((name) => [name, carrier]))
  const id = carriers.find(({ rank, sources }) => rank === 0 && sameNames(sources, names))
  if (names.length > 1 && id !== undefined) return all(id)
  const single = (name: string) => carriers.find(({ sources }) => sameNames(sources, [name]))
  const joint = (name: string) =>
    carriers.find(
      ({ sources }) =>
        sources.length > 1 &&
        sources.includes(name) &&
        sources.every((each) => names.includes(each)),
    )
  const isSimple = names.every((name) => single(name) !== undefined)
  const found = new Map<string, Carrier>()
  for (const name of names) {
    const carrier = isSimple ? single(name) : (joint(name) ?? single(name))
    if (carrier === undefined) return undefined
    found.set(name, carrier)
  }
  return found
}

/** Columns of the target, each once, in the order of the names. */
export function targetsOf(names: readonly string[], found: ReadonlyMap<string, Carrier>): string[] {
  return [...new Set(names.map((name) => found.get(name)!.target))]
}

/** Two columns of which one can refer to the other: they hold the same. */
export interface Pair {
  readonly own: string
  readonly other: string
}

/** Undefined where no two columns can be held against each other. */
export function pairOf(
  names: readonly string[],
  own: readonly Carrier[],
  otherNames: readonly string[],
  other: readonly Carrier[],
): Pair | undefined {
  const goals = other.filter(({ sources }) => sameNames(sources, otherNames))
  const places = own.filter(({ sources }) => sameNames(sources, names))
  for (const goal of goals) {
    // The source compares its values of two types, too; an id is of one type wherever it is.
    const place = places.find(({ type, contents }) =>
      contents.some(
        (each) => goal.contents.includes(each) && (each === value || type === goal.type),
      ),
    )
    if (place !== undefined) return { own: place.target, other: goal.target }
  }
  return undefined
}

function sameNames(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((each) => others.includes(each))
}
