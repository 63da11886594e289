/** Convergence of sweeps that compare all rows, that compare keys, and that go by timestamps alone. */
import type { Broken, Step } from '../explore.ts'
import { straying } from '../left-alone.ts'
import { versionAt } from './batches.ts'
import { keyOf, workerKey } from './key.ts'
import { properties, propertyNames } from './properties.ts'
import type { Rules } from './rules.ts'
import { ABSENT, KEYS, type State } from './state.ts'
import { ownSteps } from './worker.ts'

type Ending = 'rows' | 'keys' | 'timestamps'

const endings: readonly Ending[] = ['rows', 'keys', 'timestamps']

export function convergence(
  rulesAndFaults: Rules,
  heeded?: readonly string[],
): (state: State) => Broken[] {
  const rules: Rules = { ...rulesAndFaults, faults: [] }
  const wanted = endings.filter((ending) => heeded?.includes(propertyNames[ending]) ?? true)
  const checks = wanted.map((ending) => {
    const stray = straying<State>({
      key: (state) => keyOf(rules, state),
      next: (state) => scheduled(rules, ending, state),
      isEnd: (state) => isEnd(ending, state),
      oncePerRound: 'look.committed',
    })
    return (state: State): Broken[] => {
      // All times of rows are past by then.
      const afterwards = stray({ ...state, clock: rules.lastTime + 1 })
      if (afterwards === undefined) return []
      return [{ ...properties[ending]('It is not so one sweep later.'), afterwards }]
    }
  })
  return (state) => {
    if (state.transactions.some(({ status }) => status === 'active')) return []
    return checks.flatMap((check) => check(state))
  }
}

/** Whoever is at work goes on; who it is does not depend on names. */
function scheduled(rules: Rules, ending: Ending, state: State): Step<State> {
  const [one, other] = state.workers.map((worker) => workerKey(rules, worker))
  const steps = ownSteps(rules, state, one! < other! ? 1 : 0)
  return steps.find(({ next }) => next.target.scope === ending) ?? steps[0]!
}

function isEnd(ending: Ending, state: State): boolean {
  const resting = state.target.phase === 'look' && state.workers.every(({ at }) => at === 'idle')
  if (!resting) return false
  return KEYS.every((key) => {
    const version = versionAt(state, key)
    // A deletion leaves no timestamp.
    if (ending === 'timestamps' && version === ABSENT) return true
    return version === state.target.versions[key]
  })
}
