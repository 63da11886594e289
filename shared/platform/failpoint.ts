/**
 * Failpoints: named places at which tests interrupt the engine. They are armed by one environment
 * variable, `FERRY_FAILPOINTS`, and do nothing where it is not set, which is everywhere but in tests.
 *
 * Form: `name=action[@n]`, comma-separated; the action runs at the n-th passage of this isolate
 * (the first where n is left out). Actions: `fail` raises, `exit` ends the process at once,
 * `hold:MS` waits so many milliseconds.
 */
import process from 'node:process'
import { FerryError } from './errors.ts'

interface Armed {
  readonly action: string
  readonly at: number
}

/** Reads the specification once and gives back the function to call at each named point. */
export function failpoints(specification: string | undefined): (name: string) => Promise<void> {
  if (specification === undefined || specification === '') return async () => {}
  const armed = new Map(specification.split(',').map(parseFailpoint))
  const passages = new Map<string, number>()
  return async (name) => {
    const passage = (passages.get(name) ?? 0) + 1
    passages.set(name, passage)
    const point = armed.get(name)
    if (point === undefined || point.at !== passage) return
    if (point.action === 'exit') process.exit(137) // as if killed: nothing is unwound
    if (point.action.startsWith('hold:')) {
      await new Promise((resolve) => setTimeout(resolve, Number(point.action.slice(5))))
      return
    }
    throw new FerryError({
      code: 'failpoint',
      message: `A test asked for a failure at ${name}.`,
      hint: 'Unset FERRY_FAILPOINTS.',
      kind: 'unknown',
    })
  }
}

function parseFailpoint(text: string): [string, Armed] {
  const match = /^([\w.-]+)=(fail|exit|hold:\d+)(?:@(\d+))?$/.exec(text.trim())
  if (match === null) {
    throw new FerryError({
      code: 'failpoint_malformed',
      message: 'FERRY_FAILPOINTS is not of the form name=action[@n].',
      hint: 'Actions are fail, exit and hold:MS.',
    })
  }
  return [match[1]!, { action: match[2]!, at: Number(match[3] ?? 1) }]
}
