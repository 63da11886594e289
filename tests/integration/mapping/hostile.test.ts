/** Whatever a plan or a row holds, the SQL stays what it was made as, and does not raise. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileExpression } from '../../../shared/plan/expression/compile-expression.ts'
import { builtinType } from '../../../shared/plan/expression/convert.ts'
import { expressionSchema } from '../../../shared/plan/expression/expression.ts'
import { nameUuid, nameUuidSql, urlNamespace } from '../../../shared/projection/name-uuid.ts'
import { quoteIdent } from '../../../shared/projection/quote.ts'
import { evaluate, mappingDatabase } from './evaluate.ts'

const db = mappingDatabase()

const hostile = fc.oneof(
  fc.constantFrom(
    `'`,
    '"',
    '\\',
    '$$',
    `'; drop table x; --`,
    '/*',
    '\\x',
    '$1',
    '%s',
    '\n',
    '\u2028',
    '\u0001',
    '🚢',
    's.s0',
    'l1.p0',
    ')',
    'null',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
)
const legible = fc
  .array(hostile, { maxLength: 8 })
  .map((parts) => parts.join(''))
  .filter((text) => !text.includes('\0') && text.isWellFormed())
const near = fc.constantFrom(
  '2024-02-29',
  '2024-02-30 25:61:00+99',
  '1e400',
  '-1e-400',
  'NaN',
  'infinity',
  '{"a":[1,"\\u0000"]}',
  '{1,2',
  '24:00:00',
  '9'.repeat(400),
  't',
  'epoch',
  '294276-12-31 23:59:59.999999',
  '4714-11-24 BC',
  '0x10',
  '1_000',
  'PT1H',
  '10.0.0.1/33',
)
const cell = fc.oneof(fc.constant(null), legible, near)

describe('what a plan writes out', () => {
  it('comes back letter by letter', async () => {
    await fc.assert(
      fc.asyncProperty(legible, legible, legible, async (one, other, key) => {
        const constant = (value: string) => ({ op: 'constant', value })
        const results = await Promise.all(
          [
            constant(one),
            { op: 'default', of: 'c', value: one },
            { op: 'concat', of: [constant(one), constant(other)], separator: key },
            {
              op: 'value_map',
              of: constant(key),
              values: { [`k${key}`]: other },
              otherwise: { value: one },
            },
            { op: 'value_map', of: constant(`k${key}`), values: { [`k${key}`]: one } },
            { op: 'null_if', of: constant(one), values: [one] },
            { op: 'split', of: constant(`${one}-${key}-`), by: `-${key}-`, part: 2 },
            { op: 'json_object', of: { [`k${key}`]: constant(one) } },
          ].map((written) => evaluate(db.sql, written, { c: { type: 'text', values: [null] } })),
        )
        const values = results.map(([only]) => only!.value)
        expect(values.slice(0, 6)).toEqual([one, one, `${one}${key}${other}`, one, one, null])
        expect(values[6]).toBe(`${one}-${key}-`.split(`-${key}-`)[1] ?? null)
        expect(JSON.parse(values[7]!)).toEqual({ [`k${key}`]: one })
      }),
      { numRuns: 200 },
    )
  })

  it('is refused where no server could hold it', () => {
    for (const value of ['a\0b', '\ud83d', '\udea2x']) {
      const written = [
        { op: 'constant', value },
        { op: 'default', of: 'c', value },
        { op: 'concat', of: ['c'], separator: value },
        { op: 'split', of: 'c', by: value, part: 1 },
        { op: 'null_if', of: 'c', values: [value] },
        { op: 'value_map', of: 'c', values: { [value]: 'x' } },
        { op: 'json_object', of: { [value]: 'c' } },
        { op: 'regexp_replace', of: 'c', pattern: value, with: '' },
        { op: 'regexp_replace', of: 'c', pattern: 'x', with: value },
        { op: 'parse_time', of: 'c', format: `YYYYMMDD"${value}"`, to: 'date' },
      ]
      expect(written.filter((each) => expressionSchema.safeParse(each).success)).toEqual([])
    }
  })

  it('names columns whatever they are called', async () => {
    const name = legible.filter((text) => text !== '' && Buffer.byteLength(text) <= 63)
    await fc.assert(
      fc.asyncProperty(name, cell, async (column, text) => {
        const compiled = compileExpression({ op: 'trim', of: { op: 'column', name: column } }, [], {
          problems: [],
          reference: () => undefined,
          column: (found) => ({ sql: `s.${quoteIdent(found)}`, type: 'text', fails: [] }),
        })
        const statement = `select ${compiled!.sql} is not distinct from pg_catalog.btrim($1, pg_catalog.concat(' ', E'\\t\\n\\r\\f\\v', pg_catalog.chr(160))) as same from (select $1::text as ${quoteIdent(column)} offset 0) as s`
        const [row] = await db.sql.unsafe(statement, [text])
        expect(row?.same).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})

describe('what rows hold', () => {
  const cast = (of: unknown, to: string) => ({ op: 'cast', of, to })
  const time = (format: string, to: string, zone?: string) => ({
    op: 'parse_time',
    of: 'c',
    format,
    to,
    zone,
  })
  const everything: unknown[] = [
    ...['smallint', 'integer', 'bigint', 'numeric', 'numeric(6,2)', 'real', 'double precision'].map(
      (to) => cast('c', to),
    ),
    ...['boolean', 'uuid', 'date', 'time', 'timestamp', 'timestamptz(2)', 'interval'].map((to) =>
      cast('c', to),
    ),
    ...['json', 'jsonb', 'bytea', 'inet', 'cidr', 'varchar(4)', 'char(4)'].map((to) =>
      cast('c', to),
    ),
    cast(cast('c', 'double precision'), 'bigint'),
    cast(cast('c', 'numeric'), 'real'),
    cast(cast('c', 'timestamptz'), 'date'),
    cast(cast('c', 'timestamp'), 'time(0)'),
    { op: 'trim', of: { op: 'lower', of: { op: 'upper', of: 'c' } } },
    { op: 'concat', of: ['c', { op: 'trim', of: 'c' }], separator: ',' },
    { op: 'split', of: 'c', by: ',', part: -3 },
    { op: 'value_map', of: { op: 'trim', of: 'c' }, values: { a: 1 } },
    { op: 'value_map', of: 'c', values: { a: 'b' }, otherwise: 'keep' },
    { op: 'null_if', of: cast('c', 'numeric'), values: [0, 1.5] },
    { op: 'default', of: cast('c', 'date'), value: 'infinity' },
    { op: 'coalesce', of: [cast('c', 'date'), cast('c', 'timestamp')] },
    time('YYYY-MM-DD', 'date'),
    time('YYYY-MM-DD HH24:MI:SS', 'timestamptz', 'Asia/Kathmandu'),
    time('HH24:MI:SS', 'time'),
    time('YYYY-MM-DD HH24:MI:SSTZH:TZM', 'timestamptz', 'offset'),
    { op: 'at_zone', of: 'c', zone: 'Pacific/Kiritimati' },
    { op: 'at_zone', of: cast('c', 'date'), zone: 'Pacific/Pago_Pago' },
    { op: 'json_object', of: { a: 'c', b: cast('c', 'double precision'), c: cast('c', 'json') } },
    { op: 'json_array', of: ['c', cast('c', 'timestamptz')] },
    { op: 'parse_json', of: 'c', to: 'jsonb', otherwise: 'null' },
    { op: 'regexp_replace', of: 'c', pattern: '(.)(\\1)*', with: '[\\1\\\\]', flags: 'g' },
    ...['-', '/', '%'].map((is) => ({
      op: 'arithmetic',
      is,
      left: cast('c', 'double precision'),
      right: 'c',
    })),
    { op: 'hash', of: 'c', algorithm: 'sha256' },
  ]

  it('never raises', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 30 }), async (values) => {
        for (const written of everything) {
          const results = await evaluate(db.sql, written, { c: { type: 'text', values } })
          expect(results).toHaveLength(values.length)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('goes into any type or is refused, and never disappears', async () => {
    const types = [
      'integer',
      'numeric(5,1)',
      'date',
      'timestamp(1) without time zone',
      'jsonb',
      'integer[]',
      'inet',
      'macaddr',
      'point',
      'int4range',
      'xid',
      'money',
      'tsvector',
    ]
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 30 }), async (values) => {
        for (const type of types) {
          const results = await evaluate(
            db.sql,
            'c',
            { c: { type: 'text', values } },
            builtinType(type),
          )
          for (const [at, { value, refused }] of results.entries()) {
            expect(value === null && refused === null).toBe(values[at] === null)
          }
        }
      }),
      { numRuns: 30 },
    )
  })
})

it('names rows as the server does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(legible, { minLength: 1, maxLength: 50 }), async (names) => {
      const id = db.sql.unsafe(nameUuidSql(urlNamespace, 'name'))
      const rows = await db.sql`
        select name, ${id} as id from pg_catalog.unnest(${names}::text[]) as listed (name)`
      expect(rows).toHaveLength(names.length)
      for (const row of rows) expect(row.id).toBe(nameUuid(urlNamespace, row.name))
    }),
    { numRuns: 50 },
  )
  const [none] = await db.sql.unsafe(`select ${nameUuidSql(urlNamespace, 'null::text')} as id`)
  expect(none?.id).toBeNull()
})
