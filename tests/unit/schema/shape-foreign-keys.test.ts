import { describe, expect, it } from 'vitest'
import { column, index, key, table } from '../plan/catalog.ts'
import {
  codes,
  entity,
  foreignKey,
  keyed,
  plan,
  primary,
  reference,
  shaped,
  statements,
  text,
  uuidKey,
  varying,
  withKeys,
} from './shapes.ts'

describe('foreign keys of a shaped table', () => {
  const node = (name: string, ...links: (readonly [string, string])[]) =>
    table(name, {
      columns: [column('id'), ...links.map(([own]) => column(own, { not_null: false }))],
      constraints: [
        ...table(name).constraints,
        ...links.map(([own, to]) => foreignKey(`${name}_${own}`, [own], to)),
      ],
    })

  it('follow a cycle and a reference to the table itself', () => {
    const a = node('a', ['b', 'b'], ['up', 'a'])
    const b = node('b', ['a', 'a'])
    const entities = [
      entity(a, [uuidKey(), reference('b_id', 'b', 'b'), reference('up_id', 'a', 'up')]),
      entity(b, [uuidKey('key'), reference('a', 'a', 'a')]),
    ]
    const sql = statements([a, b], entities)
    expect(sql).toContain('"a_b" foreign key ("b_id") references "public"."b" ("key")')
    expect(sql).toContain('"a_up" foreign key ("up_id") references "public"."a" ("id")')
    expect(sql).toContain('"b_a" foreign key ("a") references "public"."a" ("id")')
  })

  it('are left out where one end keeps a number and the other has become a UUID', () => {
    const a = table('a')
    const b = node('b', ['a', 'a'])
    const { steps, notes } = plan([a, b], [entity(a, [uuidKey()]), entity(b)])
    expect([...steps.values()].flat().map(({ kind }) => kind)).toEqual(['analyze', 'analyze'])
    expect(notes.map(({ code, path }) => [code, path])).toContainEqual([
      'constraint_left_out',
      'public.b',
    ])
  })

  it('are left out where the two hold something else or in another type', () => {
    const a = table('a')
    const b = node('b', ['a', 'a'])
    const cast = shaped('id', { from: null, type_oid: '0', is_id: true })
    const computed = plan([a, b], [entity(a, [cast], { strategy: 'preserve' }), entity(b)])
    const wrong = { ...reference('a', 'a', 'a'), type: 'text' }
    const other = plan([a, b], [entity(a, [uuidKey()]), entity(b, [uuidKey(), wrong])])
    for (const { steps, notes } of [computed, other]) {
      expect(JSON.stringify([...steps])).not.toContain('b_a')
      expect(codes(notes)).toEqual(['constraint_left_out'])
    }
  })

  it('compare numbers of two widths, as the source does', () => {
    const big = { type: 'bigint', type_oid: '20' }
    const a = table('a', { columns: [column('id', big)] })
    const b = node('b', ['a', 'a'])
    const kept = entity(a, [shaped('no', { ...big, from: 'id' })], { strategy: 'preserve' })
    expect(statements([a, b], [kept, entity(b)])).toContain('references "public"."a" ("no")')
  })

  it('point at a key that is preserved, copied or cast', () => {
    const a = table('a')
    const b = node('b', ['a', 'a'])
    const kept = entity(a, [shaped('no', { from: 'id', is_id: true })], { strategy: 'preserve' })
    expect(statements([a, b], [kept, entity(b)])).toContain(
      'foreign key ("a") references "public"."a" ("no")',
    )
    const big = { type: 'bigint', type_oid: '0', from: null }
    const cast = entity(a, [shaped('no', { ...big, is_id: true })], { strategy: 'preserve' })
    const child = [uuidKey(), { ...reference('a', 'a', 'a'), ...big }]
    expect(statements([a, b], [cast, entity(b, child)])).toContain(
      'foreign key ("a") references "public"."a" ("no")',
    )
  })

  it('of several columns become one, or pairs of columns that hold the same', () => {
    const t = table('t')
    const p = table('p', {
      columns: [column('tenant'), column('no'), varying('code')],
      ...withKeys([primary('p', 'tenant', 'no'), keyed('p_code', 'u', ['tenant', 'code'])]),
      keys: [key('p_pkey', true, ['tenant', 'no'])],
    })
    const c = table('c', {
      columns: [column('id'), column('tenant'), column('no'), varying('code')],
      constraints: [
        ...table('c').constraints,
        foreignKey('whole', ['no', 'tenant'], 'p', ['no', 'tenant']),
        foreignKey('pairs', ['tenant', 'code'], 'p', ['tenant', 'code']),
      ],
    })
    const tenant = reference('tenant_id', 't', 'tenant')
    const entities = [
      entity(t, [uuidKey()]),
      entity(p, [uuidKey(), tenant, shaped('code', text)]),
      entity(c, [
        uuidKey(),
        tenant,
        reference('p_id', 'p', 'tenant', 'no'),
        shaped('sign', { ...text, from: 'code' }),
      ]),
    ]
    const sql = statements([t, p, c], entities)
    expect(sql).toContain('"whole" foreign key ("p_id") references "public"."p" ("id")')
    expect(sql).toContain(
      '"pairs" foreign key ("tenant_id", "sign") references "public"."p" ("tenant_id", "code")',
    )
  })

  it('are left out where the key that they point at did not come along', () => {
    const p = table('p', {
      columns: [column('id'), varying('code')],
      ...withKeys([primary('p', 'id'), keyed('p_code', 'u', ['code'])]),
    })
    const c = table('c', {
      columns: [column('id'), varying('code')],
      constraints: [...table('c').constraints, foreignKey('by_code', ['code'], 'p', ['code'])],
    })
    const child = entity(c)
    const there = plan([p, c], [entity(p, [uuidKey(), shaped('code', text)]), child])
    expect(JSON.stringify([...there.steps])).toContain('by_code')
    const parent = [uuidKey(), shaped('code', { ...text, type_oid: '0', from: null })]
    const gone = plan([p, c], [entity(p, parent), child])
    expect(JSON.stringify([...gone.steps])).not.toContain('by_code')
    const some = index('p_code', ['code'], { unique: true, predicate: '(id > 0)' })
    const partial = { ...p, indexes: [p.indexes[0]!, some] }
    const kept = [shaped('id'), shaped('code', text)]
    expect(JSON.stringify([...plan([partial, c], [entity(p, kept), child]).steps])).not.toContain(
      'by_code',
    )
    expect(gone.notes.map(({ message }) => message).join()).toContain('by_code')
  })
})
