/**
 * A second look at what seemed to differ. Both sides are read in snapshots of their own, so a row that
 * was just written may differ for a moment: it is looked up by its key until it settles or stands.
 */
import type { KeyTexts } from '../../projection/entity.ts'
import type { Comparison } from './comparison.ts'
import { snapshotText } from './facts.ts'
import { type KeyPair, lookUp } from './look-up.ts'
import { readSegments } from './segments.ts'
import { type DifferingRange, isCertain, type Suspects, stillDiffering } from './suspects.ts'

export interface Patience {
  readonly pause: (milliseconds: number) => Promise<void>
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** `now()` when the comparison was opened, or later. */
  readonly openedAt: number
}

export interface Standing {
  readonly pairs: readonly KeyPair<string>[]
  readonly ranges: readonly DifferingRange[]
}

/** Milliseconds between two looks. */
const pauses = [100, 300, 1000] as const

/** What still differs when it was looked at long enough. */
export async function settle(
  comparison: Comparison,
  suspects: Suspects,
  patience: Patience,
): Promise<Standing> {
  let keys: readonly KeyTexts[] = [...suspects.keys.values()]
  let ranges: readonly DifferingRange[] = suspects.ranges
  const look = async (): Promise<Standing> => {
    const pairs = oncePerRow((await lookUp(comparison, keys)).filter(stillDiffers))
    const segments = await readSegments(
      comparison,
      ranges.map(({ range }) => range),
    )
    keys = pairs.map(({ key }) => key)
    ranges = stillDiffering(ranges, segments)
    return { pairs, ranges }
  }
  const { pairs } = await again(
    comparison,
    patience,
    look,
    (found) => found.pairs.length + found.ranges.length > 0,
  )
  return { pairs, ranges: ranges.filter(isCertain) }
}

/** Looks, and looks again as long as something differs that may still settle. */
export async function again<Found>(
  comparison: Comparison,
  patience: Patience,
  look: () => Promise<Found>,
  differs: (found: Found) => boolean,
): Promise<Found> {
  let found = await look()
  for (const [round, milliseconds] of pauses.entries()) {
    if (!differs(found) || (await isQuiet(comparison, patience, round))) break
    await patience.pause(milliseconds)
    found = await look()
  }
  return found
}

function stillDiffers({ source, target }: KeyPair<string>): boolean {
  const [here] = source
  if (here === undefined) return target.length > 0
  return target.length !== 1 || target[0]!.digest !== here.digest
}

/** Equal keys may be written in several ways: each row once, by the text that the source has. */
function oncePerRow(pairs: readonly KeyPair<string>[]): KeyPair<string>[] {
  const rows = new Map<string, KeyPair<string>>()
  for (const pair of pairs) {
    const { key } = pair.source[0] ?? pair.target[0] ?? pair
    rows.set(JSON.stringify(key), { ...pair, key })
  }
  return [...rows.values()]
}

/**
 * Whether nothing can settle any more: some time has passed since the comparison was opened, and nobody
 * has committed anything at the source in it.
 * @param round looks behind the first one
 */
async function isQuiet(
  { source, snapshot }: Comparison,
  { now, openedAt }: Patience,
  round: number,
): Promise<boolean> {
  if (round === 0 && now() - openedAt < pauses[0]) return false
  const [row] = await source.side.query<{ snapshot: string }>(`select ${snapshotText} as snapshot`)
  return row?.snapshot === snapshot
}
