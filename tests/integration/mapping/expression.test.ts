/** Expressions over texts on a real server. */
import { describe, expect, it } from 'vitest'
import {
  type Cell,
  type Column,
  evaluate,
  expectEach,
  invalid,
  mappingDatabase,
  unmapped,
} from './evaluate.ts'

const db = mappingDatabase()

describe('texts', () => {
  it('are trimmed, and written small and large', async () => {
    await expectEach(db.sql, { op: 'trim', of: 'c' }, 'text', [
      ['  a b \t\r\n\u00a0', 'a b'],
      ['', ''],
      [null, null],
    ])
    await expectEach(db.sql, { op: 'lower', of: 'c' }, 'name', [['ÄRGER', 'ärger']])
    await expectEach(db.sql, { op: 'upper', of: 'c' }, 'character(4)', [['ä', 'Ä']])
    await expectEach(db.sql, { op: 'upper', of: 'c' }, 'boolean', [['f', 'FALSE']])
  })

  it('are put together without what is missing', async () => {
    const column = (...values: Cell[]): Column => ({ type: 'text', values })
    const columns = {
      a: column('x', null, '', null),
      b: { type: 'integer', values: ['1', '2', '3', null] },
    }
    const joined = await evaluate(db.sql, { op: 'concat', of: ['a', 'b'], separator: `'` }, columns)
    expect(joined.map(({ value }) => value)).toEqual([`x'1`, '2', `'3`, null])
    const nested = {
      op: 'concat',
      of: [
        { op: 'concat', of: ['a', 'a'] },
        { op: 'trim', of: 'b' },
      ],
    }
    expect((await evaluate(db.sql, nested, columns)).map(({ value }) => value)).toEqual([
      'xx1',
      '2',
      '3',
      null,
    ])
  })

  it('are split', async () => {
    const part = (at: number) => ({ op: 'split', of: 'c', by: ', ', part: at })
    await expectEach(db.sql, part(1), 'text', [
      ['a, b', 'a'],
      ['', ''],
      [null, null],
      ['a', 'a'],
    ])
    await expectEach(db.sql, part(2), 'text', [
      ['a, b', 'b'],
      ['a', null],
      ['', null],
      [', ', ''],
      [null, null],
    ])
    await expectEach(db.sql, part(-1), 'text', [
      ['a, b', 'b'],
      ['a', 'a'],
      ['', ''],
    ])
    await expectEach(db.sql, part(-2), 'text', [
      ['a, b, c', 'b'],
      ['a', null],
      ['', null],
      [null, null],
    ])
  })

  it('are rewritten by patterns', async () => {
    const replace = {
      op: 'regexp_replace',
      of: 'c',
      pattern: `(\\d+)'(Z)`,
      with: '\\2$$\\1\\&',
      flags: 'gi',
    }
    await expectEach(db.sql, replace, 'text', [
      [`1'z2'Z`, `z$$11'zZ$$22'Z`],
      ['', ''],
      [null, null],
    ])
  })

  it('are hashed by their bytes', async () => {
    await expectEach(db.sql, { op: 'hash', of: 'c', algorithm: 'md5' }, 'text', [
      ['abc', '900150983cd24fb0d6963f7d28e17f72'],
      [null, null],
    ])
    await expectEach(db.sql, { op: 'hash', of: 'c', algorithm: 'sha256' }, 'text', [
      ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ])
  })
})

describe('choices', () => {
  it('replace what the plan lists', async () => {
    const values = { m: 'male', "o'": 'f', '': null, n: '\\"$$' }
    const map = (otherwise?: unknown) => ({ op: 'value_map', of: 'c', values, otherwise })
    await expectEach(db.sql, map(), 'text', [
      ['m', 'male'],
      ["o'", 'f'],
      ['', null],
      ['n', '\\"$$'],
      ['M', unmapped],
      [null, null],
    ])
    await expectEach(db.sql, map('keep'), 'text', [
      ['m', 'male'],
      ['M', 'M'],
      ['', null],
      [null, null],
    ])
    await expectEach(db.sql, map({ value: 'x' }), 'text', [
      ['m', 'male'],
      ['M', 'x'],
      ['', null],
      [null, null],
    ])
    await expectEach(db.sql, map({ value: null }), 'text', [['M', null]])
    const numbers = { op: 'value_map', of: 'c', values: { true: 1, false: 2 ** 40 } }
    await expectEach(db.sql, numbers, 'boolean', [
      ['t', '1'],
      ['f', '1099511627776'],
      [null, null],
    ])
    const other = { op: 'value_map', of: 'c', values: { 1: 1 }, otherwise: { value: 0.25 } }
    await expectEach(db.sql, other, 'integer', [
      ['1', '1'],
      ['2', '0.25'],
      [null, null],
    ])
  })

  it('fall back for what is missing, never for what is invalid', async () => {
    const whole = { op: 'cast', of: 'c', to: 'integer' }
    await expectEach(db.sql, { op: 'default', of: whole, value: 7 }, 'text', [
      ['1', '1'],
      [null, '7'],
      ['x', invalid],
    ])
    await expectEach(db.sql, { op: 'default', of: 'c', value: '2000-02-29' }, 'date', [
      [null, '2000-02-29'],
    ])
    await expectEach(db.sql, { op: 'default', of: 'c', value: 0.5 }, 'smallint', [
      [null, '0.5'],
      ['2', '2'],
    ])
    const either = { op: 'coalesce', of: ['a', { op: 'cast', of: 'b', to: 'integer' }] }
    const results = await evaluate(db.sql, either, {
      a: { type: 'integer', values: ['1', null, null] },
      b: { type: 'text', values: ['x', 'x', '5'] },
    })
    // What is wrong with the second does not matter where the first is there.
    expect(results).toEqual([
      { value: '1', refused: null },
      { value: null, refused: 'value_invalid' },
      { value: '5', refused: null },
    ])
  })

  it('make nulls of what stands for them', async () => {
    await expectEach(
      db.sql,
      { op: 'null_if', of: 'c', values: ['', 'n/a'] },
      'character varying(5)',
      [
        ['', null],
        ['n/a', null],
        ['N/A', 'N/A'],
        [null, null],
      ],
    )
    await expectEach(db.sql, { op: 'null_if', of: 'c', values: [0, -1] }, 'numeric(4,2)', [
      ['0.00', null],
      ['-1', null],
      ['1', '1.00'],
    ])
    await expectEach(db.sql, { op: 'null_if', of: 'c', values: ['1900-01-01'] }, 'date', [
      ['1900-01-01', null],
      ['infinity', 'infinity'],
    ])
  })

  it('write out constants', async () => {
    for (const [value, text] of [
      [`a'\\b"$$`, `a'\\b"$$`],
      [-5, '-5'],
      [-0, '0'],
      [2 ** 53 - 1, '9007199254740991'],
      [1e-7, '0.0000001'],
      [true, 'true'],
      [null, null],
    ] as const) {
      const [result] = await evaluate(db.sql, { op: 'constant', value }, {})
      expect(result).toEqual({ value: text, refused: null })
    }
    // The planner computes what is constant before any condition is asked.
    const made = await evaluate(
      db.sql,
      { op: 'cast', of: { op: 'constant', value: 'x' }, to: 'integer' },
      {},
    )
    expect(made).toEqual([{ value: null, refused: 'value_invalid' }])
    const [left, right] = [1, 0].map((value) => ({ op: 'constant', value }))
    const divided = await evaluate(db.sql, { op: 'arithmetic', is: '/', left, right }, {})
    expect(divided).toEqual([{ value: null, refused: 'value_invalid' }])
  })
})
