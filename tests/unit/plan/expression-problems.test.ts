/** What is refused of expressions, and what only a server can judge. */
import { describe, expect, it } from 'vitest'
import { patternsOfExpression } from '../../../shared/plan/expression/compile-expression.ts'
import { expressionSchema } from '../../../shared/plan/expression/expression.ts'
import { zonesOfExpression } from '../../../shared/plan/expression/expression-parts.ts'
import { codes } from './compiled-expression.ts'

describe('problems', () => {
  it.each<[unknown, string[]]>([
    [
      { op: 'concat', of: ['nope', { op: 'trim', of: 'never' }] },
      ['column_unknown c.of[0]', 'column_unknown c.of[1].of'],
    ],
    [{ op: 'column', name: 'nope' }, ['column_unknown c.name']],
    [{ op: 'json_object', of: { 'a b': 'nope' } }, ['column_unknown c.of["a b"]']],
    [
      { op: 'arithmetic', is: '+', left: 'nope', right: 'd' },
      ['column_unknown c.left', 'expression_type_unsupported c.right'],
    ],
    [{ op: 'cast', of: 'a', to: 'integer' }, ['cast_unsupported c']],
    [{ op: 'cast', of: 'd', to: 'timestamptz' }, ['cast_unsupported c']],
    [{ op: 'coalesce', of: ['i', 't'] }, ['expression_types_differ c.of']],
    [{ op: 'coalesce', of: ['n', 'f'] }, ['expression_types_differ c.of']],
    [{ op: 'default', of: 'd', value: '2024-02-30' }, ['expression_value_invalid c.value']],
    [{ op: 'default', of: 't', value: 1 }, ['expression_value_invalid c.value']],
    [{ op: 'null_if', of: 'i', values: [1, 'x'] }, ['expression_value_invalid c.values[1]']],
    [{ op: 'null_if', of: 'j', values: ['x'] }, ['expression_type_unsupported c.values[0]']],
    [{ op: 'value_map', of: 't', values: { a: 1, b: 'x' } }, ['expression_types_differ c.values']],
    [
      { op: 'value_map', of: 't', values: { a: 1 }, otherwise: 'keep' },
      ['expression_types_differ c.otherwise'],
    ],
    [{ op: 'at_zone', of: 'i', zone: 'UTC' }, ['expression_type_unsupported c.of']],
    [{ op: 'at_zone', of: 'ts', zone: 'Mars/Base' }, ['time_zone_invalid c.zone']],
    [{ op: 'at_zone', of: 'ts', zone: 'CET' }, ['time_zone_invalid c.zone']],
    [{ op: 'at_zone', of: 'ts', zone: "UTC'" }, ['time_zone_invalid c.zone']],
  ])('%j', (written, expected) => {
    expect(codes(written)).toEqual(expected)
  })

  it.each<[string, string, string | undefined, string]>([
    ['YY-MM-DD', 'date', undefined, 'time_format_invalid c.format'],
    ['YYYY-MON-DD', 'date', undefined, 'time_format_invalid c.format'],
    ['YYYY-MM', 'date', undefined, 'time_format_invalid c.format'],
    ['YYYY-MM-DD-DD', 'date', undefined, 'time_format_invalid c.format'],
    ['YYYY-MM-DD HH24:MI', 'date', undefined, 'time_format_invalid c.format'],
    ['YYYY-MM-DD MI', 'timestamp', undefined, 'time_format_invalid c.format'],
    ['HH24', 'time', undefined, 'time_format_invalid c.format'],
    ['YYYY-MM-DD TZH', 'timestamp', undefined, 'time_format_invalid c.format'],
    ['YYYY-MM-DD', 'date', 'UTC', 'time_zone_invalid c.zone'],
    ['YYYY-MM-DD', 'timestamptz', undefined, 'time_zone_invalid c'],
    ['YYYY-MM-DD', 'timestamptz', 'offset', 'time_zone_invalid c.zone'],
    ['YYYY-MM-DD TZH:TZM', 'timestamptz', 'Europe/Berlin', 'time_zone_invalid c.zone'],
  ])('the format %s of a %s in zone %s', (format, to, zone, expected) => {
    expect(codes({ op: 'parse_time', of: 't', format, to, zone })).toEqual([expected])
  })
})

it('finds the patterns and zones that only a server can judge', () => {
  const written = expressionSchema.parse({
    op: 'concat',
    of: [
      {
        op: 'regexp_replace',
        of: { op: 'regexp_replace', of: 't', pattern: 'b', with: '' },
        pattern: 'a',
        with: '',
      },
      { op: 'at_zone', of: 'ts', zone: 'Asia/Tokyo' },
      { op: 'parse_time', of: 't', format: 'YYYYMMDD TZH', to: 'timestamptz', zone: 'offset' },
    ],
  })
  expect(patternsOfExpression(written, ['c'])).toEqual([
    { pattern: 'a', path: ['c', 'of', 0, 'pattern'] },
    { pattern: 'b', path: ['c', 'of', 0, 'of', 'pattern'] },
  ])
  expect(zonesOfExpression(written, ['c'])).toEqual([
    { zone: 'Asia/Tokyo', path: ['c', 'of', 1, 'zone'] },
  ])
})
