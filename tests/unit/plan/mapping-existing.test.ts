import { describe, expect, it } from 'vitest'
import { entity, one, source } from './mapped-table.ts'
import { compile, state, there, told } from './mapping-plan.ts'

describe('a table that is there', () => {
  const found = there('a', {
    nr: { type: 'bigint', not_null: true, required: true },
    name: { type: 'character varying(5)', not_null: true },
  })

  it('decides types, lengths and what has to be there', () => {
    const plan = entity({ columns: { nr: 'nr', name: 'name' }, conflict: 'update' })
    const { mapping, problems } = compile(plan, source, state(found))
    expect(problems).toEqual([])
    expect(mapping('a').rows_table).toContain('c0 bigint, c1 character varying)')
    expect(mapping('a').refusals.map(({ code }) => code)).toEqual([
      'required_missing',
      'length_violated',
    ])
    expect(mapping('a').conflict).toBe('update')
    expect(compile(plan, source, state()).mapping('a').conflict).toBe('fail')
  })

  it('takes a plain entity over by its key, and one without a key as it is', () => {
    const plain = there('a', { nr: 'integer', name: 'text' })
    const { find } = compile(entity({ columns: ['nr', 'name'] }), source, state(plain))
    expect(find('a')?.definition.mapping).toMatchObject({
      strategy: 'preserve',
      columns: ['nr', 'name'],
      identity: [0],
      id: null,
      conflict: 'fail',
      refusals: [],
    })
    expect(find('a')?.shape).toBeUndefined()
    const keyless = { ...source, tables: [{ ...one, keys: [] }] }
    const asIs = [
      compile(entity({ columns: ['nr', 'name'] }), keyless, state(plain)),
      compile(entity({ columns: ['name'] }), source, state(plain)),
      compile(
        entity({ columns: ['nr', 'name'] }),
        source,
        state(there('a', { nr: 'boolean', name: 'text' })),
      ),
    ]
    for (const each of asIs) {
      expect(each.problems).toEqual([])
      expect(each.find('a')?.definition.mapping).toBeUndefined()
    }
  })

  it.each<[object, string[]]>([
    [{ columns: { nr: 'nr', nam: 'name' } }, ['target_column_missing entities[0].columns.nam']],
    [{ columns: { nr: 'name' } }, ['key_not_mapped entities[0].columns']],
    [
      {
        columns: {
          nr: 'nr',
          flag: 'name',
          made: 'name',
          twin: { op: 'cast', of: 'name', to: 'date' },
        },
      },
      [
        'target_column_generated entities[0].columns.made',
        'column_type_differs entities[0].columns.twin',
      ],
    ],
    [
      { id: { strategy: 'uuid', column: 'flag' }, columns: { nr: 'nr' } },
      ['id_type_differs entities[0].id'],
    ],
  ])('refuses %j', (more, problems) => {
    const odd = there('a', {
      nr: 'integer',
      name: 'text',
      flag: 'boolean',
      twin: 'integer',
      made: { type: 'text', generated: true },
    })
    expect(told(compile(entity(more), source, state(odd)).problems)).toEqual(problems)
  })
})

describe('a mapping is refused', () => {
  it.each<[object, string]>([
    [{ columns: { nr: 'nr', x: 'nam' } }, 'column_unknown entities[0].columns.x'],
    [
      { columns: { nr: 'nr', x: { op: 'trim', of: { op: 'column', name: 'nam' } } } },
      'column_unknown entities[0].columns.x.of.name',
    ],
    [{ rest: 'copy' }, 'rest_without_columns entities[0].rest'],
    [{ id: { strategy: 'uuid' }, columns: { id: 'nr' } }, 'id_column_taken entities[0].columns.id'],
    [{ columns: { who: 'name' } }, 'key_not_mapped entities[0].columns'],
    [{ id: { strategy: 'preserve', column: 'id' } }, 'key_not_mapped entities[0].id.column'],
    [
      { id: { strategy: 'lookup', by: { code: 'name' } }, columns: ['nr'] },
      'lookup_has_columns entities[0].columns',
    ],
    [{ depends_on: ['public.z'] }, 'depends_on_unknown entities[0].depends_on[0]'],
    [{ depends_on: ['public.a'] }, 'depends_on_circle entities[0].depends_on[0]'],
    [
      { columns: { nr: 'nr', ['ü'.repeat(40)]: 'name' } },
      `name_too_long entities[0].columns["${'ü'.repeat(40)}"]`,
    ],
    [
      { conflict: 'ignore', rules: [{ rule: 'not_null', column: 'nam' }] },
      'column_unknown entities[0].rules[0].column',
    ],
  ])('%j', (more, problem) => {
    expect(told(compile(entity(more), source).problems)).toEqual([problem])
  })

  it('without a key, a system, or a table to look up in', () => {
    const keyless = { ...source, tables: [{ ...one, keys: [] }] }
    const lookup = entity({ id: { strategy: 'lookup', by: { code: 'name' } } })
    expect(told(compile(entity({ conflict: 'update' }), keyless).problems)).toEqual([
      'mapping_needs_key entities[0]',
    ])
    expect(told(compile({ source: { secret: 'S' }, ids: 'uuid' }, source).problems)).toEqual([
      'system_missing source.system',
    ])
    expect(told(compile(lookup, source, state()).problems)).toEqual([
      'lookup_target_missing entities[0].id',
    ])
    expect(compile(lookup, source).problems).toEqual([])
  })
})
