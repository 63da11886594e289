/** Comparison of rows without a key: by the digest of a whole row, and how often it is there. */
import {
  digestSampleStatement,
  multiplicityStatement,
  type Part,
} from '../projection/digest-buckets.ts'
import { byBucket, listWhileRoom, readBuckets, unlistedBuckets } from './buckets.ts'
import { both, type ComparedTable, type Comparison } from './comparison.ts'
import type { CheckName, Finding } from './outcome.ts'
import { again, type Patience } from './settle.ts'
import { namedDifferences } from './suspects.ts'

interface Multiplicity {
  readonly bucket: number
  readonly digest: string
  readonly rows: string
  readonly place: string
}

interface Uneven {
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
  const look = () => compareOnce(comparison, part)
  return again(comparison, patience, look, ({ findings }) => findings.length > 0)
}

async function compareOnce(comparison: Comparison, part: Part): Promise<ComparedRows> {
  const { rows: sourceRows, differing } = await readBuckets(comparison, part)
  // Without a digest all rows are alike, and only their number counts.
  if (comparison.source.digest === '') {
    return { sourceRows, findings: unlistedBuckets(differing, 'counts') }
  }
  const uneven: Uneven[] = []
  const left = await listWhileRoom<Multiplicity>(comparison, differing, {
    read: (buckets) => async (table) => byBucket(await read(table, part, { buckets })),
    isFull: () => uneven.length >= namedDifferences,
    add: (source, target) => {
      const found = unevenOf(source, target)
      uneven.push(...found)
      return found.length > 0
    },
  })
  const named = uneven.map((each) => nameUneven(each, 'checksum'))
  return { sourceRows, findings: [...named, ...unlistedBuckets(left, 'checksum')] }
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
  const look = async () => {
    const { source, target } = comparison
    return unevenOf(
      ...(await both(read(source, part, { digests }), read(target, part, { digests }))),
    )
  }
  const uneven = await again(comparison, patience, look, (found) => found.length > 0)
  return {
    validated: digests.length,
    findings: uneven.map((each) => nameUneven(each, 'sample')),
  }
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
