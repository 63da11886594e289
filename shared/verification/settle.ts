/**
 * A second look at what seemed to differ. Both sides are read in snapshots of their own, so a row that
 * was just written may differ for a moment: it is looked up by its key until it settles or stands.
 */
import type { KeyTexts } from '../projection/entity.ts'
import type { Comparison } from './comparison.ts'
import { snapshotText } from './facts.ts'
import { type KeyPair, lookUp } from './look-up.ts'
import { readSegments } from './segments.ts'
import { type DifferingRange, differ, type Suspects } from './suspects.ts'

export interface Patience {
  readonly pause: (milliseconds: number) => Promise<void>
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** `now()` when the comparison was opened. */
  readonly openedAt: number
}

export interface Standing {
  readonly pairs: readonly KeyPair<string>[]
  readonly ranges: readonly DifferingRange[]
}

/** Milliseconds between two looks. */
export const pauses = [100, 300, 1000] as const

/** What still differs when it was looked at long enough. */
export async function settle(
  comparison: Comparison,
  suspects: Suspects,
  patience: Patience,
): Promise<Standing> {
  let standing = await look(comparison, [...suspects.keys.values()], suspects.ranges)
  for (const [round, milliseconds] of pauses.entries()) {
    if (standing.pairs.length === 0 && standing.ranges.length === 0) break
    if (await isQuiet(comparison, patience, round)) break
    await patience.pause(milliseconds)
    const keys = standing.pairs.map(({ key }) => key)
    standing = await look(comparison, keys, standing.ranges)
  }
  return standing
}

async function look(
  comparison: Comparison,
  keys: readonly KeyTexts[],
  ranges: readonly DifferingRange[],
): Promise<Standing> {
  const pairs = await lookUp(comparison, keys)
  const again = await readSegments(
    comparison,
    ranges.map(({ range }) => range),
  )
  return {
    pairs: pairs.filter(stillDiffers),
    ranges: again.filter(({ source, target }) => differ(source, target)),
  }
}

function stillDiffers({ key, source, target }: KeyPair<string>): boolean {
  const [here] = source
  if (here === undefined) return target.length > 0
  // Equal keys may be written in several ways; the row is named by the text that the source has.
  if (JSON.stringify(here.key) !== JSON.stringify(key)) return false
  return target.length !== 1 || target[0]!.digest !== here.digest
}

/**
 * Whether nothing can settle any more: some time has passed since the comparison was opened, and nobody
 * has committed anything at the source in it.
 * @param round looks behind the first one
 */
export async function isQuiet(
  { source, snapshot }: Comparison,
  { now, openedAt }: Patience,
  round: number,
): Promise<boolean> {
  if (round === 0 && now() - openedAt < pauses[0]) return false
  const [row] = await source.side.query<{ snapshot: string }>(`select ${snapshotText} as snapshot`)
  return row?.snapshot === snapshot
}
