import { describe, expect, it } from 'vitest'
import { mentioned, renameColumns } from '../../../shared/schema/shape/column-text.ts'

/** All of them straight; those with a second name are renamed. */
function renamed(text: string, columns: Record<string, string>) {
  const straight = new Map(Object.entries(columns))
  const expression = { text, uses: [], columns: Object.keys(columns) }
  return renameColumns(expression, straight)?.text
}

describe('columns in a text of the source', () => {
  it.each([
    ['(a > b)', { a: 'b', b: 'a' }, '("b" > "a")'],
    ['((price)::numeric > (0)::numeric)', { price: 'cost' }, '(("cost")::numeric > (0)::numeric)'],
    ['((date)::date > now())', { date: 'day' }, '(("day")::date > now())'],
    [`(lower(lower) = 'lower'::text)`, { lower: 'x' }, `(lower("x") = 'lower'::text)`],
    ['("Odd ""one" IS NOT NULL)', { 'Odd "one': 'o' }, '("o" IS NOT NULL)'],
    [
      'CASE WHEN a THEN b ELSE a END',
      { a: 'x"y', b: 'b' },
      'CASE WHEN "x""y" THEN b ELSE "x""y" END',
    ],
    [
      '((NOT a) AND (b = ANY (ARRAY[1, 2])))',
      { a: 'c', b: 'd' },
      '((NOT "c") AND ("d" = ANY (ARRAY[1, 2])))',
    ],
    ['(tags[1] = name)', { tags: 't', name: 'n' }, '("t"[1] = "n")'],
    ['(a = true)', { a: 'b', true: 'c' }, undefined],
  ])('%s with %j', (text, columns, expected) => {
    expect(renamed(text, columns)).toBe(expected)
  })

  it.each([
    ['a type of several words', `(x = '1'::timestamp without time zone)`, { x: 'x', time: 't' }],
    ['a field of a row', '((place).city = city)', { place: 'place', city: 'town' }],
    ['a schema', '(clinic.own(clinic) > 0)', { clinic: 'c' }],
    ['a part of a time', '(EXTRACT(year FROM day) = (year)::numeric)', { day: 'day', year: 'y' }],
    ['a collation', '(a COLLATE en > b)', { a: 'a', en: 'e' }],
    ['a parameter', 'f(x => 1, y => x)', { x: 'z', y: 'y' }],
    ['a whole row', '(t.* IS NOT NULL)', { a: 'a' }],
    ['nothing that can be found', '(b > 0)', { b: 'b', a: 'c' }],
  ])('are given up where a word may be %s', (_, text, columns) => {
    expect(renamed(text, columns)).toBeUndefined()
  })

  it('are given up where one does not come along', () => {
    const expression = { text: '(a > b)', uses: [], columns: ['a', 'b'] }
    expect(renameColumns(expression, new Map([['a', 'a']]))).toBeUndefined()
  })

  it('are told from key words and literals', () => {
    const columns = ['range', 'day', 'RANGE', 'x', 'lower']
    expect(mentioned(`RANGE (day, lower("x"), 'range')`, columns)).toEqual(['day', 'x', 'lower'])
  })
})
