/** Comparison by hash of the key: buckets whose rows differ are listed, and rows matched by their keys. */
import {
  bucketListStatement,
  bucketsStatement,
  type Part,
} from '../../projection/digest-buckets.ts'
import type { CheckName, Finding } from '../outcome.ts'
import { both, type ComparedTable, type Comparison } from './comparison.ts'
import { again, type Patience } from './settle.ts'
import {
  addDifferences,
  type Differing,
  differ,
  isCertain,
  isFull,
  type ListedRow,
  type Multiset,
  nothingThere,
  type Suspects,
  stillDiffering,
} from './suspects.ts'

/** Rows of a bucket, about. */
const bucketRows = 1000
/** Rows that are listed at a time. */
const listedRows = 20_000

export interface DifferingBucket extends Differing {
  readonly bucket: number
}

/** @param rows of the whole table, about */
export function partOf(part: number, parts: number, rows: number): Part {
  return { part, parts, buckets: Math.max(1, Math.ceil(rows / parts / bucketRows)) }
}

/** Compares a part of the table. @returns buckets that differ and whose rows are not among the suspects */
export async function compareBuckets(
  comparison: Comparison,
  part: Part,
  suspects: Suspects,
): Promise<readonly DifferingBucket[]> {
  const { rows, differing } = await readBuckets(comparison, part)
  suspects.sourceRows += rows
  const read = (buckets: readonly number[]) => async (table: ComparedTable) =>
    byBucket(
      await table.side.query<ListedRow & InBucket>(bucketListStatement(table, part, buckets)),
    )
  return listWhileRoom(comparison, differing, {
    read,
    isFull: () => isFull(suspects),
    add: (source, target) => addDifferences(suspects, source, target),
  })
}

/** Looks at whole buckets again. @returns a finding for those that still differ */
export async function settleBuckets(
  comparison: Comparison,
  part: Part,
  buckets: readonly DifferingBucket[],
  check: CheckName,
  patience: Patience,
): Promise<Finding[]> {
  if (buckets.length === 0) return []
  let left = buckets
  const look = async () => {
    const { differing } = await readBuckets(comparison, part)
    const now = new Map(differing.map((each) => [each.bucket, each]))
    left = stillDiffering(
      left,
      left.map(({ bucket }) => now.get(bucket) ?? { source: nothingThere, target: nothingThere }),
    )
    return left
  }
  const standing = await again(comparison, patience, look, ({ length }) => length > 0)
  return unlistedBuckets(standing.filter(isCertain), check)
}

interface InBucket {
  readonly bucket: number
}

export function byBucket<Row extends InBucket>(rows: readonly Row[]): Map<number, Row[]> {
  return Map.groupBy(rows, ({ bucket }) => bucket)
}

interface Listing<Row> {
  read(
    buckets: readonly number[],
  ): (table: ComparedTable) => Promise<ReadonlyMap<number, readonly Row[]>>
  isFull(): boolean
  /** Whether rows were found that differ. */
  add(source: readonly Row[], target: readonly Row[]): boolean
}

/** Lists the rows of differing buckets, many at a time. @returns the others */
export async function listWhileRoom<Row>(
  { source, target }: Comparison,
  differing: readonly DifferingBucket[],
  listing: Listing<Row>,
): Promise<DifferingBucket[]> {
  const unlisted: DifferingBucket[] = []
  for (let left = differing; left.length > 0; ) {
    const some = listing.isFull() ? left : firstOf(left)
    left = left.slice(some.length)
    if (listing.isFull()) {
      unlisted.push(...some)
      continue
    }
    const read = listing.read(some.map(({ bucket }) => bucket))
    const [here, there] = await both(read(source), read(target))
    for (const each of some) {
      const rows = [here.get(each.bucket) ?? [], there.get(each.bucket) ?? []] as const
      if (listing.isFull()) unlisted.push(each)
      else if (!listing.add(...rows)) unlisted.push({ ...each, unshown: true })
    }
  }
  return unlisted
}

/** One finding for all buckets that differ and are not listed; none where there is no such bucket. */
export function unlistedBuckets(buckets: readonly DifferingBucket[], check: CheckName): Finding[] {
  if (buckets.length === 0) return []
  const rows = (side: 'source' | 'target') =>
    buckets.reduce((sum, bucket) => sum + bucket[side].rows, 0)
  const detail = {
    source_rows: rows('source'),
    target_rows: rows('target'),
    buckets: buckets.length,
  }
  return [{ check, kind: 'range', severity: 'failed', detail }]
}

/** All buckets of a part on both sides. */
export async function readBuckets({ source, target }: Comparison, part: Part) {
  const [here, there] = await both(readSide(source, part), readSide(target, part))
  const differing: DifferingBucket[] = []
  let rows = 0
  for (const bucket of new Set([...here.keys(), ...there.keys()])) {
    const pair = {
      source: here.get(bucket) ?? nothingThere,
      target: there.get(bucket) ?? nothingThere,
    }
    rows += pair.source.rows
    if (differ(pair.source, pair.target)) differing.push({ bucket, ...pair })
  }
  return { rows, differing }
}

/** The first buckets that can be listed at once; at least one. */
function firstOf(buckets: readonly DifferingBucket[]): readonly DifferingBucket[] {
  let rows = 0
  return buckets.filter(({ source, target }, at) => {
    rows += Math.max(source.rows, target.rows)
    return at === 0 || rows <= listedRows
  })
}

async function readSide(table: ComparedTable, part: Part): Promise<Map<number, Multiset>> {
  const rows = await table.side.query<{ bucket: number; rows: string; sums: string }>(
    bucketsStatement(table, part),
  )
  return new Map(
    rows.map(({ bucket, rows: count, sums }) => [bucket, { rows: Number(count), sums }]),
  )
}
