import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entityNamespace } from '../../../shared/projection/name-uuid.ts'
import { catalog, column, table } from './catalog.ts'
import { compile, referring, told } from './mapping-plan.ts'

const nullable = (name: string) => column(name, { not_null: false })
const linked = (name: string, ...to: string[]) =>
  referring(
    table(name, { columns: [column('id'), ...to.map((each) => nullable(`to_${each}`))] }),
    ...to.map((each) => ({ [`to_${each}`]: `${each}.id` })),
  )
const whole = { ids: 'uuid' }
const hexOf = (name: string) => entityNamespace('legacy', `public.${name}`).replaceAll('-', '')
const waits = (made: ReturnType<typeof compile>, name: string) =>
  made.find(name)?.waits_for.map((each) => Object.values(each).join(' '))

describe('a reference that comes late', () => {
  it('of a table to itself is computed unseen, and expected when it is seen', () => {
    const made = compile(whole, catalog([linked('a', 'a')]))
    expect(made.problems).toEqual([])
    const { select, expected, late, refusals, maps } = made.mapping('a')
    expect(late).toEqual([
      {
        column: 'to_a',
        parent: { schema: 'public', table: 'a' },
        parent_column: 'id',
        missing: 'reject',
        refusal: 1,
      },
    ])
    expect(refusals).toMatchObject([{ code: 'reference_missing', columns: ['to_a'] }])
    expect(select).not.toContain('id_map')
    expect(select).toContain('(null)::smallint as refused')
    expect(select.split(hexOf('a'))).toHaveLength(3)
    expect(expected).toContain('from migration.id_map m')
    expect(expected).toContain('then 1')
    expect(maps).toEqual(['public.a'])
    expect(waits(made, 'a')).toEqual(['settle public.a copied'])
  })

  it('closes a circle, and others wait until that is settled', () => {
    const made = compile(
      whole,
      catalog([linked('a', 'b'), linked('b', 'a'), linked('c', 'a', 'b')]),
    )
    expect(made.problems).toEqual([])
    expect(made.notes.map(({ code }) => code)).toEqual(['dependency_cycle'])
    const [first, second] = made.entities.map(({ entity_name }) => entity_name)
    const late = made.entities.filter(({ definition }) => definition.mapping?.late.length === 1)
    expect(late.map(({ entity_name }) => entity_name)).toEqual([first])
    // Both are settled, when the rows of both are in: what goes late takes rows of the other along.
    const settled = ['settle public.a copied', 'settle public.b copied']
    expect(waits(made, first!.slice(7))).toEqual(settled)
    expect(waits(made, second!.slice(7))).toEqual([`copy ${first} copied`, ...settled])
    expect(waits(made, 'c')).toEqual(['copy public.a completed', 'copy public.b completed'])
  })

  const circle = (toB: object, toA: object) => ({
    entities: [
      ['a', 'b', toB],
      ['b', 'a', toA],
    ].map(([from, to, more]) => ({
      source: `public.${from}`,
      id: { strategy: 'uuid' },
      columns: { x: { op: 'reference', to: `public.${to}`, of: `to_${to}`, ...(more as object) } },
    })),
  })
  const two = catalog([linked('a', 'b'), linked('b', 'a')])

  it('is one that can be null or skip, where there is a choice', () => {
    for (const missing of ['null', 'skip']) {
      for (const [toB, toA, weak] of [
        [{ missing }, {}, 'a'],
        [{}, { missing }, 'b'],
      ] as const) {
        const { mapping } = compile(circle(toB, toA), two)
        expect(mapping(weak).late).toMatchObject([{ missing, refusal: missing === 'null' ? 0 : 1 }])
        expect(mapping(weak === 'a' ? 'b' : 'a').late).toEqual([])
      }
    }
  })

  it('that becomes null holds up nobody', () => {
    const made = compile(circle({ missing: 'null' }, {}), two)
    expect(waits(made, 'b')).toEqual(['copy public.a copied'])
    const below = compile(
      { entities: [...circle({ missing: 'null' }, {}).entities, 'public.c'] },
      catalog([...two.tables, linked('c', 'a')]),
    )
    expect(waits(below, 'c')).toEqual(['copy public.a copied'])
  })

  it('is a whole column, and not one to rows that are looked up', () => {
    const nested = {
      entities: [
        {
          source: 'public.a',
          id: { strategy: 'uuid' },
          columns: {
            x: { op: 'coalesce', of: [{ op: 'reference', to: 'public.a', of: 'to_a' }] },
          },
        },
      ],
    }
    expect(told(compile(nested, catalog([linked('a', 'a')])).problems)).toEqual([
      'reference_late_nested entities[0].columns.x.of[0]',
    ])
    const own = { op: 'reference', to: 'public.a', of: 'to_a' }
    const lookup = {
      entities: [{ source: 'public.a', id: { strategy: 'lookup', by: { x: own } } }],
    }
    expect(told(compile(lookup, catalog([linked('a', 'a')])).problems)).toContain(
      'reference_late_lookup entities[0].id.by.x',
    )
  })

  it('comes before an order that the plan asks for', () => {
    const { entities } = circle({}, {})
    const asked = [{ ...entities[0], depends_on: ['public.b'] }, entities[1]!]
    const made = compile({ entities: asked }, two)
    expect(made.problems).toEqual([])
    expect(made.entities.map(({ entity_name }) => entity_name)).toEqual(['public.b', 'public.a'])
    expect(made.mapping('b').late).toHaveLength(1)
    const both = asked.map((each, at) => ({
      ...each,
      depends_on: [at === 0 ? 'public.b' : 'public.a'],
    }))
    expect(told(compile({ entities: both }, two).problems)).toEqual([
      'depends_on_circle entities[1].depends_on[0]',
    ])
  })

  it('leaves no entity waiting for one that waits for it', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const graph = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(graph, (edges) => {
        const tables = names.map((name) =>
          linked(name, ...new Set(edges.flatMap(([from, to]) => (from === name ? [to] : [])))),
        )
        const { entities, problems } = compile(whole, catalog(tables))
        expect(problems).toEqual([])
        const done = new Set<string>()
        const steps = entities.flatMap(({ entity_name, waits_for }) =>
          (['copied', 'completed'] as const).map((step) => ({
            step: `${entity_name} ${step}`,
            needs: [
              ...(step === 'completed' ? [`${entity_name} copied`] : []),
              ...waits_for
                .filter(({ kind }) => (kind === 'copy') === (step === 'copied'))
                .map((each) => `${each.entity_name} ${each.until}`),
            ],
          })),
        )
        for (let round = 0; round <= steps.length; round += 1) {
          for (const { step, needs } of steps)
            if (needs.every((each) => done.has(each))) done.add(step)
        }
        expect(done.size).toBe(steps.length)
      }),
    )
  })
})
