/** Which mapped entities are loaded directly: those for which nothing is left to decide in the target. */
import { describe, expect, it } from 'vitest'
import { directMap, directRows } from '../../../shared/projection/direct-rows.ts'
import { copyInStatement, copyOutStatement } from '../../../shared/projection/select.ts'
import type { CatalogTable } from '../../../shared/source/catalog-rows.ts'
import { catalog, column, key, table } from './catalog.ts'
import { everything, types } from './mapped-table.ts'
import { compile, referring, state, there } from './mapping-plan.ts'
import { hexOf, reference, text, uuid } from './referring-tables.ts'

const parent = table('p', { columns: [column('id'), column('code', text)] })
const optional = { type: 'bigint', type_oid: '20', not_null: false }
const child = referring(table('c', { columns: [column('id'), column('p', optional)] }), {
  p: 'p.id',
})

/** Names of what goes directly. */
function direct(more: object, tables: readonly CatalogTable[], target = state()): string[] {
  const { entities, problems } = compile(more, { ...catalog(tables), types }, target)
  expect(problems).toEqual([])
  return entities
    .filter(({ definition }) => definition.direct)
    .map(({ entity_name }) => entity_name.slice(7))
}
const both = ['p', 'c']
const asUuids = { ids: 'uuid' }

describe('an entity that leaves nothing to decide', () => {
  it('goes directly, and its map along with it', () => {
    const { find } = compile(asUuids, catalog([child, parent]), state())
    const { definition } = find('c')!
    const rows = directRows(definition, definition.direct!)
    const named = (name: string, of: string) =>
      `pg_catalog.md5('\\x${hexOf(name)}'::pg_catalog.bytea || pg_catalog.textsend("${of}"::text))`
    expect(copyInStatement(rows)).toBe('copy "public"."c" ("id", "p") from stdin (format binary)')
    expect(copyOutStatement(rows, everything)).toContain(named('c', 'id'))
    expect(copyOutStatement(rows, everything)).toContain(named('p', 'p'))
    const entries = directMap(definition, definition.direct!.map!, { map_entity_id: 7, load_id: 9 })
    expect(copyInStatement(entries)).toBe(
      'copy "migration"."id_map" ("map_entity_id", "source_key", "target_id", "load_id", "origin") from stdin (format binary)',
    )
    expect(copyOutStatement(entries, everything)).toContain(
      'copy (select 7::pg_catalog.int4, "id"::text, ',
    )
  })

  it('goes as text where a type has no form of its own on both sides', () => {
    const mood = column('mood', { ...text, type: 'public.mood', type_oid: '1' })
    const of = table('a', { columns: [column('id'), mood] })
    const { find } = compile(asUuids, { ...catalog([of]), types }, state())
    const { definition } = find('a')!
    const statement = copyOutStatement(directRows(definition, definition.direct!), everything)
    expect(statement).toContain("'hex')::pg_catalog.uuid")
    expect(statement).toMatch(/, "mood" from only "public"\."a"\) to stdout$/)
  })

  it('may keep its key, and have a filter', () => {
    const pair = referring(
      table('j', { columns: [column('p'), column('n')], keys: [key('j_pkey', true, ['p', 'n'])] }),
      { p: 'p.id' },
    )
    expect(direct(asUuids, [pair, parent])).toEqual(['p', 'j'])
    const filtered = { source: 'public.c', filter: { column: 'id', is: '>', value: 3 } }
    expect(direct({ ...asUuids, entities: ['public.p', filtered] }, [child, parent])).toEqual(both)
  })

  it('goes ahead of its parents, unless the plan asks for them first', () => {
    const ahead = (more: object) =>
      compile(
        { entities: [uuid('p'), { ...uuid('c'), ...more }] },
        catalog([child, parent]),
        state(),
      ).find('c')?.definition.direct?.ahead_of
    expect(ahead({})).toEqual(['public.p'])
    expect(ahead({ depends_on: ['public.p'] })).toEqual([])
  })

  it('may refer to itself, and in circles', () => {
    const one = referring(
      table('x', { columns: [column('id'), column('y', optional), column('up', optional)] }),
      { y: 'y.id' },
      { up: 'x.id' },
    )
    const other = referring(table('y', { columns: [column('id'), column('x', optional)] }), {
      x: 'x.id',
    })
    expect(direct(asUuids, [one, other]).sort()).toEqual(['x', 'y'])
  })
})

