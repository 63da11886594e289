import { describe, expect, it } from 'vitest'
import { shapeCatalog } from '../../../shared/schema/shape-catalog.ts'
import { catalog, column, constraint, index, key, table } from '../plan/catalog.ts'
import {
  codes,
  entity,
  keyed,
  plan,
  primary,
  reference,
  said,
  shaped,
  text,
  uuidKey,
  varying,
  withKeys,
} from './shapes.ts'

describe('keys of a shaped table', () => {
  const composite = table('c', {
    columns: [column('tenant'), column('no'), varying('code'), varying('state')],
    ...withKeys([
      primary('c', 'tenant', 'no'),
      keyed('c_code', 'u', ['tenant', 'code']),
      keyed('c_state', 'u', ['state']),
    ]),
    keys: [key('c_pkey', true, ['tenant', 'no'])],
  })

  it('become the id where they were of several columns, and are renamed where they are straight', () => {
    const shape = [
      uuidKey(),
      shaped('clinic', { from: 'tenant' }),
      shaped('code', text),
      shaped('state', { ...text, from: null, type_oid: '0' }),
    ]
    const { ddl, notes } = plan([composite], [entity(composite, shape)])
    expect(ddl[0]).toContain('constraint "c_pkey" primary key ("id")')
    expect(ddl[0]).toContain('constraint "c_code" unique ("clinic", "code")')
    expect(ddl.join()).not.toContain('c_state')
    expect(codes(notes)).toEqual(['constraint_left_out'])
    expect(notes[0]?.message).toContain('c_state')
  })

  it('are on the id where the columns came along as well, and another one on these', () => {
    const parts = keyed('c_pair', 'u', ['tenant', 'code'])
    const both = { ...composite, ...withKeys([primary('c', 'tenant', 'no'), parts]) }
    const shape = [
      uuidKey(),
      shaped('tenant'),
      shaped('no'),
      shaped('code', text),
      reference('joint', 't', 'tenant', 'code'),
    ]
    const { ddl } = plan([both], [entity(both, shape)])
    expect(ddl[0]).toContain('primary key ("id")')
    expect(ddl[0]).toContain('unique ("tenant", "code")')
  })

  it('hold a reference for the columns that it was made of', () => {
    const t = table('t')
    const tenant = [uuidKey(), shaped('name', text)]
    const shape = [reference('tenant_id', 't', 'tenant'), shaped('no'), shaped('code', text)]
    const entities = [entity(t, tenant), entity(composite, shape, { strategy: 'preserve' })]
    const { ddl } = plan([t, composite], entities)
    expect(ddl[1]).toContain('"tenant_id" uuid not null')
    expect(ddl[1]).toContain('primary key ("tenant_id", "no")')
    expect(ddl[1]).toContain('unique ("tenant_id", "code")')
  })

  it('are left out where nulls that were told apart would be the same', () => {
    const same = index('c_same', ['tenant', 'no'], { unique: true, nulls_not_distinct: true })
    const apart = index('c_apart', ['tenant', 'no'], { unique: true })
    const both = { ...composite, indexes: [same, apart], constraints: [] }
    const shape = [shaped('code', text), reference('joint', 't', 'tenant', 'no')]
    const { ddl, notes } = plan([both], [entity(both, shape)])
    expect(ddl.join()).toContain('unique index "c_apart" on "public"."c" using "btree" ("joint")')
    expect(ddl.join()).not.toContain('c_same')
    expect(codes(notes)).toEqual(['index_left_out'])
  })
})

describe('indexes and checks of a shaped table', () => {
  const each = (column: string, more = {}) => ({ ...index('', [column]).keys[0]!, ...more })
  const member = { schema: 'pg_catalog', name: 'int4_minmax', extension: null, user: false }
  const a = table('a', {
    columns: [column('id'), varying('name'), column('b')],
    constraints: [
      ...table('a').constraints,
      constraint('positive', 'c', { columns: ['b'], expression: said('(b > 0)', 'b') }),
      constraint('apart', 'x', { columns: ['id'], operators: [{ ...member, name: '=' }] }),
      constraint('lost', 'c', { columns: ['id', 'b'], expression: said('(id > b)', 'id', 'b') }),
    ],
    indexes: [
      ...table('a').indexes,
      index('ordered', [], {
        keys: [
          each('id', { operator_class: { ...member, options: [] }, descending: true }),
          each('b'),
        ],
        include: ['name'],
        columns: ['id', 'b'],
      }),
      index('partial', ['b'], { predicate: `(name <> ''::text)`, columns: ['b', 'name'] }),
      index('partial_lost', ['b'], { predicate: '(id > 5)', columns: ['b', 'id'] }),
      index('lower', [], {
        keys: [{ ...each('b'), column: null, text: 'lower(name)' }],
        columns: ['name'],
        clustered: true,
      }),
      index('gist', ['id'], { method: 'gist', clustered: true, replica_identity: true }),
      index('apart', ['id'], { constraint: 'apart' }),
    ],
    replica_identity: 'i',
  })
  const shape = [uuidKey(), shaped('title', { ...text, from: 'name' }), shaped('b', { from: 'b' })]

  it('take the new names, and are left out where they need what is not there', () => {
    const { ddl, notes, steps } = plan([a], [entity(a, shape)])
    const sql = ddl.join('\n')
    expect(sql).toContain('constraint "positive" check ((b > 0))')
    expect(sql).toContain(
      'index "ordered" on "public"."a" using "btree" ("id" desc nulls last, "b") include ("title")',
    )
    expect(sql).toContain(`index "partial" on "public"."a" using "btree" ("b") where ("title" <>`)
    expect(sql).toContain('index "lower" on "public"."a" using "btree" (lower("title"))')
    for (const name of ['lost', 'partial_lost', 'gist', 'apart'])
      expect(sql).not.toContain(`"${name}"`)
    expect(notes.map(({ code, message }) => `${code} ${message.split(' ')[2]}`).sort()).toEqual([
      'constraint_left_out apart',
      'constraint_left_out lost',
      'index_left_out gist',
      'index_left_out partial_lost',
    ])
    const { catalog: made } = shapeCatalog([entity(a, shape)], catalog([a]))
    expect(made.tables[0]?.replica_identity).toBe('d')
    const settings = [...steps.values()].flat().filter(({ kind }) => kind === 'setting')
    expect(settings.map(({ statement }) => statement)).toEqual([
      'alter table "public"."a" cluster on "lower"',
    ])
  })
})
