/** Foreign keys that become references, and look-ups. */
import { describe, expect, it } from 'vitest'
import { catalog, column, key, table } from './catalog.ts'
import { compile, referring, state, there, told } from './mapping-plan.ts'
import { hexOf, parent, plan, reference, source, uuid } from './referring-tables.ts'

describe('foreign keys', () => {
  it('become references where the parent gets new ids, and stay where it keeps its own', () => {
    const { mapping, find, problems } = compile({ ids: 'uuid' }, source)
    expect(problems).toEqual([])
    expect(mapping('c').maps).toEqual(['public.p'])
    expect(find('pair')?.definition.mapping).toBeUndefined()
    expect(find('c')?.definition.references).toMatchObject([
      { name: 'c_fkey_1', columns: ['b', 'a'], referenced_columns: ['b', 'a'] },
      { name: 'reference p', columns: ['p'], source_columns: ['p'] },
    ])
    const plain = compile({}, source)
    expect(plain.find('c')?.definition.references).toHaveLength(2)
  })

  it('map a child that asks for nothing itself', () => {
    const { mapping } = compile({ entities: [uuid('p'), 'public.c'] }, source)
    expect([mapping('c').strategy, mapping('c').identity, mapping('c').maps]).toEqual([
      'preserve',
      [0],
      ['public.p'],
    ])
  })

  it('that are keys hand the id on', () => {
    const extension = referring(table('e', { columns: [column('id')] }), { id: 'p.id' })
    const leaf = referring(table('l', { columns: [column('id'), column('e')] }), { e: 'e.id' })
    const { mapping, find, problems } = compile({ ids: 'uuid' }, catalog([leaf, extension, parent]))
    expect(problems).toEqual([])
    expect([mapping('e').strategy, mapping('e').id, mapping('e').identity]).toEqual([
      'preserve',
      null,
      [0],
    ])
    const { select, maps } = mapping('l')
    expect(maps).toEqual([])
    expect(select).toContain(hexOf('p'))
    expect(select).toContain('left join "public"."e" p1 on p1."id" =')
    expect(find('l')?.waits_for).toEqual([
      { kind: 'copy', entity_name: 'public.e', until: 'copied' },
    ])
    expect(find('l')?.shape?.at(-1)).toMatchObject({
      type: 'uuid',
      reference: { entity_name: 'public.e' },
    })
  })

  it('of several columns are followed one by one', () => {
    const junction = referring(
      table('j', { columns: [column('p'), column('n')], keys: [key('j_pkey', true, ['p', 'n'])] }),
      { p: 'p.id' },
    )
    const below = referring(table('b', { columns: [column('id'), column('jp'), column('jn')] }), {
      jp: 'j.p',
      jn: 'j.n',
    })
    const { mapping, find, problems } = compile({ ids: 'uuid' }, catalog([below, junction, parent]))
    expect(problems).toEqual([])
    expect(mapping('b').maps).toEqual(['public.p'])
    expect(find('b')?.shape?.map(({ type }) => type)).toEqual(['uuid', 'uuid', 'integer'])
    expect(find('b')?.definition.references?.map(({ name }) => name)).toEqual([
      'b_fkey_0',
      'reference jp',
    ])
  })

  it('of a key that a plan replaces are a problem', () => {
    const extension = referring(table('e', { columns: [column('id')] }), { id: 'p.id' })
    const { problems } = compile({ entities: [uuid('p'), uuid('e')] }, catalog([extension, parent]))
    expect(told(problems)).toEqual(['key_is_reference entities[1].id'])
  })
})

describe('a lookup', () => {
  const lookup = { source: 'public.p', id: { strategy: 'lookup', by: { code: 'code' } } }

  it('asks for one row of the target, and hands its id to references', () => {
    const has = state(there('p', { id: 'uuid', code: 'text' }))
    const { mapping, find, problems } = compile(plan(reference('p', 'p'), lookup), source, has)
    expect(problems).toEqual([])
    const { select, refusals, columns, id, identity } = mapping('p')
    expect([columns, id, identity]).toEqual([['code', 'id'], 1, [1]])
    expect(refusals.map(({ code }) => code)).toEqual(['lookup_missing', 'lookup_ambiguous'])
    expect(select).toContain('(t."code" = v.c0 or (t."code" is null and v.c0 is null))')
    expect(select).toContain('v.c0, l.id as c1')
    expect(mapping('c').expected).not.toContain(hexOf('p'))
    expect(find('c')?.waits_for).toHaveLength(1)
  })
})
