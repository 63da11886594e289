import { describe, expect, it } from 'vitest'
import { compilePlan } from '../../../shared/plan/compile.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import { planTarget } from '../../../shared/schema/target-plan.ts'
import type { TargetState } from '../../../shared/schema/target-state.ts'
import type { Catalog, CatalogType } from '../../../shared/source/catalog-rows.ts'
import type { CatalogUse } from '../../../shared/source/catalog-rows-attached.ts'
import { catalog, column, constraint, index, table } from '../plan/catalog.ts'

const empty: TargetState = {
  api_roles: ['anon', 'authenticated'],
  may_create_schemas: true,
  schemas: [{ name: 'public', writable: true }],
  tables: [],
  relations: [],
  types: [],
  extensions: [],
  available: [{ name: 'citext', schema: null }],
  collations: [],
  unknown_types: [],
  filled: [],
}
const base = { schema: 'public', extension: null }
const mood: CatalogType = {
  ...base,
  oid: '1',
  name: 'mood',
  qualified: 'public.mood',
  kind: 'enum',
  labels: ["a'", 'b'],
}
const citext: CatalogType = {
  ...base,
  oid: '2',
  name: 'citext',
  qualified: 'public.citext',
  kind: 'base',
  extension: 'citext',
}
const native: CatalogType = {
  ...base,
  oid: '3',
  name: 'native',
  qualified: 'public.native',
  kind: 'base',
}

function target(source: Catalog, state: Partial<TargetState> = {}, more: object = {}) {
  const json = { version: 1, name: 'x', source: { secret: 'S' }, entities: '*', ...more }
  const { plan } = parsePlan(json)
  if (plan === undefined) throw new Error('the plan of the test is invalid')
  const { entities } = compilePlan(plan, source)
  return planTarget(entities, source, plan.rename.schemas, { ...empty, ...state })
}

const typed = (type: string, type_oid: string) =>
  table('t', { columns: [column('id'), column('x', { type, type_oid })] })

