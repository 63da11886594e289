/** Capture from the log: the protocol as it is, and what each of its rules is there for. */
import { describe, expect, it, vi } from 'vitest'
import { explore } from './explore.ts'
import { logModel } from './log/model.ts'
import { propertyNames } from './log/properties.ts'
import { protocol, type Rules } from './log/state.ts'

// A shared machine may take its time.
vi.setConfig({ testTimeout: 240_000 })

/** The mutated protocol must break the property; the shortest way to it is printed and given back. */
function shortestWay(mutation: Partial<Rules>, property: keyof typeof propertyNames): string {
  const name = propertyNames[property]
  const { violation } = explore(logModel({ ...protocol, ...mutation }, [name]))
  expect(violation?.property).toBe(name)
  console.log(`${JSON.stringify(mutation)}\n${violation!.trace}`)
  return violation!.trace
}

describe('the protocol', () => {
  it('forgets nothing and counts everything once, whatever befalls it', () => {
    const { violation, states, depth, taken } = explore(logModel(protocol))
    expect(violation?.trace).toBeUndefined()
    console.log(`${states} states, ${depth} steps deep`)
    expect([...taken]).toEqual(
      expect.arrayContaining([
        'crashes',
        'loses its lease',
        'refused: log.begun',
        'refused: sync.begun',
        'log.committed (answer lost)',
        'sync.committed (answer lost)',
      ]),
    )
  })

  it('stays right, but for its counts, where the recorded position is ignored', () => {
    const others = Object.values(propertyNames).filter((name) => name !== propertyNames.counted)
    const ignoring: Rules = { ...protocol, position: 'ignored' }
    const { violation, taken } = explore(logModel(ignoring, others))
    expect(violation?.trace).toBeUndefined()
    expect(taken).toContain('log.advanced')
  })
})

describe('what each rule is there for', () => {
  it('without a wait, a row is read before its change is visible, and never again', () => {
    const trace = shortestWay({ wait: false }, 'forgotten')
    expect(trace).toMatch(/sync\.staged[\s\S]*becomes visible[\s\S]*sync\.committed/)
  })

  it('a slot that moves before the commit loses what was peeked', () => {
    shortestWay({ advance: 'before the commit' }, 'forgotten')
  })

  it('a slot that moves before the commit never makes up for a crash', () => {
    shortestWay({ advance: 'before the commit' }, 'converges')
  })

  it('where the recorded position is ignored, changes are counted twice', () => {
    shortestWay({ position: 'ignored' }, 'counted')
  })

  it('without a fence, a superseded attempt commits', () => {
    shortestWay({ fence: 'none' }, 'fence')
  })
})
