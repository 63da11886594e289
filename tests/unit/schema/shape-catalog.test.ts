import { describe, expect, it } from 'vitest'
import { shapeCatalog } from '../../../shared/schema/shape-catalog.ts'
import { planTarget } from '../../../shared/schema/target-plan.ts'
import type { TargetState } from '../../../shared/schema/target-state.ts'
import { catalog, column, constraint, key, table } from '../plan/catalog.ts'
import {
  codes,
  emptyTarget,
  entity,
  foreignKey,
  plan,
  primary,
  reference,
  said,
  sequence,
  shaped,
  statements,
  text,
  uuid,
  uuidKey,
  withKeys,
} from './shapes.ts'

describe('partitioned and inheriting tables', () => {
  const parted = (text: string) =>
    table('m', {
      kind: 'p',
      partitioned: true,
      columns: [column('id'), column('day')],
      partition_key: said(text),
      ...withKeys([primary('m', 'id', 'day')]),
      keys: [key('m_pkey', true, ['id', 'day'])],
    })
  const part = {
    ...parted('RANGE (day)'),
    name: 'm_1',
    kind: 'r',
    partitioned: false,
    partition_key: null,
    ...withKeys([primary('m_1', 'id', 'day')]),
    partition: {
      schema: 'public',
      table: 'm',
      root_schema: 'public',
      root_table: 'm',
      depth: 1,
      bound: 'FOR VALUES FROM (1) TO (9)',
    },
  }
  const made = (shape: Parameters<typeof entity>[1], mapping = {}) => {
    const m = parted('RANGE (day)')
    const source = { ...catalog([m]), partitions: [part] }
    return planTarget([entity(m, shape, mapping)], source, {}, emptyTarget)
  }

  it('stay divided by a column that is straight under any name', () => {
    const shape = [shaped('id'), shaped('date', { from: 'day' })]
    const { ddl, problems } = made(shape, { strategy: 'preserve' })
    expect(problems).toEqual([])
    expect(ddl.join('\n')).toContain('partition by RANGE ("date")')
    expect(ddl.join('\n')).toContain('attach partition "public"."m_1"')
  })

  it.each([
    ['its key becomes one id', [uuidKey(), shaped('day')]],
    ['the column that divides it is computed', [shaped('id'), shaped('day', { ...uuid })]],
  ])('become ordinary ones where %s', (_, shape) => {
    const { ddl, notes, problems } = made(shape)
    expect(problems).toEqual([])
    expect(ddl.join('\n')).not.toContain('partition')
    expect(codes(notes)).toContain('partitions_left_out')
  })

  it('inherit only where parent and child have the same columns', () => {
    const parent = table('parent')
    const child = table('child', {
      ...parent,
      name: 'child',
      inherits: [{ schema: 'public', table: 'parent' }],
      constraints: [],
      indexes: [],
    })
    const same = [shaped('id'), shaped('name', text)]
    const both = plan([parent, child], [entity(parent, same), entity(child, same)])
    expect(JSON.stringify([...both.steps])).toContain('inherit \\"public\\".\\"parent\\"')
    const one = plan([parent, child], [entity(parent), entity(child, [uuidKey(), same[1]!])])
    expect(JSON.stringify([...one.steps])).not.toContain('inherit')
    expect(codes(one.notes)).toEqual(['inheritance_left_out'])
    const loose = [shaped('id', { not_null: false }), same[1]!]
    const nullable = plan([parent, child], [entity(parent, same), entity(child, loose)])
    expect(codes(nullable.notes)).toEqual(['inheritance_left_out'])
    const check = constraint('named', 'c', {
      columns: ['name'],
      expression: said(`(name <> ''::text)`, 'name'),
    })
    const strict = { ...parent, constraints: [...parent.constraints, check] }
    const checked = { ...child, constraints: [{ ...check, inherited: true }] }
    const computed = [same[0]!, shaped('name', { ...text, from: null, not_null: true })]
    const apart = plan([strict, checked], [entity(strict, same), entity(checked, computed)])
    expect(codes(apart.notes).sort()).toEqual(['constraint_left_out', 'inheritance_left_out'])
  })
})

