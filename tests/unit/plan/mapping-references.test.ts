/** References of a plan. */
import { describe, expect, it } from 'vitest'
import { catalog } from './catalog.ts'
import { compile, referring, state, there, told } from './mapping-plan.ts'
import { child, hexOf, pair, parent, plan, reference, source, uuid } from './referring-tables.ts'

describe('a reference', () => {
  it('to a parent with new ids is looked up, and computed anew to be compared', () => {
    const { mapping, find, problems } = compile(plan(reference('p', 'p'), uuid('p')), source)
    expect(problems).toEqual([])
    const { select, expected, maps, refusals, late } = mapping('c')
    expect([maps, late]).toEqual([['public.p'], []])
    const join = `left join lateral (select m.target_id from migration.id_map m
  where m.map_entity_id = ($1::integer[])[1] and m.source_key = s.s1::text limit 1) m1 on true`
    expect(select).toContain(join)
    expect(select).toContain('m1.target_id as c1')
    expect(select).toContain('when (s.s1 is not null and m1.target_id is null) then 1')
    expect(select).not.toContain(hexOf('p'))
    expect(expected).toContain(join)
    expect(expected).toContain(`(case when m1.target_id is not null then `)
    expect(expected).toContain(hexOf('p'))
    expect(refusals).toEqual([
      {
        code: 'reference_missing',
        kind: 'constraint_violation',
        rule: 'reference x',
        columns: ['x'],
      },
    ])
    expect(find('c')?.waits_for).toEqual([
      { kind: 'copy', entity_name: 'public.p', until: 'copied' },
    ])
    expect(find('c')?.definition.references?.at(-1)).toEqual({
      name: 'reference x',
      columns: ['x'],
      source_columns: ['p'],
      referenced: { schema: 'public', table: 'p' },
      referenced_columns: ['id'],
      match_full: false,
      validated: true,
    })
    expect(find('c')?.shape?.at(-1)).toEqual({
      target: 'x',
      type: 'uuid',
      type_oid: '0',
      from: null,
      reference: { entity_name: 'public.p', source_columns: ['p'] },
      is_id: false,
      not_null: false,
    })
  })

  it('of several columns follows the order of the parent’s key, whatever the plan’s is', () => {
    for (const of of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const { mapping, problems } = compile(plan(reference('pair', of), uuid('pair')), source)
      expect(problems).toEqual([])
      const [a, b] = of[0] === 'a' ? ['s1', 's2'] : ['s2', 's1']
      const places = new Map(
        compile(plan(reference('pair', of), uuid('pair')), source)
          .find('c')!
          .definition.columns.map((each) => [each.source, each.target]),
      )
      expect([places.get('a'), places.get('b')]).toEqual(expect.arrayContaining([a, b]))
      expect(mapping('c').select).toContain(
        `pg_catalog.jsonb_build_array(pg_catalog.format('%s', s.${places.get('a')}), pg_catalog.format('%s', s.${places.get('b')}))::text`,
      )
    }
  })

  it('to a parent that keeps its key is the value, where the parent is there', () => {
    const made = compile(plan(reference('p', 'p'), 'public.p'), source).mapping('c')
    expect(made.maps).toEqual([])
    expect(made.rows_table).toContain('c1 bigint)')
    const filled = state(
      there('p', { id: 'bigint', code: 'text' }),
      there('c', { id: 'uuid', x: 'bigint' }),
    )
    const { select } = compile(plan(reference('p', 'p'), 'public.p'), source, filled).mapping('c')
    expect(select).toContain('exists (select from "public"."p" p where p."id" = s.s1)')
  })

  it('can be null or leave the row out', () => {
    const missing = (how: string) =>
      compile(plan(reference('p', 'p', { missing: how }), uuid('p')), source).mapping('c')
    expect(missing('null').refusals).toEqual([])
    expect(missing('null').select).not.toContain('then 1')
    expect(missing('skip').refusals).toMatchObject([{ code: 'reference_missing', skips: true }])
  })

  it('of some rows only is required of none', () => {
    const has = state(there('c', { id: 'uuid', x: { type: 'uuid', not_null: true } }))
    const when = { column: 'b', is: '=', value: "it's" }
    const { mapping, find } = compile(plan(reference('p', 'a', { when }), uuid('p')), source, has)
    expect(mapping('c').select).toContain(`case when s.s2 = 'it''s'::text then s.s1 end`)
    expect(mapping('c').refusals.map(({ code }) => code)).toContain('required_missing')
    const made = compile(plan(reference('p', 'a', { when }), uuid('p')), source)
    expect(made.find('c')?.shape?.at(-1)?.not_null).toBe(false)
    expect(
      compile(plan(reference('p', 'a'), uuid('p')), source)
        .find('c')
        ?.shape?.at(-1)?.not_null,
    ).toBe(true)
    expect(find('c')?.waits_for).toHaveLength(1)
  })

  it('that is none is noted', () => {
    const noted = (columns: object) => {
      const entities = [uuid('p'), { source: 'public.c', id: { strategy: 'uuid' }, columns }]
      return told(compile({ entities }, source).notes)
    }
    expect(noted({ p: 'p' })).toEqual(['reference_not_translated entities[1].columns.p'])
    expect(noted({ p: reference('p', 'p'), legacy_p: 'p' })).toEqual([])
  })

  it('can be a part of something', () => {
    const json = { op: 'json_object', of: { op: reference('p', 'p') } }
    const { mapping, find } = compile(plan(json, uuid('p')), source)
    expect(mapping('c').refusals).toMatchObject([{ code: 'reference_missing', columns: ['x'] }])
    expect(find('c')?.shape?.at(-1)?.reference).toBeNull()
    expect(find('c')?.waits_for).toHaveLength(1)
  })

  it('counts before what a column requires, which counts where there is none', () => {
    const has = state(there('c', { id: 'uuid', x: { type: 'uuid', not_null: true } }))
    const { select, refusals } = compile(plan(reference('p', 'p'), uuid('p')), source, has).mapping(
      'c',
    )
    expect(refusals.map(({ code }) => code)).toEqual(['required_missing', 'reference_missing'])
    expect(select).toContain(
      'when v.c1 is null and not (s.s1 is not null and m1.target_id is null) then 1',
    )
  })

  it.each<[object, (string | object)[], string]>([
    [reference('z', 'p'), [uuid('p')], 'reference_entity_unknown entities[1].columns.x.to'],
    [reference('p', 'q'), [uuid('p')], 'column_unknown entities[1].columns.x.of'],
    [reference('p', ['p', 'a']), [uuid('p')], 'reference_not_key entities[1].columns.x.of'],
    [reference('p', 'b'), [uuid('p')], 'reference_type_differs entities[1].columns.x.of'],
    [
      reference('pair', ['a', 'b']),
      ['public.pair'],
      'reference_composite entities[1].columns.x.of',
    ],
    [
      reference('p', 'p'),
      [{ source: 'public.p', columns: ['code'] }],
      'reference_not_key entities[1].columns.x.to',
    ],
  ])('%j is refused', (expression, parents, problem) => {
    expect(told(compile(plan(expression, ...parents), source).problems)).toEqual([problem])
  })

  it('to a unique column is none to a key', () => {
    const other = { ...child, constraints: [] }
    const tables = [parent, pair, referring(other, { b: 'p.code' })]
    expect(told(compile(plan(reference('p', 'b'), uuid('p')), catalog(tables)).problems)).toEqual([
      'reference_not_key entities[1].columns.x.of',
    ])
  })
})
