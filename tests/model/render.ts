/** A trace as text: one line a step, with what it changed. */
import type { Broken, Model, Step } from './explore.ts'

/** @param way which step is taken in each state, from the initial one on */
export function render<State>(model: Model<State>, way: readonly number[], broken: Broken): string {
  const steps: Step<State>[] = []
  let state = model.initial
  for (const index of way) {
    const step = model.steps(state)[index]!
    steps.push(step)
    state = step.next
  }
  const afterwards = (broken.afterwards ?? []) as readonly Step<State>[]
  return [
    `violated: ${broken.property}`,
    `      in the beginning  ${partsOf(model.show(model.initial))}`,
    ...lines(model, model.initial, steps, 1),
    ...(afterwards.length === 0 ? [] : ['  left alone from here:']),
    ...lines(model, state, afterwards, steps.length + 1),
    `  => ${broken.message}`,
  ].join('\n')
}

function lines<State>(
  model: Model<State>,
  from: State,
  steps: readonly Step<State>[],
  first: number,
): string[] {
  let before = model.show(from)
  return steps.map((step, index) => {
    const after = model.show(step.next)
    const changed = Object.entries(after).filter(([part, value]) => value !== before[part])
    before = after
    const what = `${String(first + index).padStart(4)}  ${step.actor.padEnd(14)}${step.name.padEnd(29)}`
    return `${what}${partsOf(Object.fromEntries(changed))}`.trimEnd()
  })
}

function partsOf(shown: Readonly<Record<string, string>>): string {
  return Object.entries(shown)
    .map(([part, value]) => `${part}: ${value}`)
    .join(' · ')
}
