/** Chance that can be played again: the same seed gives the same throws. */
export interface Dice {
  readonly seed: number
  /** From 0 to below 1. */
  next(): number
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number
  /** True once in so many throws. */
  oneIn(throws: number): boolean
  pick<T>(from: readonly T[]): T
}

/** @param seed taken from FERRY_SEED where it is set; print it, so that a failure can be repeated */
export function dice(seed = Number(process.env.FERRY_SEED ?? Date.now() % 1_000_000)): Dice {
  let state = seed >>> 0
  const next = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  return {
    seed,
    next,
    between,
    oneIn: (throws) => next() * throws < 1,
    pick: (from) => from[between(0, from.length - 1)]!,
  }
}
