/** Values on their way into the types of columns: nothing is lost in silence, and nothing raises. */
import { describe, expect, it } from 'vitest'
import { builtinType } from '../../../shared/plan/expression/convert.ts'
import { type Cell, cells, evaluate, expectEach, invalid, mappingDatabase } from './evaluate.ts'

const db = mappingDatabase()
type Cells = readonly (readonly [Cell, Cell | symbol])[]

describe('by itself', () => {
  it.each<[string, string, string]>([
    ['text', 'integer', '1 > 1 |  -5  > -5 | 1.0 > ! |  > ! | 2147483648 > !'],
    ['text', 'boolean', 'yes > true | 0 > false | 2 > !'],
    [
      'text',
      'uuid',
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11 > a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 | x > !',
    ],
    [
      'text',
      'numeric(5,2)',
      '1.50 > 1.50 | 1.5 > 1.50 | 1.505 > ! | 999.99 > 999.99 | 1000 > ! | NaN > NaN | Infinity > ! | 1e-9 > !',
    ],
    ['text', 'real', '0.1 > 0.1 | 1e39 > ! | 1e-60 > !'],
    ['text', 'integer[]', '{1,2} > {1,2} | {1 > !'],
    ['text', 'character varying(2)[]', '{ab,c} > {ab,c} | {abc} > !'],
    ['text', 'numeric(3,1)[]', '{1.5} > {1.5} | {1.55} > ! | {1000} > !'],
    ['text', 'jsonb', '{"a":1} > {"a": 1} | {a} > !'],
    ['text', 'bit(3)', '101 > 101 | 1010 > # | 1 > # | 2 > !'],
    ['text', 'bit varying(3)', '1 > 1 | 1010 > #'],
    ['text', 'inet', '10.0.0.1 > 10.0.0.1/32 | 10.0.0.256 > !'],
    ['text', 'bytea', '\\x00ff > \\x00ff | \\x0 > !'],
    ['text', 'interval', '1 day 02:03 > 1 day 02:03:00 | x > ! | 0.0000001 s > !'],
    ['inet', 'text', '10.0.0.1 > 10.0.0.1 | 10.0.0.0/8 > 10.0.0.0/8'],
    ['bpchar', 'text', 'ab   > ab'],
    [
      'text',
      'character varying(3)',
      'abc > abc | äöü > äöü | abcd > # | abc  > # | 🚢🚢🚢 > 🚢🚢🚢',
    ],
    ['text', 'character(3)', 'abc > abc | abc  > abc | a > a | abcd > #'],
    [
      'text',
      'name',
      'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | ääääääääääääääääääääääääääääääää > #',
    ],
    ['text', '"char"', 'a > a | ab > # | ä > #'],
    ['integer', 'character varying(2)', '12 > 12 | 123 > #'],
    ['integer', 'numeric(4,2)', '99 > 99.00 | 100 > !'],
    [
      'numeric',
      'numeric(4,2)',
      '1.234 > ! | 1.230 > 1.23 | 99.999 > ! | -99.99 > -99.99 | NaN > NaN | -Infinity > !',
    ],
    [
      'bigint',
      'double precision',
      '9007199254740993 > ! | 9007199254740992 > 9.007199254740992e+15 | 9223372036854775807 > ! | -9223372036854775808 > !',
    ],
    [
      'double precision',
      'real',
      '0.5 > 0.5 | 0.1 > ! | 1e300 > ! | 1e-300 > ! | NaN > NaN | -Infinity > -Infinity | 0 > 0',
    ],
    [
      'date',
      'timestamp without time zone',
      '2024-01-01 > 2024-01-01 00:00:00 | infinity > infinity | 5874897-12-31 > ! | 4713-11-24 BC > 4713-11-24 00:00:00 BC',
    ],
    [
      'timestamp',
      'timestamp(3) without time zone',
      '2024-01-01 00:00:00.123 > 2024-01-01 00:00:00.123 | 2024-01-01 00:00:00.1234 > ! | infinity > infinity',
    ],
    ['time', 'time(0) without time zone', '10:00:00 > 10:00:00 | 23:59:59.9 > !'],
    ['interval', 'interval day to minute', '1 day 02:03 > 1 day 02:03:00 | 02:03:04 > !'],
    ['json', 'jsonb', '{"b":1,"a":1} > {"a": 1, "b": 1} | "\\u0000" > !'],
    ['integer[]', 'text', '{1,NULL} > {1,NULL}'],
    ['character varying(9)[]', 'character varying(3)[]', '{abc} > {abc} | {abcd} > !'],
  ])('%s to %s', async (from, to, text) => {
    await expectEach(db.sql, 'c', from, cells(text), builtinType(to))
  })

  it('a text keeps its time and its zone, or is refused', async () => {
    const moments = (type: string, made: Cells) =>
      expectEach(db.sql, 'c', 'text', made, builtinType(type))
    await moments('date', [
      ['2024-01-31', '2024-01-31'],
      ['Jan 5 2024', '2024-01-05'],
      ['2024-02-30', invalid],
      ['2024-01-31 00:00', '2024-01-31'],
      ['2024-01-31 10:00', invalid],
      ['2024-01-31T10:00:00Z', invalid],
      ['infinity', 'infinity'],
      ['today', invalid],
      ['NOW', invalid],
      ['5874897-12-31', '5874897-12-31'],
      ['', invalid],
    ])
    await moments('timestamp without time zone', [
      ['2024-01-31 10:00', '2024-01-31 10:00:00'],
      ['2024-01-31T10:00:00.5Z', '2024-01-31 10:00:00.5'],
      ['2024-01-31T10:00:00+02', invalid],
      ['2024-01-31 10:00 Europe/Berlin', invalid],
      ['2024-01-31 10:00:00.1234567', invalid],
      ['2024-01-31 10:00:00.1230000', '2024-01-31 10:00:00.123'],
      ['tomorrow 10:00', invalid],
      ['-infinity', '-infinity'],
      ['294277-01-01', invalid],
    ])
    await moments('timestamp with time zone', [
      ['2024-01-31T10:00:00+02', '2024-01-31 08:00:00+00'],
      ['now', invalid],
    ])
    await moments('time without time zone', [
      ['10:00', '10:00:00'],
      ['3:05 pm', '15:05:00'],
      ['10:00+02', invalid],
      ['2024-01-31 10:00', invalid],
      ['now', invalid],
      ['25:00', invalid],
    ])
  })

  it('a domain and an enumeration take what they hold', async () => {
    await db.sql.unsafe(`create schema "odd.""schema"`)
    await db.sql.unsafe(`create type "odd.""schema"."Mo'od" as enum ('sad', 'o''k')`)
    await db.sql.unsafe(`create domain "odd.""schema".price as numeric(4,1) check (value > 0)`)
    const type = (name: string) => `"odd.""schema".${name}`
    const mood = { type: type(`"Mo'od"`), sql: type(`"Mo'od"`), isBuiltin: false }
    const price = {
      type: type('price'),
      sql: type('price'),
      isBuiltin: false,
      base: 'numeric(4,1)',
    }
    const run = async (made: Cells, from: string, to: typeof mood) => {
      // The type that the server prints is that of the search path; only the values are compared.
      const results = await evaluate(
        db.sql,
        'c',
        { c: { type: from, values: made.map(([cell]) => cell) } },
        to,
      )
      expect(results.map(({ value, refused }) => refused ?? value)).toEqual(
        made.map(([, cell]) => (typeof cell === 'symbol' ? cell.description : cell)),
      )
    }
    await run(
      [
        ['sad', 'sad'],
        [`o'k`, `o'k`],
        ['glad', invalid],
        [null, null],
      ],
      'text',
      mood,
    )
    await run(
      [
        ['1.5', '1.5'],
        ['1.55', invalid],
        ['-1', invalid],
        ['1000', invalid],
      ],
      'numeric',
      price,
    )
  })
})

