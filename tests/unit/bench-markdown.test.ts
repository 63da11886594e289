/** What the bench writes into the documentation. */
import { describe, expect, it } from 'vitest'
import { left, replaceSection, right, table } from '../bench/markdown.ts'
import { noiseLines, repeatLine } from '../bench/report.ts'
import type { Measurement } from '../bench/rounds.ts'

describe('a table', () => {
  it('is padded, and a name with a pipe stays in its cell', () => {
    const rows = [
      ['pg_dump | psql', '9.1'],
      ['pgcopydb', '10.25'],
    ]
    expect(table([left('contender'), right('s')], rows)).toEqual([
      '| contender       |     s |',
      '| --------------- | ----: |',
      '| pg_dump \\| psql |   9.1 |',
      '| pgcopydb        | 10.25 |',
    ])
  })
  it('keeps a cell with a line break on its line', () => {
    expect(table([left('a')], [['one\n two']])).toEqual([
      '| a       |',
      '| ------- |',
      '| one two |',
    ])
  })
  it('has a rule of three dashes at least', () => {
    expect(table([left('a'), right('b')], [])).toEqual(['| a   |   b |', '| --- | --: |'])
  })
  it('refuses a row that does not fit', () => {
    expect(() => table([left('a')], [['1', '2']])).toThrow('A row of 2 cells under 1 columns.')
  })
})

describe('a marked section', () => {
  const document = [
    '# Title',
    '<!-- bench:scaling -->',
    'old',
    '<!-- /bench:scaling -->',
    'between',
    '<!-- bench:contenders -->',
    '<!-- /bench:contenders -->',
    'after',
  ].join('\n')

  it('is replaced, and nothing around it', () => {
    expect(replaceSection(document, 'scaling', ['new $& $1']).split('\n')).toEqual([
      '# Title',
      '<!-- bench:scaling -->',
      '',
      'new $& $1',
      '',
      '<!-- /bench:scaling -->',
      'between',
      '<!-- bench:contenders -->',
      '<!-- /bench:contenders -->',
      'after',
    ])
  })
  it('is the same after a second time', () => {
    const once = replaceSection(document, 'contenders', ['| a |'])
    expect(replaceSection(once, 'contenders', ['| a |'])).toBe(once)
  })
  it.each([
    ['is missing', 'nothing here'],
    ['is not closed', '<!-- bench:scaling -->'],
    ['is closed before it opens', '<!-- /bench:scaling --> <!-- bench:scaling -->'],
    ['is there twice', `${document}\n${document}`],
  ])('is an error where it %s', (_, text) => {
    expect(() => replaceSection(text, 'scaling', [])).toThrow('no single pair')
  })
})

describe('the line that says how to repeat', () => {
  it.each([
    [[], 'npm run bench'],
    [['--write'], 'npm run bench'],
    [
      ['--rounds', '3', '--directory', '/somewhere', '--write', '--json=/x.json', '--scaling'],
      'npm run bench -- --rounds 3 --scaling',
    ],
    [['--only', '10 k rows'], "npm run bench -- --only '10 k rows'"],
  ])('names what %j measured, no place of this machine', (args, command) => {
    expect(repeatLine(args)).toBe(`Repeat with \`${command}\`; \`--write\` puts the result here.`)
  })
})

describe('noise', () => {
  const shared = (share: number) => ({ foreign_cpu_share: share }) as Measurement
  it('is told from 5 % on, the worst of all runs', () => {
    expect(noiseLines([shared(0.01), shared(0.049)])).toEqual([])
    expect(noiseLines([shared(0.01), shared(0.17)])[0]).toContain('up to 17 %')
  })
})
