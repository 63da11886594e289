/** Of rows with the same values one is accepted: the first by key that nothing else refuses, whatever the batches. */
import { describe, expect, test } from 'vitest'
import { dice } from '../support/dice.ts'
import { mappedScene } from './mapped-scene.ts'

const scene = await mappedScene()
const chance = dice()
console.log(`FERRY_SEED=${chance.seed}`)

const entity = (name: string, table: string, rules: readonly object[], more: object = {}) => ({
  source: `${name}.${table}`,
  id: { strategy: 'uuid' },
  columns: { legacy: 'id', x: 'x', y: 'y' },
  rules,
  ...more,
})
const unique = (...columns: string[]) => ({ rule: 'unique', columns, severity: 'reject' })
const table = (name: string, rows: string) =>
  `create table ${name} (id integer primary key, x text, y text); insert into ${name} ${rows}`
/** What was accepted, by the keys of the source. */
const accepted = (name: string, of: string) =>
  scene.rows(`select legacy from ${name}_new.${of} order by 1`)

describe.concurrent('one of several rows with the same values', { timeout: 60_000 }, () => {
  test('is the first by key, though the others are far away', async () => {
    const name = 'far'
    // 1 and 200 with one value, 2 and 199, and so on: the last ten are refused
    const rows = `select n, case when n <= 10 then n::text when n > 190 then (201 - n)::text else 'x' || n end, null
      from generate_series(1, 200) n`
    const id = await scene.move({
      name,
      source: table('t', rows),
      entities: [entity(name, 't', [unique('x')])],
      lanes: 4,
      batchRows: 9,
    })
    const lost = Array.from({ length: 10 }, (_, at) => `${191 + at} duplicate`)
    expect(await scene.letters(id, 't')).toEqual(lost)
    expect(await scene.count(id, 't')).toMatchObject({ loaded: 190, failed: 10, filtered: 0 })
    expect(await accepted(name, 't')).toHaveLength(190)
  })

  test('is the next one where the first is refused for another reason', async () => {
    const name = 'another'
    const rows = `values (1, 'a', 'bad'), (2, 'a', 'good'), (3, 'a', 'good'), (4, 'b', 'bad'), (5, 'b', 'bad'), (6, 'b', 'good')`
    const rule = { rule: 'choice', column: 'y', values: ['good'], severity: 'reject' }
    const rules = [unique('x'), rule]
    const id = await scene.move({
      name,
      source: `${table('t', rows)}; ${table('u', rows)}`,
      entities: [entity(name, 't', rules), entity(name, 'u', rules.toReversed())],
      batchRows: 1,
    })
    for (const each of ['t', 'u']) {
      expect(await accepted(name, each)).toEqual(['2', '6'])
      expect(await scene.letters(id, each)).toEqual([
        '1 choice_violated',
        '3 duplicate',
        '4 choice_violated',
        '5 choice_violated',
      ])
    }
  })

  test.each([1, 2, 3, 100])(
    'is the next one where only the server refuses the first, in batches of %i',
    async (batchRows) => {
      const name = `server_${batchRows}`
      const rows = `values (1, 'a', 'bad'), (2, 'a', 'good'), (3, 'a', 'good'), (4, 'b', 'bad'), (5, 'b', 'bad'), (6, 'b', 'good'), (7, 'a', 'bad')`
      const last = { ...unique('x'), wins: 'last' }
      const target = (of: string) =>
        `create table ${of} (id uuid primary key, legacy integer, x text, y text check (y <> 'bad'))`
      const id = await scene.move({
        name,
        source: `${table('t', rows)}; ${table('u', rows)}`,
        target: `${target('t')}; ${target('u')}`,
        entities: [entity(name, 't', [unique('x')]), entity(name, 'u', [last])],
        batchRows,
      })
      expect(await accepted(name, 't')).toEqual(['2', '6'])
      expect(await scene.letters(id, 't')).toEqual([
        '1 constraint_violated',
        '3 duplicate',
        '4 constraint_violated',
        '5 constraint_violated',
        // in the batch of its rivals it has lost already
        expect.stringMatching(/^7 (duplicate|constraint_violated)$/),
      ])
      expect(await accepted(name, 'u')).toEqual(['3', '6'])
      expect(await scene.count(id, 'u')).toMatchObject({ loaded: 2, failed: 5 })
    },
  )

  test('is nobody of those that have a null, and goes by all columns of the rule', async () => {
    const name = 'nulls'
    const rows = `values (1, 'a', null), (2, 'a', null), (3, null, null), (4, 'a', 'b'), (5, 'b', 'a'), (6, 'a', 'b')`
    const id = await scene.move({
      name,
      source: `${table('t', rows)}; ${table('u', rows)}`,
      entities: [
        entity(name, 't', [unique('x', 'y')]),
        entity(name, 'u', [{ ...unique('y', 'x'), wins: 'last' }]),
      ],
      batchRows: 2,
    })
    expect(await scene.letters(id, 't')).toEqual(['6 duplicate'])
    expect(await scene.letters(id, 'u')).toEqual(['4 duplicate'])
  })

  test.each([1, 100])(
    'is the first as the source orders its keys and the target compares, in batches of %i',
    async (batchRows) => {
      const name = `icu_${batchRows}`
      const id = await scene.move({
        name,
        source: `create table t (id text collate "en-x-icu" primary key, x text, y text);
          insert into t values ('B', 'one', '1'), ('a', 'ONE', '2'), ('C', 'One', '3'), ('d', 'two', null), ('ä', 'one', null)`,
        target: `create collation bare (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
          create table t (id uuid primary key, legacy text, x text collate bare, y text)`,
        entities: [entity(name, 't', [unique('x')])],
        batchRows,
      })
      expect(await accepted(name, 't')).toEqual(['a', 'd'])
      expect(await scene.letters(id, 't')).toEqual(['ä duplicate', 'B duplicate', 'C duplicate'])
    },
  )

  test('is not one that the target had, and never takes its place', async () => {
    const name = 'hers'
    const rows = `values (1, 'mine', 'a'), (2, 'hers', 'b'), (3, 'mine', 'c')`
    const there = (of: string) => `
      create table ${of} (id uuid primary key default gen_random_uuid(), legacy integer, x text, y text);
      insert into ${of} (legacy, x) values (-1, 'hers')`
    const last = { ...unique('x'), wins: 'last' }
    const id = await scene.move({
      name,
      source: `${table('t', rows)}; ${table('u', rows)}`,
      target: `${there('t')}; ${there('u')}`,
      entities: [
        entity(name, 't', [unique('x')], { conflict: 'ignore' }),
        entity(name, 'u', [last], { conflict: 'update' }),
      ],
      batchRows: 1,
    })
    expect(await accepted(name, 't')).toEqual(['-1', '1'])
    expect(await accepted(name, 'u')).toEqual(['-1', '3'])
    expect(await scene.letters(id, 'u')).toEqual(['1 duplicate', '2 duplicate'])
    expect(await scene.count(id, 'u')).toMatchObject({ read: 3, loaded: 1, failed: 2 })
  })

  test('is the last by one rule alone', async () => {
    const name = 'mixed'
    const rules = [unique('x'), { ...unique('y'), wins: 'last' }]
    const told = {
      name,
      source: table('t', `values (1, 'a', 'b')`),
      entities: [entity(name, 't', rules)],
    }
    await scene.prepare(told)
    await expect(scene.begin(told)).rejects.toThrow('unique_last_not_alone')
  })

  test('stays when an earlier one is tried again', async () => {
    const name = 'again'
    const id = await scene.move({
      name,
      source: table('t', `values (1, 'a', null), (2, 'a', null)`),
      entities: [entity(name, 't', [{ ...unique('x'), wins: 'last' }])],
    })
    await scene.control({ action: 'replay', migration_id: id })
    await scene.verified(id)
    expect(await accepted(name, 't')).toEqual(['2'])
    expect(await scene.letters(id, 't')).toEqual(['1 duplicate'])
  })
})

