/** Lanes out of what two servers offer, as pure numbers. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { laneBudget } from '../../../shared/start/connection-budget.ts'
import type { Bound, Offer } from '../../../shared/start/connection-offer.ts'

const demand = { lanes: 4, besides: 4 }
const server = (free: number): Offer => [{ limit: 'server', free }]
const role = (free: number): Offer => [{ limit: 'role', free }]

describe('laneBudget', () => {
  it.each<[string, Offer, Offer, number, number]>([
    ['servers that cannot be asked', undefined, undefined, 4, 0],
    ['room for all, by half', server(8), server(24), 4, 0],
    ['half of the source', server(7), server(24), 3, 1],
    ['half of the target, after what is taken besides', server(8), server(23), 3, 1],
    ['both, the narrower one counts', server(7), server(16), 2, 2],
    ['the tightest of several bounds', [...server(90)!, ...role(4)!], server(24), 2, 1],
    ['one lane at the source, and one connection stays', server(2), server(24), 1, 1],
    ['a limit of the role may be used up', role(1), role(6), 1, 2],
    ['one lane at the target, and one connection stays', server(8), server(7), 1, 1],
  ])('%s', (_name, source, target, lanes, notes) => {
    const budget = laneBudget(source, target, demand)
    expect([budget.lanes, budget.notes.length]).toEqual([lanes, notes])
    for (const note of budget.notes) {
      expect(note).toMatchObject({ code: 'lanes_reduced', path: 'settings.lanes' })
    }
  })

  it.each<[string, Offer, Offer, string, { free: number; least: number }]>([
    ['the last one of the source', server(1), server(24), 'source', { free: 1, least: 1 }],
    ['a full source', [{ limit: 'any', free: 0 }], server(24), 'source', { free: 0, least: 1 }],
    ['the last one of the target', server(8), server(6), 'target', { free: 6, least: 6 }],
    ['a role without room', server(8), role(5), 'target', { free: 5, least: 6 }],
    [
      'the last one of a database',
      server(8),
      [{ limit: 'database', free: 6 }],
      'target',
      { free: 6, least: 6 },
    ],
  ])('refuses %s', (_name, source, target, side, { free, least }) => {
    expect(() => laneBudget(source, target, demand)).toThrow(
      expect.objectContaining({
        code: `${side}_too_few_connections`,
        status: 409,
        context: expect.objectContaining({ connections_free: free, connections_needed: least }),
      }),
    )
  })

  it('never takes more than is free, nor more than is asked for, whatever is offered', () => {
    const bound = fc.record<Bound>({
      limit: fc.constantFrom('server', 'role', 'database'),
      free: fc.nat(40),
    })
    const offer = fc.array(bound, { minLength: 1, maxLength: 3 })
    const asked = fc.record({ lanes: fc.integer({ min: 1, max: 8 }), besides: fc.nat(10) })
    fc.assert(
      fc.property(offer, offer, asked, (source, target, { lanes, besides }) => {
        const got = lanesOrNone(source, target, { lanes, besides })
        expect(got).toBeLessThanOrEqual(lanes)
        if (got === 0) return
        for (const { limit, free } of source) {
          expect(got).toBeLessThanOrEqual(limit === 'role' ? free : free - 1)
        }
        for (const { limit, free } of target) {
          expect(besides + 2 * got).toBeLessThanOrEqual(limit === 'role' ? free : free - 1)
        }
      }),
    )
  })
})

function lanesOrNone(...call: Parameters<typeof laneBudget>): number {
  try {
    return laneBudget(...call).lanes
  } catch {
    return 0
  }
}