describe('an entity is staged', () => {
  it('where the target had the table', () => {
    const target = state(there('c', { id: 'uuid', p: 'uuid' }))
    expect(direct(asUuids, [child, parent], target)).toEqual(['p'])
  })

  it('where nothing is known of the target', () => {
    const { entities } = compile(asUuids, catalog([child, parent]))
    expect(entities.some(({ definition }) => definition.direct)).toBe(false)
  })

  it('with an expression, a rule that refuses, or a look-up', () => {
    const given = (columns: object, more: object = {}) =>
      direct({ entities: [{ ...uuid('p'), columns, ...more }] }, [parent])
    expect(given({ nr: 'id', code: { op: 'column', name: 'code' } })).toEqual(['p'])
    expect(given({ code: { op: 'upper', of: 'code' } })).toEqual([])
    expect(given({ code: { op: 'constant', value: 'x' } })).toEqual([])
    const rules = [{ rule: 'not_null', column: 'code', severity: 'reject' }]
    expect(given({ code: 'code' }, { rules })).toEqual([])
    expect(given({ code: 'code' }, { rules: [{ ...rules[0], severity: 'warning' }] })).toEqual([
      'p',
    ])
    const found = {
      entities: [{ source: 'public.p', id: { strategy: 'lookup', by: { code: 'code' } } }],
    }
    expect(direct(found, [parent], state(there('p', { id: 'uuid', code: 'text' })))).toEqual([])
  })

  it('where a key may have several texts, or one that servers print differently', () => {
    const keyed = (type: string, type_oid: string) =>
      direct({ entities: [uuid('k')] }, [
        table('k', { columns: [column('id', { type, type_oid }), column('code', text)] }),
      ])
    for (const [type, oid] of [
      ['smallint', '21'],
      ['bigint', '20'],
      ['uuid', '2950'],
      ['text', '25'],
      ['character varying(9)', '1043'],
    ] as const) {
      expect(keyed(type, oid), type).toEqual(['k'])
    }
    for (const [type, oid] of [
      ['numeric', '1700'],
      ['double precision', '701'],
      ['character(3)', '1042'],
      ['date', '1082'],
      ['public.mood', '1'],
    ] as const) {
      expect(keyed(type, oid), type).toEqual([])
    }
  })
})

describe('a child is staged whose parent is not certain to be there', () => {
  const refersTo = (change: (key: CatalogTable['constraints'][number]) => object) => ({
    ...child,
    constraints: child.constraints.map((each) =>
      each.type === 'f' ? { ...each, ...change(each) } : each,
    ),
  })

  it('because no foreign key at the source says so, or none that holds', () => {
    expect(direct(asUuids, [child, parent])).toEqual(both)
    expect(direct(asUuids, [refersTo(() => ({ validated: false })), parent])).toEqual(['p'])
    expect(direct(asUuids, [refersTo(() => ({ enforced: false })), parent])).toEqual(['p'])
    const bare = table('c', { columns: child.columns })
    const entities = [uuid('p'), { ...uuid('c'), columns: { p: reference('p', 'p') } }]
    expect(direct({ entities }, [bare, parent])).toEqual(['p'])
    expect(direct({ entities }, [child, parent])).toEqual(both)
  })

  it('because the foreign key is another one', () => {
    const two = table('c', { columns: [column('id'), column('p'), column('q')] })
    const entities = [uuid('p'), { ...uuid('c'), columns: { p: reference('p', 'q') } }]
    expect(direct({ entities }, [referring(two, { p: 'p.id' }), parent])).toEqual(['p'])
    expect(direct({ entities }, [referring(two, { q: 'p.id' }), parent])).toEqual(both)
  })

  it('because of a condition, or of what the reference is a part of', () => {
    const given = (expression: object) =>
      direct({ entities: [uuid('p'), { ...uuid('c'), columns: { p: expression } }] }, [
        child,
        parent,
      ])
    const when = { column: 'id', is: '>', value: 3 }
    expect(given(reference('p', 'p', { when }))).toEqual(['p'])
    expect(given({ op: 'coalesce', of: [reference('p', 'p')] })).toEqual(['p'])
    for (const missing of ['reject', 'null', 'skip']) {
      expect(given(reference('p', 'p', { missing })), missing).toEqual(both)
    }
  })

  it('because the parent leaves rows out, refuses some, or is staged for a parent of its own', () => {
    const given = (more: object) =>
      direct({ entities: [{ ...uuid('p'), ...more }, uuid('c'), uuid('g')] }, [
        grandchild,
        child,
        parent,
      ])
    const grandchild = referring(table('g', { columns: [column('id'), column('c')] }), {
      c: 'c.id',
    })
    expect(given({})).toEqual(['p', 'c', 'g'])
    expect(given({ filter: { column: 'id', is: '>', value: 3 } })).toEqual(['p'])
    expect(given({ columns: { code: { op: 'upper', of: 'code' } } })).toEqual([])
  })

  it('because equal texts of its key may differ', () => {
    const collated = { ...text, collation: { schema: 'public', name: 'blind' } }
    const given = (more: object) => {
      const of = table('t', { columns: [column('id', { ...text, ...more })] })
      const to = referring(table('c', { columns: [column('id'), column('t', text)] }), {
        t: 't.id',
      })
      return direct({ entities: [uuid('t'), uuid('c')] }, [to, of])
    }
    expect(given({})).toEqual(['t', 'c'])
    expect(given(collated)).toEqual(['t'])
    expect(given({ type: 'public.mail', type_oid: '2' })).toEqual(['t'])
  })
})
