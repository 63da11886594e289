/** The reader of psql scripts, on the constructs that dumps and generators contain. */
import { describe, expect, it } from 'vitest'
import { readScript, type ScriptStep } from '../../support/sql-script.ts'

const read = (text: string, variables?: Record<string, string>): ScriptStep[] => [
  ...readScript(text, variables && ((name, form) => variables[`${form} ${name}`])),
]
const statements = (text: string) =>
  read(text).map((step) => (step.kind === 'statement' ? step.sql : step.kind))

describe('reading a script', () => {
  it.each([
    ['semicolons', 'select 1; select 2 ;;\nselect 3', ['select 1', 'select 2', 'select 3']],
    [
      'strings',
      `select ';', ''';', E'\\';', U&'\\;'; select 2`,
      [`select ';', ''';', E'\\';', U&'\\;'`, 'select 2'],
    ],
    ['a string that ends in e', `select note';'; select 2`, [`select note';'`, 'select 2']],
    ['a backslash in a plain string', `select '\\'; select 2`, [`select '\\'`, 'select 2']],
    ['names', 'select ";""" from "a;b"; select 2', ['select ";""" from "a;b"', 'select 2']],
    [
      'dollar quotes',
      'do $a$ begin; $$ ; $$ end $a$; select $1',
      ['do $a$ begin; $$ ; $$ end $a$', 'select $1'],
    ],
    ['a dollar inside a name', 'select a$b$c; select 2', ['select a$b$c', 'select 2']],
    ['comments', 'select 1 -- ; no\n+ /* ; /* ; */ ; */ 2; -- end', ['select 1  \n+   2']],
    [
      'parentheses',
      'create rule r as on insert to t do (select 1; select 2); select 3',
      ['create rule r as on insert to t do (select 1; select 2)', 'select 3'],
    ],
  ])('keeps %s together', (_, text, expected) => {
    expect(statements(text)).toEqual(expected)
  })

  it('takes COPY blocks out, empty ones too, backslashes untouched', () => {
    const text =
      'COPY a (x) FROM stdin;\n1\t\\N\n;\\\\.\n\\.\n\nCOPY b FROM stdin WITH (FORMAT csv);\n\\.\nselect 1;'
    expect(read(text)).toEqual([
      { kind: 'copy', sql: 'COPY a (x) FROM stdin', data: '1\t\\N\n;\\\\.\n' },
      { kind: 'copy', sql: 'COPY b FROM stdin WITH (FORMAT csv)', data: '' },
      { kind: 'statement', sql: 'select 1' },
    ])
  })

  it('hands meta commands over with the statement before them', () => {
    expect(read('\\set a 1\nselect 2 as b \\gset\n\\echo\nselect 3 \\g /dev/null\n')).toEqual([
      { kind: 'meta', sql: '', command: 'set', argument: 'a 1' },
      { kind: 'meta', sql: 'select 2 as b', command: 'gset', argument: '' },
      { kind: 'meta', sql: '', command: 'echo', argument: '' },
      { kind: 'meta', sql: 'select 3', command: 'g', argument: '/dev/null' },
    ])
  })

  it('puts variables in, but not into strings, casts, dollar quotes or unknown names', () => {
    const variables = {
      'plain n': '7',
      'literal n': "'7'",
      'identifier n': '"7"',
      'defined n': 'TRUE',
    }
    const text = `select :n, :'n', :"n", ':n', a::n, $$:n$$, a[1:m], b:=:n; \\if :{?n}\n`
    expect(read(text, variables)).toEqual([
      { kind: 'statement', sql: `select 7, '7', "7", ':n', a::n, $$:n$$, a[1:m], b:=7` },
      { kind: 'meta', sql: '', command: 'if', argument: 'TRUE' },
    ])
  })
})
