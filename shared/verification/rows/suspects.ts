/** What looked different at first sight in one batch, before it is looked at again. */
import type { KeyRange, KeyTexts } from '../../projection/entity.ts'

/** Differences of a batch that are named one by one; what lies beyond is a finding per range. */
export const namedDifferences = 1000

/** Rows of a range on one side, as a multiset. */
export interface Multiset {
  readonly rows: number
  readonly sums: string
}

/** A part of a table whose rows differ. */
export interface Differing {
  readonly source: Multiset
  readonly target: Multiset
  /** Whether its rows were listed and showed no difference. */
  readonly unshown?: boolean
  /** Whether it has changed since the look before. */
  readonly moves?: boolean
}

export interface DifferingRange extends Differing {
  readonly range: KeyRange
}

export interface Suspects {
  /** Keys beyond this number are not named any more. */
  readonly most: number
  /** Rows of the source in the batch's range. */
  sourceRows: number
  /** Keys whose rows differ, or that only one side has, by their JSON. */
  readonly keys: Map<string, KeyTexts>
  /** Ranges that differ, where there is no room for keys any more. */
  readonly ranges: DifferingRange[]
}

export function noSuspects(most: number = namedDifferences): Suspects {
  return { most, sourceRows: 0, keys: new Map(), ranges: [] }
}

export function isFull(suspects: Suspects): boolean {
  return suspects.keys.size >= suspects.most
}

export const nothingThere: Multiset = { rows: 0, sums: ' ' }

export function differ(a: Multiset, b: Multiset): boolean {
  return a.rows !== b.rows || a.sums !== b.sums
}

/** Those of the parts that differ in a new look, too, as they are now. @param now in the same order */
export function stillDiffering<Part extends Differing>(
  before: readonly Part[],
  now: readonly Differing[],
): Part[] {
  return before
    .map((part, at) => {
      const { source, target } = now[at]!
      const moves = differ(part.source, source) || differ(part.target, target)
      return { ...part, source, target, moves }
    })
    .filter(({ source, target }) => differ(source, target))
}

/**
 * What differs and shows no difference is not believed, unless it never keeps still: then the list was
 * another moment of a table in use.
 */
export function isCertain({ unshown, moves }: Differing): boolean {
  return !(unshown && moves)
}

export interface ListedRow {
  readonly key: KeyTexts
  readonly digest: string
}

/** Adds the keys of rows that are not on both sides alike. @returns whether there are any */
export function addDifferences(
  suspects: Suspects,
  source: readonly ListedRow[],
  target: readonly ListedRow[],
): boolean {
  const rows = new Map<string, string>()
  for (const { key, digest } of source) rows.set(JSON.stringify(key), digest)
  const before = suspects.keys.size
  for (const { key, digest } of target) {
    const name = JSON.stringify(key)
    if (rows.get(name) === digest) rows.delete(name)
    else suspects.keys.set(name, key)
  }
  for (const name of rows.keys()) suspects.keys.set(name, JSON.parse(name) as KeyTexts)
  return suspects.keys.size > before
}
