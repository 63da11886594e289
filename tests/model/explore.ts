/**
 * An explicit-state model checker, in the manner of TLA+: a model is an initial state and, for every
 * state, the steps that can be taken in it. All states that any order of steps can reach are visited,
 * breadth first, so that the first violation found has a shortest trace. States are told apart by
 * their key, which a model makes the same for states that differ only in names.
 */
import { render } from './render.ts'

export interface Step<State> {
  readonly actor: string
  readonly name: string
  readonly next: State
  /** What the step itself must never do. */
  readonly broken?: Broken | undefined
}

export interface Broken {
  readonly property: string
  readonly message: string
  /** Steps that follow from the state of themselves, where it takes them to see what is wrong. */
  readonly afterwards?: readonly Step<unknown>[]
}

export interface Model<State> {
  readonly initial: State
  steps(state: State): readonly Step<State>[]
  key(state: State): string
  /** What must not be so in a state. */
  broken(state: State): readonly Broken[]
  /** The properties that count, by name; all of them where it is left out. */
  readonly heeded?: readonly string[] | undefined
  /** The state for a reader, part by part; a trace prints the parts that a step changed. */
  show(state: State): Readonly<Record<string, string>>
}

export interface Explored {
  readonly states: number
  /** Steps of the longest of all shortest ways to a state. */
  readonly depth: number
  readonly taken: ReadonlySet<string>
  readonly violation: { readonly property: string; readonly trace: string } | undefined
}

/** Beyond this a model has become too large to be run with every change. */
const mostStates = 2_000_000

export function explore<State>(model: Model<State>): Explored {
  const counts = (broken: Broken): boolean => model.heeded?.includes(broken.property) ?? true
  const known = new Set([model.key(model.initial)])
  const taken = new Set<string>()
  // The way to a state: the state before it, and which of that state's steps was taken.
  const before = [-1]
  const choice = [-1]
  let frontier = [{ id: 0, state: model.initial }]
  for (let depth = 0; ; depth++) {
    const discovered: typeof frontier = []
    for (const { id, state } of frontier) {
      for (const [index, step] of model.steps(state).entries()) {
        taken.add(step.name)
        const key = model.key(step.next)
        const isNew = !known.has(key)
        if (isNew) {
          known.add(key)
          before.push(id)
          choice.push(index)
          discovered.push({ id: before.length - 1, state: step.next })
        }
        const broken = [
          ...(step.broken === undefined ? [] : [step.broken]),
          ...(isNew ? model.broken(step.next) : []),
        ].find(counts)
        if (broken !== undefined) {
          const way = [...wayTo(id, before, choice), index]
          const violation = { property: broken.property, trace: render(model, way, broken) }
          return { states: known.size, depth, taken, violation }
        }
      }
    }
    if (known.size > mostStates) throw new Error(`more than ${mostStates} states`)
    if (discovered.length === 0) return { states: known.size, depth, taken, violation: undefined }
    frontier = discovered
  }
}

function wayTo(id: number, before: readonly number[], choice: readonly number[]): number[] {
  const way: number[] = []
  for (let at = id; at > 0; at = before[at]!) way.unshift(choice[at]!)
  return way
}
