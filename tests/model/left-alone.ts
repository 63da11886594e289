/**
 * Convergence: from a state in which the application has stopped, the workers alone, without a further
 * fault and in one fixed order, must reach the end within what is left of the round that is on and one
 * round more.
 */
import type { Step } from './explore.ts'

export interface Schedule<State> {
  key(state: State): string
  /** The one step that is taken next. */
  next(state: State): Step<State>
  isEnd(state: State): boolean
  /** The name of the step that every round takes once. */
  readonly oncePerRound: string
}

/** Of the round that is on, and of the one after it. */
const mostRounds = 2
/** No way to the end is nearly as long. */
const mostSteps = 100

/** Gives back the way that a state takes, where it does not come to the end. */
export function straying<State>(
  schedule: Schedule<State>,
): (from: State) => Step<State>[] | undefined {
  // Ways meet: how this one ends is mostly known from another one.
  const roundsToEnd = new Map<string, number>()
  return (from) => {
    const way: Step<State>[] = []
    const passed: { key: string; rounds: number }[] = []
    let rounds = 0
    for (let state = from; way.length < mostSteps && rounds <= mostRounds; ) {
      const key = schedule.key(state)
      const rest = schedule.isEnd(state) ? 0 : roundsToEnd.get(key)
      if (rest !== undefined && rounds + rest <= mostRounds) {
        for (const before of passed) roundsToEnd.set(before.key, rounds + rest - before.rounds)
        return undefined
      }
      passed.push({ key, rounds })
      const step = schedule.next(state)
      way.push(step)
      state = step.next
      if (step.name === schedule.oncePerRound) rounds++
    }
    return way
  }
}
