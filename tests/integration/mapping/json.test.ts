/** Values in JSON, and JSON in texts, on a real server. */
import { describe, expect, it } from 'vitest'
import { evaluate, expectEach, invalid, mappingDatabase } from './evaluate.ts'

const db = mappingDatabase()

/** A key that has to be quoted in SQL and in JSON. */
const quoted = (name: string) => `${name}'"`

describe('JSON', () => {
  it('is made of values', async () => {
    const columns = {
      t: { type: 'text', values: [`a"\\'$$`, null] },
      n: { type: 'numeric', values: ['1.50', 'NaN'] },
      f: { type: 'double precision', values: ['Infinity', '1e300'] },
      d: { type: 'timestamp', values: ['2024-01-01', 'infinity'] },
      j: { type: 'json', values: ['{"b":1, "a":[2]}', '{"x":"\\u0000"}'] },
      a: { type: 'text[]', values: ['{x,NULL}', null] },
      b: { type: 'bytea', values: ['\\x00ff', null] },
    }
    const of = Object.fromEntries(Object.keys(columns).map((name) => [quoted(name), name]))
    const [first, second] = await evaluate(db.sql, { op: 'json_object', of }, columns)
    expect(first!.refused).toBeNull()
    expect(JSON.parse(first!.value!)).toEqual({
      [quoted('t')]: `a"\\'$$`,
      [quoted('n')]: 1.5,
      [quoted('f')]: 'Infinity',
      [quoted('d')]: '2024-01-01T00:00:00',
      [quoted('j')]: { a: [2], b: 1 },
      [quoted('a')]: ['x', null],
      [quoted('b')]: '\\x00ff',
    })
    expect(second!.refused).toBe('value_invalid')
    const [list] = await evaluate(db.sql, { op: 'json_array', of: Array(100).fill('n') }, columns)
    expect(JSON.parse(list!.value!)).toEqual(Array(100).fill(1.5))
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`k${at}`, 'n']))
    const [wide] = await evaluate(db.sql, { op: 'json_object', of: many }, columns)
    expect(Object.keys(JSON.parse(wide!.value!))).toHaveLength(100)
  })

  it('is read from texts', async () => {
    const parse = (to: string, otherwise?: string) => ({ op: 'parse_json', of: 'c', to, otherwise })
    await expectEach(db.sql, parse('jsonb'), 'text', [
      ['{"a":1}', '{"a": 1}'],
      ['null', 'null'],
      ['{', invalid],
      ['"\\u0000"', invalid],
      ['1e999999', invalid],
      ['', invalid],
      [null, null],
    ])
    await expectEach(db.sql, parse('json', 'null'), 'text', [
      ['{', null],
      ['{"a":1}', '{"a":1}'],
      [null, null],
    ])
  })
})
