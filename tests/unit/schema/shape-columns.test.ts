import { describe, expect, it } from 'vitest'
import { planTarget } from '../../../shared/schema/target-plan.ts'
import { catalog, column, index, table } from '../plan/catalog.ts'
import {
  codes,
  emptyTarget,
  entity,
  plan,
  primary,
  said,
  sequence,
  shaped,
  statements,
  text,
  uuidKey,
  varying,
  withKeys,
} from './shapes.ts'

describe('columns of a shaped table', () => {
  it('are renamed, retyped, computed and dropped; a replaced key has nothing that counts', () => {
    const nextval = said(`nextval('public.a_id_seq'::regclass)`)
    const uses = [
      { kind: 'sequence', oid: 'a_id_seq', schema: 'public', name: 'a_id_seq' } as const,
    ].map((each) => ({ ...each, printed: 'public.a_id_seq', extension: null }))
    const a = table('a', {
      columns: [
        column('id', { expression: { ...nextval, uses } }),
        varying('name', { expression: said(`'x'::text`), collation: null, storage: 'e' }),
        varying('gone'),
        column('no', { identity: 'a', not_null: true }),
      ],
      ...withKeys([primary('a', 'id')]),
    })
    const shape = [
      uuidKey(),
      shaped('legacy_id', { from: 'id' }),
      shaped('title', { ...text, from: 'name' }),
      shaped('size', { type: 'numeric(9,2)', type_oid: '0', from: null }),
      shaped('sure', { type: 'date', type_oid: '0', from: null, not_null: true }),
      shaped('number', { from: 'no' }),
      shaped('again', { from: 'no' }),
    ]
    const sequences = [sequence('a_id_seq', 'id', false), sequence('a_no_seq', 'no', true)]
    const sql = statements([a], [entity(a, shape)], {}, sequences)
    expect(sql.split('\n').slice(0, 10).join('\n')).toBe(`create table "public"."a" (
  "id" uuid not null,
  "legacy_id" integer not null,
  "title" text default 'x'::text not null,
  "size" numeric(9,2),
  "sure" date not null,
  "number" integer generated always as identity (sequence name "public"."a_no_seq" start with 1 increment by 1 minvalue 1 maxvalue 2147483647 cache 1) not null,
  "again" integer not null,
  constraint "a_pkey" primary key ("id")
);`)
    expect(sql).toContain('alter column "title" set storage external')
    expect(sql).toContain('max("number")')
    expect(sql).not.toContain('a_id_seq')
  })

  it('that are computed of others go on being computed, where these are straight', () => {
    const generated = (name: string, expression: string, ...of: string[]) =>
      column(name, { generated: 's', expression: said(expression, ...of, name) })
    const a = table('a', {
      columns: [
        column('id'),
        column('n'),
        generated('twice', '(n * 2)', 'n'),
        generated('odd', '(id % 2)', 'id'),
      ],
      indexes: [...table('a').indexes, index('a_odd', ['odd']), index('a_twice', ['twice'])],
    })
    const shape = [
      uuidKey(),
      shaped('amount', { from: 'n' }),
      shaped('twice', { is_generated: true }),
      shaped('odd', { is_generated: true }),
    ]
    const { ddl, notes } = plan([a], [entity(a, shape)])
    expect(ddl[0]).toContain('"twice" integer generated always as (("amount" * 2)) stored')
    expect(ddl.join()).not.toContain('odd')
    expect(ddl.join()).toContain('"a_twice" on "public"."a" using "btree" ("twice")')
    expect(codes(notes)).toEqual(['generated_left_out', 'index_left_out'])
  })

  it('keep the type of a user where a reference has it', () => {
    const code = {
      oid: '77',
      schema: 'public',
      name: 'code',
      qualified: 'public.code',
      extension: null,
      kind: 'enum',
      labels: ['x'],
    } as const
    const a = table('a')
    const shape = [uuidKey(), shaped('c', { type: 'public.code[]', type_oid: '0', from: null })]
    const source = { ...catalog([a]), types: [code] }
    const { ddl } = planTarget([entity(a, shape)], source, { public: 'clinic' }, emptyTarget)
    expect(ddl.join('\n')).toContain('"c" "clinic"."code"[]')
  })
})
