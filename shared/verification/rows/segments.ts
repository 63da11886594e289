/** Comparison by ranges of the key: ranges whose rows differ are cut finer, until their keys are listed. */
import {
  cutsStatement,
  listStatement,
  segmentsStatement,
} from '../../projection/digest-statements.ts'
import type { KeyRange, KeyTexts } from '../../projection/entity.ts'
import { both, type ComparedTable, type Comparison } from './comparison.ts'
import {
  addDifferences,
  type DifferingRange,
  differ,
  isFull,
  type ListedRow,
  type Multiset,
  type Suspects,
} from './suspects.ts'

/** Rows of the first ranges: few enough to be read again for one that differs. */
export const segmentRows = 5000
/** Rows of a range whose keys are listed. */
const listedRows = 700
/** Parts of a range that differs. */
const finer = 16

export interface Cut {
  readonly key: KeyTexts
  readonly place: number
}

/** Where the first `rows` rows of a range are cut, and the key behind them. */
export async function readCuts(
  table: ComparedTable,
  range: KeyRange,
  rows: number,
  every: number,
): Promise<readonly Cut[]> {
  return table.side.query<Cut>(cutsStatement(table.entity, range, rows, every))
}

/** Compares the rows of a range in the parts that `cuts` make of it, and adds what differs. */
export async function compareSegments(
  comparison: Comparison,
  range: KeyRange,
  cuts: readonly KeyTexts[],
  suspects: Suspects,
): Promise<void> {
  const segments = await readSegments(comparison, partsOf(range, cuts))
  for (const { source } of segments) suspects.sourceRows += source.rows
  await refineAll(comparison, segments, suspects)
}

/** What both sides hold in some ranges, as two multisets each. */
export async function readSegments(
  { source, target }: Comparison,
  ranges: readonly KeyRange[],
): Promise<DifferingRange[]> {
  const [here, there] = await both(readMultisets(source, ranges), readMultisets(target, ranges))
  return ranges.map((range, at) => ({ range, source: here[at]!, target: there[at]! }))
}

async function readMultisets(
  table: ComparedTable,
  ranges: readonly KeyRange[],
): Promise<readonly Multiset[]> {
  if (ranges.length === 0) return []
  const rows = await table.side.query<{ segment: number; rows: string; sums: string }>(
    segmentsStatement(table, ranges),
  )
  return rows
    .toSorted((a, b) => a.segment - b.segment)
    .map(({ rows: count, sums }) => ({ rows: Number(count), sums }))
}

async function refineAll(
  comparison: Comparison,
  segments: readonly DifferingRange[],
  suspects: Suspects,
): Promise<void> {
  for (const segment of segments) {
    if (!differ(segment.source, segment.target)) continue
    if (isFull(suspects)) suspects.ranges.push(segment)
    else await refine(comparison, segment, suspects)
  }
}

async function refine(
  comparison: Comparison,
  segment: DifferingRange,
  suspects: Suspects,
): Promise<void> {
  const { source, target } = comparison
  const { range } = segment
  const rows = Math.max(segment.source.rows, segment.target.rows)
  if (rows > listedRows) {
    // Rows that only the target has may all lie in one range of the source.
    const fuller = segment.source.rows >= segment.target.rows ? source : target
    const every = Math.max(Math.floor(listedRows / 2), Math.ceil(rows / finer))
    const cuts = await readCuts(fuller, range, rows, every)
    const inner = cuts.filter(({ place }) => place < rows).map(({ key }) => key)
    if (inner.length > 0) {
      const parts = await readSegments(comparison, partsOf(range, inner))
      return refineAll(comparison, parts, suspects)
    }
  }
  const [here, there] = await both(
    source.side.query<ListedRow>(listStatement(source, range)),
    target.side.query<ListedRow>(listStatement(target, range)),
  )
  if (!addDifferences(suspects, here, there)) suspects.ranges.push({ ...segment, unshown: true })
}

function partsOf(range: KeyRange, cuts: readonly KeyTexts[]): KeyRange[] {
  const starts = [range.after, ...cuts]
  return starts.map((after, at) => ({ after, through: cuts[at] ?? range.through }))
}
