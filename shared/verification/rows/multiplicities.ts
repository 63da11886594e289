/** Comparison of rows without a key: by the digest of a whole row, and how often it is there. */
import {
  digestSampleStatement,
  multiplicityStatement,
  type Part,
} from '../../projection/digest-buckets.ts'
import type { CheckName, Finding } from '../outcome.ts'
import {
  byBucket,
  type DifferingBucket,
  listWhileRoom,
  readBuckets,
  settleBuckets,
} from './buckets.ts'
import { both, type ComparedTable, type Comparison } from './comparison.ts'
import { again, type Patience } from './settle.ts'
import { namedDifferences } from './suspects.ts'

export interface Multiplicity {
  readonly bucket: number
  readonly digest: string
  readonly rows: string
  readonly place: string
}

export interface Uneven {
  readonly source: Multiplicity | undefined
  readonly target: Multiplicity | undefined
}

export interface ComparedRows {
  readonly sourceRows: number
  readonly findings: readonly Finding[]
}

/** Compares a part of the table, and looks again while something may still settle. */
export async function compareRows(
  comparison: Comparison,
  part: Part,
  patience: Patience,
): Promise<ComparedRows> {
  const { rows: sourceRows, differing } = await readBuckets(comparison, part)
  // Without a digest all rows are alike, and only their number counts.
  if (comparison.source.digest === '') {
    const findings = await settleBuckets(comparison, part, differing, 'counts', patience)
    return { sourceRows, findings }
  }
  const { uneven, left } = await listUneven(comparison, part, differing)
  const standing = await settleUneven(comparison, part, uneven, patience)
  const ranges = await settleBuckets(comparison, part, left, 'checksum', patience)
  return {
    sourceRows,
    findings: [...standing.map((each) => nameUneven(each, 'checksum')), ...ranges],
  }
}

/** Lists rows that are not on both sides as often, up to `most`. @returns those, and the buckets that are left */
export async function listUneven(
  comparison: Comparison,
  part: Part,
  differing: readonly DifferingBucket[],
  most: number = namedDifferences,
): Promise<{ readonly uneven: readonly Uneven[]; readonly left: readonly DifferingBucket[] }> {
  const uneven: Uneven[] = []
  const left = await listWhileRoom<Multiplicity>(comparison, differing, {
    read: (buckets) => async (table) => byBucket(await read(table, part, { buckets })),
    isFull: () => uneven.length >= most,
    add: (source, target) => {
      const found = unevenOf(source, target)
      uneven.push(...found)
      return found.length > 0
    },
  })
  return { uneven, left }
}

/** Looks again at what was uneven, and only at that: others come and go in a table in use. */
async function settleUneven(
  comparison: Comparison,
  part: Part,
  seen: readonly Uneven[],
  patience: Patience,
): Promise<readonly Uneven[]> {
  if (seen.length === 0) return seen
  let standing: readonly Uneven[] | undefined
  const look = async () => {
    // The first look is the one that has seen them.
    standing =
      standing === undefined ? seen : await lookAgain(comparison, part, standing.map(digestOf))
    return standing
  }
  return again(comparison, patience, look, ({ length }) => length > 0)
}

/** Draws rows on both sides and compares how often they are there. @returns rows looked at, findings */
export async function sampleRowsWithoutKey(
  comparison: Comparison,
  part: Part,
  draw: { readonly seed: string; readonly rows: number },
  patience: Patience,
): Promise<{ readonly validated: number; readonly findings: readonly Finding[] }> {
  const drawFrom = (table: ComparedTable) =>
    table.side.query<{ digest: string }>(digestSampleStatement(table, part, draw.seed, draw.rows))
  const drawn = await both(drawFrom(comparison.source), drawFrom(comparison.target))
  const digests = [...new Set(drawn.flat().map(({ digest }) => digest))]
  if (digests.length === 0) return { validated: 0, findings: [] }
  const seen = await lookAgain(comparison, part, digests)
  const uneven = await settleUneven(comparison, part, seen, patience)
  return {
    validated: digests.length,
    findings: uneven.map((each) => nameUneven(each, 'sample')),
  }
}

const digestOf = ({ source, target }: Uneven) => (source ?? target)!.digest

async function lookAgain(comparison: Comparison, part: Part, digests: readonly string[]) {
  const { source, target } = comparison
  return unevenOf(...(await both(read(source, part, { digests }), read(target, part, { digests }))))
}

type Only = Parameters<typeof multiplicityStatement>[2]

function read(table: ComparedTable, part: Part, only: Only): Promise<readonly Multiplicity[]> {
  return table.side.query<Multiplicity>(multiplicityStatement(table, part, only))
}

function unevenOf(source: readonly Multiplicity[], target: readonly Multiplicity[]): Uneven[] {
  const here = new Map(source.map((row) => [row.digest, row]))
  const there = new Map(target.map((row) => [row.digest, row]))
  return [...new Set([...here.keys(), ...there.keys()])]
    .map((digest) => ({ source: here.get(digest), target: there.get(digest) }))
    .filter((pair) => pair.source?.rows !== pair.target?.rows)
}

function nameUneven({ source, target }: Uneven, check: CheckName): Finding {
  return {
    check,
    kind: source === undefined ? 'extra' : target === undefined ? 'missing' : 'duplicates',
    severity: 'failed',
    detail: {
      source_count: Number(source?.rows ?? 0),
      target_count: Number(target?.rows ?? 0),
      source_place: source?.place ?? null,
      target_place: target?.place ?? null,
    },
  }
}
