/** The sweeps of incremental sync: the protocol as it is, and what each of its rules is there for. */
import { describe, expect, it, vi } from 'vitest'
import { explore } from './explore.ts'
import { syncModel } from './sync/model.ts'
import { propertyNames } from './sync/properties.ts'
import { protocol, type Reading, type Rules } from './sync/rules.ts'

// A shared machine may take its time.
vi.setConfig({ testTimeout: 240_000 })

/** The mutated protocol must break the property; the shortest way to it is printed and given back. */
function shortestWay(mutation: Partial<Rules>, property: keyof typeof propertyNames): string {
  const name = propertyNames[property]
  const { violation } = explore(syncModel({ ...protocol, ...mutation }, [name]))
  expect(violation?.property).toBe(name)
  console.log(`${JSON.stringify(mutation)}\n${violation!.trace}`)
  return violation!.trace
}

describe('the protocol', () => {
  it('holds and converges whatever the order of steps, crashes, zombies and lost answers', () => {
    const { violation, states, depth, taken } = explore(syncModel(protocol))
    expect(violation?.trace).toBeUndefined()
    console.log(`${states} states, ${depth} steps deep`)
    // What befell the workers and what the fence refused was among it.
    expect([...taken]).toEqual(
      expect.arrayContaining([
        'crashes',
        'loses its lease',
        'refused: look.completed',
        'refused: sync.carved',
        'refused: sync.begun',
        'refused: reconcile.begun',
        'refused: deletes.begun',
        'look.committed (answer lost)',
        'sync.committed (answer lost)',
        'reconcile.committed (answer lost)',
        'deletes.committed (answer lost)',
      ]),
    )
  })

  it('holds with clocks that disagree by no more than the overlap', () => {
    const rules: Rules = { ...protocol, faults: ['crash'], skew: 1, overlap: 1 }
    expect(explore(syncModel(rules)).violation?.trace).toBeUndefined()
  })
})

describe('what a sweep may not pass', () => {
  it('the clock as horizon passes a transaction in flight', () => {
    const trace = shortestWay({ horizon: 'clock' }, 'watermark')
    expect(trace).toMatch(/No later sweep reads k1/)
  })

  it('the newest row as horizon passes a transaction in flight', () => {
    shortestWay({ horizon: 'newest row' }, 'watermark')
  })

  it.each<{ look: readonly Reading[] }>([
    { look: ['clock', 'rows', 'transactions'] },
    { look: ['rows', 'clock', 'transactions'] },
    { look: ['rows', 'transactions', 'clock'] },
    { look: ['transactions', 'clock', 'rows'] },
    { look: ['transactions', 'rows', 'clock'] },
  ])('a look in the order $look misses what happens between its readings', ({ look }) => {
    shortestWay({ look }, 'watermark')
  })

  it('a window closed at the wrong end misses a row of the same time', () => {
    shortestWay({ window: 'wrong end' }, 'watermark')
  })

  it('without an overlap, a row stamped by a clock that lags is missed', () => {
    shortestWay({ skew: 1, overlap: 0 }, 'watermark')
  })

  it('an overlap smaller than the lag is not enough', () => {
    shortestWay({ skew: 2, overlap: 1 }, 'watermark')
  })

  it('a watermark that moves before the last batch leaves rows behind', () => {
    const trace = shortestWay({ watermark: 'with every batch' }, 'watermark')
    expect(trace).toMatch(/sync\.carved +queue: sync of k1 held, sync of k2 ready/)
  })
})

describe('what a worker may not do', () => {
  it('without a fence, a superseded attempt commits', () => {
    shortestWay({ fence: 'none' }, 'fence')
  })

  it('a fence that does not lock lets an attempt be superseded behind it', () => {
    shortestWay({ fence: 'unlocked' }, 'fence')
  })

  it('without a fence, an old version lands over a newer one, for good', () => {
    // The shortest harm to rows is a long story: only what it needs takes part in it.
    const trace = shortestWay(
      { fence: 'none', faults: ['expiry'], reconcile: 'never', lastTime: 4 },
      'watermark',
    )
    expect(trace).toMatch(/worker \d +sync\.committed +target: k1=v1/)
  })

  it('a blind retry after a lost answer completes a batch twice', () => {
    const trace = shortestWay({ retry: 'blind' }, 'counted')
    expect(trace).toMatch(/answer lost/)
  })

  it('an insert of what is there already makes a second row', () => {
    shortestWay({ write: 'insert' }, 'oneRow')
  })
})

describe('what a reconciliation is for', () => {
  it('without its deletions, a row that is gone stays', () => {
    const trace = shortestWay({ reconcile: 'no deletions' }, 'keys')
    expect(trace).toMatch(/deletes k1/)
  })

  it('without a second look, a deletion takes a row that has come back', () => {
    shortestWay({ recheck: false }, 'deletion')
  })
})