describe('planTarget', () => {
  it('creates the schema, then the type, then the closed table', () => {
    const source = { ...catalog([typed('public.mood[]', '1')]), types: [mood] }
    expect(target(source, {}, { rename: { schemas: { public: 'clinic' } } }).ddl).toEqual([
      'create schema if not exists "clinic"',
      `create type "clinic"."mood" as enum ('a''', 'b')`,
      `create table "clinic"."t" (
  "id" integer not null,
  "x" "clinic"."mood"[] not null,
  constraint "t_pkey" primary key ("id")
);
alter table "clinic"."t" enable row level security`,
      'revoke all on table "clinic"."t" from public, "anon", "authenticated"',
    ])
  })

  it('uses an extension where the target has it, or creates it', () => {
    const source = { ...catalog([typed('public.citext', '2')]), types: [citext] }
    const there = target(source, { extensions: [{ name: 'citext', schema: 'extensions' }] })
    expect(there.ddl.join()).toContain('"x" "extensions"."citext"')
    const schemas = [...empty.schemas, { name: 'extensions', writable: false }]
    const made = target(source, { schemas })
    expect(made.problems).toEqual([])
    expect(made.ddl[0]).toBe(
      'create extension if not exists "citext" with schema "extensions" cascade',
    )
    const { problems } = target(source, { available: [] })
    expect(problems.map(({ code }) => code)).toEqual(['extension_missing'])
  })

  it('refuses types that cannot be had, with the entity that needs them', () => {
    const source = { ...catalog([table('a'), typed('public.native', '3')]), types: [native] }
    const { problems } = target(source, {}, { entities: ['public.a', 'public.t'] })
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ['type_unsupported', 'entities[1]'],
    ])
    const gone = target(catalog([typed('abstime', '702')]), { unknown_types: ['abstime'] })
    expect(gone.problems.map(({ code }) => code)).toEqual(['type_unsupported'])
  })

  it('refuses an enum that lacks labels, and a schema it may not write into', () => {
    const source = { ...catalog([typed('public.mood', '1')]), types: [mood] }
    const types = [{ schema: 'public', name: 'mood', kind: 'e', labels: ['b'] }]
    const schemas = [{ name: 'public', writable: false }]
    const { problems } = target(source, { types, schemas })
    expect(problems.map(({ code }) => code).sort()).toEqual([
      'target_schema_not_writable',
      'target_type_differs',
    ])
  })

  it('keeps defaults that mean the same, and leaves out what calls functions of users', () => {
    const said = (text: string, uses: readonly CatalogUse[] = []) => ({ text, uses, columns: [] })
    const own = {
      kind: 'function',
      oid: '9',
      schema: 'public',
      name: 'own',
      printed: null,
      extension: null,
    } as const
    const columns = [
      column('id', { expression: said(`nextval('gone'::text::regclass)`) }),
      column('n', { expression: said('0') }),
      column('f', { expression: said('public.own()', [own]) }),
      column('auto', { identity: 'a' }),
      column('g', { generated: 's', expression: said('(n * 2)') }),
    ]
    const { ddl, notes } = target(catalog([table('a', { columns })]))
    expect(ddl[0]).toContain(`"id" integer not null,
  "n" integer default 0 not null,
  "f" integer not null,
  "auto" integer generated always as identity not null,
  "g" integer generated always as ((n * 2)) stored not null`)
    expect(notes.map(({ code }) => code)).toEqual(['default_left_out', 'default_left_out'])
  })

  it('refuses a name that is taken, in the target or by another table', () => {
    const taken = target(catalog([table('a')]), { relations: [['public', 'a_pkey']] })
    expect(taken.problems.map(({ code, path }) => [code, path])).toEqual([
      ['name_taken', 'entities'],
    ])
    const other = table('b', {
      schema: 'other',
      constraints: [constraint('a_pkey', 'p', { columns: ['id'] })],
      indexes: [index('a_pkey', ['id'], { unique: true, constraint: 'a_pkey' })],
    })
    const merged = target(
      catalog([table('a'), other]),
      {},
      {
        source: { secret: 'S', schemas: ['public', 'other'] },
        rename: { schemas: { other: 'public' } },
      },
    )
    expect(merged.problems.map(({ code }) => code)).toEqual(['name_taken'])
  })

  it('refuses an enum whose labels stand in another order', () => {
    const source = { ...catalog([typed('public.mood', '1')]), types: [mood] }
    const labels = (list: string[]) => [{ schema: 'public', name: 'mood', kind: 'e', labels: list }]
    const turned = target(source, { types: labels(['b', "a'"]) })
    expect(turned.problems.map(({ code }) => code)).toEqual(['target_type_differs'])
    expect(target(source, { types: labels(["a'", 'new', 'b']) }).problems).toEqual([])
  })

  it('builds keys of a large table as indexes first, and validates what the source has validated', () => {
    const large = { statistics: { rows: 1e6, pages: 1000, bytes: 8_192_000 } }
    const key = (name: string, validated: boolean) =>
      constraint(name, 'f', {
        columns: ['id'],
        validated,
        reference: {
          schema: 'public',
          table: 'a',
          columns: ['id'],
          match_full: true,
          on_update: 'a',
          on_delete: 'n',
          set_columns: ['id'],
        },
      })
    const from = table('b', { ...large })
    const constraints = [...from.constraints, key('valid', true), key('loose', false)]
    const { ddl, steps } = target(catalog([table('a', large), { ...from, constraints }]))
    expect(ddl.join()).not.toContain('primary key')
    expect(steps.get('public.b')).toEqual([
      {
        kind: 'index',
        stage: 1,
        object_name: 'b_pkey',
        statement: 'create unique index "b_pkey" on "public"."b" using "btree" ("id")',
      },
      {
        kind: 'primary_key',
        stage: 2,
        object_name: 'b_pkey',
        statement:
          'alter table "public"."b" add constraint "b_pkey" primary key using index "b_pkey"',
      },
      ...['valid', 'loose'].flatMap((name) => [
        {
          kind: 'foreign_key',
          stage: 4,
          object_name: name,
          references: 'public.a',
          statement: `alter table "public"."b" add constraint "${name}" foreign key ("id") references "public"."a" ("id") match full on delete set null ("id") not valid`,
        },
        ...(name === 'loose'
          ? []
          : [
              {
                kind: 'validate',
                stage: 5,
                object_name: name,
                references: 'public.a',
                statement: `alter table "public"."b" validate constraint "${name}"`,
              },
            ]),
      ]),
      { kind: 'analyze', stage: 3, object_name: 'b', statement: 'analyze "public"."b"' },
    ])
  })
})