interface Row {
  readonly id: number
  readonly x: string | null
  readonly y: string | null
  readonly bad: boolean
}

const half = (values: string) => (chance.oneIn(6) ? null : chance.pick([...values]))
const rows = Array.from(
  { length: 40 },
  (_, at): Row => ({
    id: at + 1,
    x: half('abcdefghijklmnopqrstuv'),
    y: half('abcdefghijklmnopqrstuv'),
    bad: chance.oneIn(4),
  }),
)

/** Row by row: accepted where no accepted one before it has the values of a rule. */
function greedy(of: readonly Row[], ...rules: ((row: Row) => string | null)[]): string[] {
  const seen = rules.map(() => new Set<string>())
  const isFree = (row: Row) =>
    rules.every((rule, at) => rule(row) === null || !seen[at]?.has(rule(row)!))
  const taken = of.filter((row) => {
    if (row.bad || !isFree(row)) return false
    for (const [at, rule] of rules.entries()) if (rule(row) !== null) seen[at]?.add(rule(row)!)
    return true
  })
  return taken.map(({ id }) => String(id)).toSorted((a, b) => Number(a) - Number(b))
}

describe.concurrent('several rules at once', { timeout: 60_000 }, () => {
  const both = ({ x, y }: Row) => (x === null || y === null ? null : x + y)
  const sizes = [1, 3, chance.between(4, 20), 40]
  test.each(sizes)('give the answer of one row after the other, in batches of %i', async (size) => {
    const name = `random_${size}`
    const values = rows
      .map(({ id, x, y, bad }) => `(${id}, ${literal(x)}, ${literal(y)}, ${bad})`)
      .join(', ')
    const at = (of: string) =>
      `create table ${of} (id integer primary key, x text, y text, bad boolean); insert into ${of} values ${values}`
    const there = (of: string) =>
      `create table ${of} (id uuid primary key, legacy integer, x text, y text, bad boolean check (not bad))`
    const columns = { columns: { legacy: 'id', x: 'x', y: 'y', bad: 'bad' } }
    const tables = ['two', 'pair', 'latest']
    const id = await scene.move({
      name,
      source: tables.map(at).join('; '),
      target: tables.map(there).join('; '),
      entities: [
        entity(name, 'two', [unique('x'), unique('y')], columns),
        entity(name, 'pair', [unique('y', 'x'), unique('x')], columns),
        entity(name, 'latest', [{ ...unique('x'), wins: 'last' }], columns),
      ],
      lanes: chance.between(1, 4),
      batchRows: size,
    })
    const { x, y } = { x: (row: Row) => row.x, y: (row: Row) => row.y }
    expect(await accepted(name, 'two')).toEqual(greedy(rows, x, y))
    expect(await accepted(name, 'pair')).toEqual(greedy(rows, both, x))
    expect(await accepted(name, 'latest')).toEqual(greedy(rows.toReversed(), x))
    for (const of of tables) expect(await scene.count(id, of)).toMatchObject({ read: 40 })
  })
})

const literal = (value: string | null) => (value === null ? 'null' : `'${value}'`)
