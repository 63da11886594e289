/** Where one batch of a verification ends: so that every row of either side belongs to exactly one batch. */
import type { Part } from '../../projection/digest-buckets.ts'
import type { CompiledEntity, KeyRange, KeyTexts } from '../../projection/entity.ts'
import type { Side } from '../side.ts'
import { partOf } from './buckets.ts'
import { type Comparison, openComparison, type VerificationMode } from './comparison.ts'
import { readCuts, segmentRows } from './segments.ts'

export interface BoundsOptions {
  readonly source: Side
  readonly target: Side
  readonly entity: CompiledEntity
  readonly mode: VerificationMode
  /** What is left of the entity; both ends are open for all of it. */
  readonly range: KeyRange
  /** Rows that a batch looks at. */
  readonly rowLimit: number
  /** Rows of the entity, about: the same number for every batch of a verification. */
  readonly rows: number
}

/** A batch, ready for `verifyRows`. */
export interface VerificationBatch {
  readonly comparison: Comparison
  readonly range: KeyRange
  /** Whether the entity goes on behind this batch; then `range.through` is where the next one begins. */
  readonly more: boolean
  /** Keys at which the range is cut into the segments that are compared first. */
  readonly cuts: readonly KeyTexts[]
  /** Of all rows of the entity, from 0 to 1, about: how many of the rows to draw fall to this batch. */
  readonly share: number
  /** Which part of a table that is compared by hash; all of it otherwise. */
  readonly part: Part
}

/** Rows of a part of a table that is compared by hash: for each part all of the table is looked through. */
const partRows = 2_000_000
/** Counting is that much cheaper than comparing. */
const countedMore = 10

/**
 * Looks how both sides are to be compared and where this batch ends.
 * @throws FerryError `source_*`, `target_*`
 */
export async function verificationBounds(options: BoundsOptions): Promise<VerificationBatch> {
  const { entity, mode, range } = options
  const comparison = await openComparison(options, entity, mode)
  if (comparison.strategy !== 'range') return boundByHash(options, comparison)
  const more = mode === 'counts' ? countedMore : 1
  const rows = options.rowLimit * more
  const cuts = await readCuts(comparison.source, range, rows, segmentRows * more)
  const last = cuts.find(({ place }) => place === rows)
  const goesOn = last !== undefined && cuts.some(({ place }) => place > rows)
  return {
    comparison,
    range: { after: range.after, through: goesOn ? last.key : range.through },
    more: goesOn,
    cuts: cuts.filter(({ place }) => place < rows).map(({ key }) => key),
    share: Math.min(1, rows / Math.max(1, options.rows)),
    part: partOf(0, 1, options.rows),
  }
}

/** `range` holds numbers of parts instead of keys: each batch takes one. */
function boundByHash(
  { mode, range, rows }: BoundsOptions,
  comparison: Comparison,
): VerificationBatch {
  const taken = takePart(range, mode === 'full' ? rows : 0)
  const { part, parts, more, through } = taken
  return {
    comparison,
    range: { after: range.after, through },
    more,
    cuts: [],
    share: 1 / parts,
    part: partOf(part, parts, rows),
  }
}

/** The part that begins a range of parts. @param rows of the whole table, about: they decide how many there are */
export function takePart(range: KeyRange, rows: number) {
  const parts = Math.max(1, Math.ceil(rows / partRows))
  const part = range.after === null ? 0 : Number(range.after[0]) + 1
  const end = range.through === null ? parts - 1 : Number(range.through[0])
  const more = part < end
  return { part, parts, more, through: more ? [String(part)] : range.through }
}
