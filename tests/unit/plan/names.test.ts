import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesGlob } from '../../../shared/plan/glob.ts'
import { formatTableName, nearNames, parseTableName } from '../../../shared/plan/names.ts'
import { dependencyOrder } from '../../../shared/plan/order.ts'

describe('table names', () => {
  it('survive writing and reading, whatever they hold', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'B', '.', '"', ' ', 'ü', '*'),
      minLength: 1,
    })
    fc.assert(
      fc.property(name, name, (schema, table) => {
        expect(parseTableName(formatTableName({ schema, table }))).toEqual({ schema, table })
      }),
    )
  })

  it.each(['', '.', 'a.', '.a', 'a.b.c', '"a', 'a."b', '"a"b.c'])('refuses %j', (text) => {
    expect(parseTableName(text)).toBeUndefined()
  })

  it('finds what was meant', () => {
    expect(nearNames('public.usres', ['public.users', 'public.orders'])).toEqual(['public.users'])
  })
})

describe('matchesGlob', () => {
  it('agrees with a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '('), maxLength: 8 })
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '(', '*', '?'), maxLength: 6 })
    fc.assert(
      fc.property(pattern, text, (glob, name) => {
        const source = [...glob]
          .map((c) => (c === '*' ? '.*' : c === '?' ? '.' : `\\${c}`))
          .join('')
        const plain = source.replaceAll('\\a', 'a').replaceAll('\\b', 'b')
        expect(matchesGlob(glob, name)).toBe(new RegExp(`^${plain}$`).test(name))
      }),
      { numRuns: 2000 },
    )
  })

  it('is quick on patterns that ruin backtracking', () => {
    const started = performance.now()
    expect(matchesGlob(`${'*a'.repeat(100)}b`, 'a'.repeat(300))).toBe(false)
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('dependencyOrder', () => {
  const node = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const edges = fc.array(fc.record({ node, on: node, weak: fc.boolean() }))

  it('keeps every edge that it does not name as broken, and does not depend on their order', () => {
    fc.assert(
      fc.property(edges, (dependencies) => {
        const nodes = ['a', 'b', 'c', 'd', 'e']
        const { order, broken } = dependencyOrder(nodes, dependencies)
        expect([...order].sort()).toEqual(nodes)
        for (const edge of dependencies) {
          if (edge.node === edge.on || broken.includes(edge)) continue
          expect(order.indexOf(edge.on)).toBeLessThan(order.indexOf(edge.node))
        }
        const turned = dependencyOrder(nodes.toReversed(), dependencies.toReversed())
        expect(turned.order).toEqual(order)
      }),
    )
  })
})