describe('by a cast', () => {
  it.each<[string, string, string]>([
    [
      'numeric',
      'integer',
      '5.0 > 5 | 5.5 > ! | 2147483648 > ! | -2147483648 > -2147483648 | NaN > ! | Infinity > !',
    ],
    [
      'double precision',
      'bigint',
      '9007199254740994 > 9007199254740994 | 9.3e18 > ! | 9223372036854775807 > ! | -9223372036854775808 > -9223372036854775808 | 0.5 > ! | NaN > !',
    ],
    ['bigint', 'smallint', '32767 > 32767 | 32768 > ! | -32768 > -32768 | -32769 > !'],
    [
      'double precision',
      'numeric',
      '0.1 > 0.1 | 9007199254740993 > 9007199254740992 | Infinity > Infinity',
    ],
    [
      'double precision',
      'numeric(4,2)',
      '0.30000000000000004 > 0.30 | 99.999 > ! | NaN > NaN | Infinity > !',
    ],
    ['numeric', 'numeric(4,2)', '0.305 > !'],
    ['numeric', 'double precision', '0.1 > 0.1 | 1e400 > ! | 1e-400 > !'],
    ['integer', 'boolean', '1 > true | 0 > false | 2 > !'],
    ['boolean', 'integer', 't > 1 | f > 0'],
    ['timestamptz', 'date', '2024-01-01 23:30:00-02 > 2024-01-02 | infinity > infinity'],
    ['timestamptz', 'timestamp', '2024-01-01 23:30:00-02 > 2024-01-02 01:30:00'],
    ['timestamp', 'time', '2024-01-01 23:30 > 23:30:00 | infinity > !'],
    ['timestamp', 'date', '2024-01-01 23:30 > 2024-01-01'],
    ['text', 'varchar(3)', 'abc > abc | abcd > #'],
    ['text', 'char(3)', 'abc   > abc | abcd > #'],
    [
      'text',
      'timestamptz(0)',
      '2024-01-01 00:00:00.5Z > ! | 2024-01-01 00:00:00Z > 2024-01-01 00:00:00+00',
    ],
  ])('%s to %s', async (from, to, text) => {
    await expectEach(db.sql, { op: 'cast', of: 'c', to }, from, cells(text))
  })
})
