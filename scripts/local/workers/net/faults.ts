/** What may go wrong between a committed request and its function, drawn from a seeded generator. */

/** Probabilities are 0 to 1 and drawn independently for every request. */
export interface NetFaults {
  /** The request arrives twice: the second time up to half a second later, its answer thrown away. */
  readonly duplicate?: number
  /** The request never leaves and no response row is written, as after a crash of the server. */
  readonly drop?: number
  /** The request waits up to so long before it leaves; the rest of its batch waits with it. */
  readonly delay?: { readonly probability: number; readonly maxMilliseconds: number }
  /** Repeats the same draws; chosen at random where it is missing, and logged. */
  readonly seed?: number
}

export interface Fate {
  readonly isDropped: boolean
  readonly delayMilliseconds: number
  /** Undefined: no second copy. */
  readonly duplicateAfter: number | undefined
}

const DUPLICATE_SPREAD = 500

export function createFates(faults: NetFaults, seed: number): () => Fate {
  const random = mulberry32(seed)
  return () => {
    // Always the same number of draws, so that a changed probability does not shift all later fates.
    const [drop, delay, share, duplicate, spread] = Array.from({ length: 5 }, random) as [
      number,
      number,
      number,
      number,
      number,
    ]
    return {
      isDropped: drop < (faults.drop ?? 0),
      delayMilliseconds:
        faults.delay && delay < faults.delay.probability
          ? Math.round(share * faults.delay.maxMilliseconds)
          : 0,
      duplicateAfter: duplicate < (faults.duplicate ?? 0) ? spread * DUPLICATE_SPREAD : undefined,
    }
  }
}

/** A small, well-distributed generator of 32 bits of state. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