describe('a mapped table that the target has', () => {
  const a = table('a', { columns: [column('id'), column('n')] })
  const element = { schema: 'pg_catalog', name: 'uuid', text: 'uuid' }
  const there = (kind: string, insertable = true) => ({
    schema: 'public',
    table: 'a',
    kind,
    insertable,
    columns: [
      {
        name: 'id',
        type: 'uuid',
        element,
        generated: false,
        required: true,
        not_null: true,
        base: null,
      },
    ],
  })
  const check = (
    state: Partial<TargetState>,
    mapping: Parameters<typeof entity>[2] = {},
    shape = [uuidKey()],
  ) => plan([a], [entity(a, shape, mapping)], state)

  it('keeps what it has, whatever its types', () => {
    const { ddl, steps, problems, design } = check({ tables: [there('r')] })
    expect([ddl, problems]).toEqual([[], []])
    expect(JSON.stringify([...steps])).toContain('analyze')
    expect(design.tables.map(({ isNew }) => isNew)).toEqual([false])
  })

  it('has to be a table that rows may come into', () => {
    expect(codes(check({ tables: [there('v')] }).problems)).toEqual(['target_not_table'])
    const closed = { tables: [there('r', false)] }
    expect(codes(check(closed).problems)).toEqual(['target_privilege'])
    expect(check(closed, { strategy: 'lookup' }).problems).toEqual([])
  })

  it('has to be empty unless the plan says what becomes of its rows', () => {
    const state: Partial<TargetState> = { tables: [there('p')], filled: [['public', 'a']] }
    expect(codes(check(state).problems)).toEqual(['target_not_empty'])
    for (const mapping of [
      { conflict: 'update' },
      { conflict: 'ignore' },
      { strategy: 'lookup' },
    ] as const) {
      expect(check(state, mapping).problems).toEqual([])
    }
  })

  it('is pointed at by what it is called there', () => {
    const b = table('b', {
      columns: [column('id'), column('a')],
      constraints: [...table('b').constraints, foreignKey('b_a', ['a'], 'a')],
    })
    const entities = [entity(a, [uuidKey('key')]), entity(b, [uuidKey(), reference('a', 'a', 'a')])]
    const columns = [{ ...there('r').columns[0]!, name: 'key' }]
    // Whatever keys the source has: those of the target are its own.
    const bare = { ...a, constraints: [], indexes: [] }
    expect(statements([bare, b], entities, { tables: [{ ...there('r'), columns }] })).toContain(
      'foreign key ("a") references "public"."a" ("key")',
    )
  })

  it('goes on counting where it keeps a number, and is not asked for one where it holds text', () => {
    const sequences = [sequence('a_n_seq', 'n', true)]
    const source = { ...a, columns: [column('id'), column('n', { identity: 'd' as const })] }
    const position = (type: string) => {
      const column = {
        name: 'n',
        type,
        element,
        generated: false,
        required: false,
        not_null: false,
        base: null,
      }
      const tables = [{ ...there('r'), columns: [column] }]
      const { steps } = plan([source], [entity(source, [shaped('n')])], { tables }, sequences)
      return JSON.stringify([...steps])
    }
    expect(position('bigint')).toContain('max(')
    expect(position('text')).not.toContain('max(')
  })
})

describe('shapeCatalog', () => {
  it('gives back what it got where nothing is mapped', () => {
    const source = catalog([table('a')])
    const entities = [entity(source.tables[0]!)]
    const shaped = shapeCatalog(entities, source)
    expect(shaped.catalog).toBe(source)
    expect(shaped.entities).toBe(entities)
  })

  it('names the columns of the table that it made, and finds it under the source', () => {
    const a = table('a')
    const { catalog: made, entities } = shapeCatalog(
      [entity(a, [uuidKey('key'), shaped('title', { ...text, from: 'name' })])],
      catalog([a]),
    )
    expect(entities[0]?.definition.columns).toEqual([{ source: 'key' }, { source: 'title' }])
    const { schema, table: name } = entities[0]!.definition.source
    const found = made.tables.find((each) => each.schema === schema && each.name === name)
    expect(found?.columns.map((each) => each.name)).toEqual(['key', 'title'])
  })
})
