import { describe, expect, it } from 'vitest'
import { cast } from '../../../shared/plan/expression/cast.ts'
import { builtinType, convert } from '../../../shared/plan/expression/convert.ts'
import { literal } from '../../../shared/plan/expression/literal.ts'
import type { Value } from '../../../shared/plan/expression/value.ts'

const column = (type: string): Value => ({ sql: 's.s0', type, fails: [] })

/** "as it is", "checked", "by its length" or "refused". */
function kind(made: Value | { readonly refused: string }): string {
  if ('refused' in made) return 'refused'
  const codes = [...new Set(made.fails.map(({ code }) => code))].sort()
  return codes.length === 0 ? 'free' : codes.join(' ')
}

describe('what a value becomes by itself', () => {
  it.each([
    ['integer', 'integer', 'free'],
    ['smallint', 'bigint', 'free'],
    ['bigint', 'integer', 'refused'],
    ['integer', 'numeric', 'free'],
    ['integer', 'numeric(5,2)', 'value_invalid'],
    ['numeric(4,2)', 'numeric(5,2)', 'free'],
    ['numeric(5,2)', 'numeric(5,3)', 'value_invalid'],
    ['numeric', 'integer', 'refused'],
    ['numeric', 'double precision', 'refused'],
    ['bigint', 'double precision', 'value_invalid'],
    ['real', 'double precision', 'free'],
    ['double precision', 'real', 'value_invalid'],
    ['boolean', 'integer', 'refused'],
    ['text', 'integer', 'value_invalid'],
    ['integer', 'text', 'free'],
    ['integer', 'character varying(3)', 'length_violated'],
    ['character varying(3)', 'character varying(4)', 'free'],
    ['character varying(4)', 'character varying(3)', 'length_violated'],
    ['character(3)', 'text', 'free'],
    ['text', 'character(3)', 'length_violated'],
    ['text', 'name', 'length_violated'],
    ['text', 'bpchar', 'free'],
    ['date', 'timestamp without time zone', 'value_invalid'],
    ['timestamp without time zone', 'date', 'refused'],
    ['timestamp without time zone', 'timestamp with time zone', 'refused'],
    ['timestamp without time zone', 'timestamp(3) without time zone', 'value_invalid'],
    ['timestamp(3) without time zone', 'timestamp(6) without time zone', 'free'],
    ['json', 'jsonb', 'value_invalid'],
    ['jsonb', 'json', 'free'],
    ['integer[]', 'integer[]', 'free'],
    ['integer[]', 'bigint[]', 'refused'],
    ['integer[]', 'integer', 'refused'],
    ['text', 'integer[]', 'value_invalid'],
    ['integer[]', 'text', 'free'],
    ['bit(3)', 'bit(4)', 'length_violated'],
    ['uuid', 'bytea', 'refused'],
  ])('%s to %s: %s', (from, to, expected) => {
    const made = convert(column(from), builtinType(to))
    expect(kind(made)).toBe(expected)
    if (!('refused' in made)) expect(made.type).toBe(to)
  })

  it('keeps what was wrong with it before', () => {
    const fails = [{ condition: 'x', code: 'value_unmapped' as const, onlyNull: true as const }]
    const made = convert({ ...column('text'), fails }, builtinType('integer'))
    expect('fails' in made && made.fails.slice(0, 1)).toEqual(fails)
    expect('fails' in made && made.fails).toHaveLength(2)
  })

  it('tells what jsonb does to json', () => {
    expect(convert(column('json'), builtinType('jsonb'))).toHaveProperty('note')
    expect(convert(column('jsonb'), builtinType('json'))).not.toHaveProperty('note')
  })

  it('goes into types of users by their text, and of domains by what they are made of', () => {
    const mood = { type: 'public.mood', sql: '"public"."mood"', isBuiltin: false }
    const made = convert(column('integer'), mood)
    expect(made).toMatchObject({ type: 'public.mood' })
    expect(kind(made)).toBe('value_invalid')
    expect('sql' in made && made.sql).toContain(`'"public"."mood"'`)
    expect(kind(convert(column('date'), { ...mood, base: 'integer' }))).toBe('refused')
    expect(kind(convert(column('text'), { ...mood, base: 'character varying(3)' }))).toBe(
      'length_violated value_invalid',
    )
  })

  it('makes a null of the type that is asked for', () => {
    expect(convert(literal(null), builtinType('numeric(3,1)'))).toMatchObject({
      sql: 'null::numeric(3,1)',
      type: 'numeric(3,1)',
      fails: [],
    })
  })

  it('takes a number of the plan for a narrower one', () => {
    expect(convert(literal(5), builtinType('smallint'))).toMatchObject({ type: 'smallint' })
    expect(kind(convert(literal(true), builtinType('smallint')))).toBe('refused')
  })
})

describe('what a cast makes', () => {
  it.each([
    ['bigint', 'integer', 'value_invalid'],
    ['double precision', 'numeric(6,2)', 'value_invalid'],
    ['numeric', 'double precision', 'value_invalid'],
    ['boolean', 'bigint', 'free'],
    ['integer', 'boolean', 'value_invalid'],
    ['numeric', 'boolean', 'refused'],
    ['timestamp with time zone', 'date', 'value_invalid'],
    ['date', 'timestamp with time zone', 'refused'],
    ['uuid', 'integer', 'refused'],
    ['text', 'numeric(4,1)', 'value_invalid'],
  ])('%s to %s: %s', (from, to, expected) => {
    expect(kind(cast(column(from), to))).toBe(expected)
  })

  it('leaves the length to the column that a text goes into', () => {
    expect(cast(column('integer'), 'character varying(2)')).toMatchObject({ type: 'text' })
  })
})
