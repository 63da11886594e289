/** Expressions: how they are written, their limits and types. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { expressionSchema } from '../../../shared/plan/expression/expression.ts'
import { codes, compile, isPlan, nested, typeOf } from './compiled-expression.ts'

describe('expressions as a plan writes them', () => {
  it('are refused where something is misspelt, missing or beyond its bounds', () => {
    const wrong: unknown[] = [
      '',
      1,
      null,
      [],
      { op: 'sql', of: 't' },
      { op: 'trim' },
      { op: 'trim', of: 't', extra: 1 },
      { op: 'trim', of: { op: 'trim', of: { op: 'nothing' } } },
      { op: 'constant', value: 'a\0' },
      { op: 'constant', value: '\ud800' },
      { op: 'constant', value: 2 ** 53 },
      { op: 'constant', value: Number.POSITIVE_INFINITY },
      { op: 'constant', value: 'x'.repeat(10_001) },
      { op: 'constant', value: {} },
      { op: 'cast', of: 't', to: 'regclass' },
      { op: 'cast', of: 't', to: 'integer); drop table x' },
      { op: 'cast', of: 't', to: 'varchar(0)' },
      { op: 'cast', of: 't', to: 'varchar(10485761)' },
      { op: 'cast', of: 't', to: 'numeric(2,3)' },
      { op: 'cast', of: 't', to: 'numeric(1001)' },
      { op: 'cast', of: 't', to: 'timestamp(7)' },
      { op: 'concat', of: [] },
      { op: 'concat', of: Array(101).fill('t') },
      { op: 'split', of: 't', by: '', part: 1 },
      { op: 'split', of: 't', by: ',', part: 0 },
      { op: 'split', of: 't', by: ',', part: 1.5 },
      { op: 'value_map', of: 't', values: {} },
      { op: 'value_map', of: 't', values: { a: 'b\0' } },
      { op: 'value_map', of: 't', values: { 'a\0': 'b' } },
      { op: 'value_map', of: 't', values: { a: 'b' }, otherwise: 'drop' },
      { op: 'regexp_replace', of: 't', pattern: 'a', with: '', flags: 'gg' },
      { op: 'regexp_replace', of: 't', pattern: 'a', with: '', flags: 'x' },
      { op: 'arithmetic', is: '^', left: 't', right: 't' },
      { op: 'hash', of: 't', algorithm: 'sha1' },
      { op: 'json_object', of: {} },
      { op: 'parse_time', of: 't', format: '', to: 'date' },
    ]
    expect(wrong.filter(isPlan)).toEqual([])
  })

  it('have a JSON Schema that refers to itself', () => {
    const schema = JSON.stringify(
      z.toJSONSchema(z.object({ c: expressionSchema }), { io: 'input' }),
    )
    expect(schema).toContain('"const":"value_map"')
    expect(schema.match(/\$ref/g)?.length).toBeGreaterThan(10)
    expect(schema.length).toBeLessThan(20_000)
  })

  it('fill in what is left out', () => {
    expect(expressionSchema.parse({ op: 'value_map', of: 't', values: { a: 1 } })).toMatchObject({
      otherwise: 'reject',
    })
    expect(expressionSchema.parse({ op: 'reference', to: 'public.p', of: 'i' })).toMatchObject({
      missing: 'reject',
    })
  })
})

describe('the limits of what is compiled', () => {
  it('are eight levels', () => {
    expect(typeOf(nested(8))).toBe('text')
    expect(codes(nested(9))).toEqual(['expression_too_large c'])
  })

  it('are two hundred parts', () => {
    const parts = (count: number) => ({ op: 'concat', of: Array(count).fill('t') })
    expect(typeOf({ op: 'concat', of: [parts(100), parts(97)] })).toBe('text')
    expect(codes({ op: 'concat', of: [parts(100), parts(98)] })).toEqual(['expression_too_large c'])
  })

  it('are a million characters, which lists can reach', () => {
    const values = Object.fromEntries(
      Array.from({ length: 1000 }, (_, at) => [`${at}${'k'.repeat(500)}`, 'v']),
    )
    const map = { op: 'value_map', of: 't', values }
    expect(codes({ op: 'coalesce', of: [map, map] })).toEqual(['expression_too_large c'])
  })

  it('keep the SQL from doubling with every level', () => {
    const casts = { op: 'cast', of: { op: 'cast', of: 't', to: 'numeric(9,1)' }, to: 'text' }
    const deep = {
      op: 'cast',
      of: { op: 'cast', of: { op: 'cast', of: casts, to: 'numeric(8,1)' }, to: 'text' },
      to: 'date',
    }
    const { value } = compile(deep)
    expect(value!.sql.length).toBeLessThan(3000)
    expect(value!.fails.reduce((sum, { condition }) => sum + condition.length, 0)).toBeLessThan(
      8000,
    )
  })
})

describe('types of results', () => {
  it.each<[unknown, string]>([
    ['i', 'integer'],
    [{ op: 'column', name: 'n' }, 'numeric(6,2)'],
    [{ op: 'constant', value: 'x' }, 'text'],
    [{ op: 'constant', value: 5 }, 'integer'],
    [{ op: 'constant', value: 2 ** 31 }, 'bigint'],
    [{ op: 'constant', value: 0.1 }, 'numeric'],
    [{ op: 'constant', value: false }, 'boolean'],
    [{ op: 'cast', of: 't', to: 'varchar(5)' }, 'text'],
    [{ op: 'cast', of: 't', to: 'timestamptz(3)' }, 'timestamp(3) with time zone'],
    [{ op: 'cast', of: 't', to: 'numeric(5)' }, 'numeric(5,0)'],
    [{ op: 'upper', of: 'v' }, 'text'],
    [{ op: 'default', of: 'v', value: 'long enough' }, 'text'],
    [{ op: 'default', of: 'i', value: 2 ** 40 }, 'bigint'],
    [{ op: 'default', of: 'i', value: 0.5 }, 'numeric'],
    [{ op: 'default', of: 'd', value: '2000-01-01' }, 'date'],
    [{ op: 'coalesce', of: ['d', 'ts'] }, 'timestamp without time zone'],
    [{ op: 'coalesce', of: ['i', 'f'] }, 'double precision'],
    [{ op: 'coalesce', of: [{ op: 'constant', value: null }, 'u'] }, 'uuid'],
    [{ op: 'null_if', of: 'n', values: [0] }, 'numeric(6,2)'],
    [{ op: 'value_map', of: 'i', values: { 1: true, 2: null } }, 'boolean'],
    [{ op: 'value_map', of: 'i', values: { 1: 1, 2: 0.5 } }, 'numeric'],
    [{ op: 'parse_time', of: 't', format: 'YYYYMMDD', to: 'date' }, 'date'],
    [{ op: 'at_zone', of: 'd', zone: 'Europe/Berlin' }, 'timestamp with time zone'],
    [{ op: 'arithmetic', is: '*', left: 'i', right: 'f' }, 'numeric'],
    [{ op: 'json_array', of: ['i'] }, 'jsonb'],
    [{ op: 'parse_json', of: 't', to: 'json' }, 'json'],
    [{ op: 'hash', of: 'i', algorithm: 'md5' }, 'text'],
    [{ op: 'reference', to: 'public.p', of: 'i' }, 'uuid'],
  ])('%j is %s', (written, type) => {
    expect(typeOf(written)).toBe(type)
  })
})
