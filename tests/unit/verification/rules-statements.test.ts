/** Whatever names and values a plan holds, they are names and literals in the statements and nothing else. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePlan } from '../../../shared/plan/compile.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import type { CompiledEntity } from '../../../shared/projection/entity.ts'
import {
  isOrphan,
  type ReferencedTable,
  referencedStatement,
  referencesCountStatement,
} from '../../../shared/verification/references/statements.ts'
import {
  repeatedStatement,
  repeatingStatement,
  rulesCountStatement,
} from '../../../shared/verification/rules/statements.ts'
import { catalog, column, constraint, key, table } from '../plan/catalog.ts'

interface Words {
  readonly first: string
  readonly second: string
  readonly table: string
  readonly value: string
}

/** Every statement of the checks for a table, a parent and a plan made of some words. */
function statements(words: Words): string[] {
  const { first, second, table: name, value } = words
  const text = { type: 'text', type_oid: '25', length: -1 }
  const actions = { on_update: 'a', on_delete: 'a', set_columns: [], match_full: true }
  const to = { schema: 'public', table: name, columns: [first, second], ...actions }
  const foreign = constraint(value, 'f', { columns: [second, first], reference: to })
  const source = catalog([
    table(name, {
      columns: [column(first, text), column(second, text)],
      constraints: [foreign],
      keys: [key('k', true, [first, second])],
    }),
  ])
  const where = { any: [{ column: first, is: 'starts with', value }] }
  const { plan, problems } = parsePlan({
    version: 1,
    name: 'x',
    source: { secret: 'S' },
    entities: [
      {
        source: `public."${name.replaceAll('"', '""')}"`,
        rules: [
          { rule: 'not_null', column: first },
          { rule: 'range', column: first, min: value, max: value },
          { rule: 'choice', column: second, values: [value, value] },
          { rule: 'pattern', column: second, pattern: value },
          { rule: 'unique', columns: [second, first] },
          { rule: 'compare', left: first, is: '<', right: second },
        ].map((rule, at) => ({ ...rule, name: String(at) })),
      },
    ],
    verification: {
      queries: [
        { name: 'q', entity: `public."${name.replaceAll('"', '""')}"`, where, order: [second] },
      ],
    },
  })
  if (plan === undefined) throw new Error(JSON.stringify(problems))
  const compiled = compilePlan(plan, source)
  expect(compiled.problems).toEqual([])
  const { definition } = compiled.entities[0]!
  const { rules = [], references = [], queries = [] } = definition
  const mirror: CompiledEntity = {
    ...definition,
    source: { ...definition.target, partitioned: false },
  }
  const rows = { table: mirror, where: 'true' }
  const told = { column: first, operators: value } as const
  const facts = { partitioned: false, key: [told] } as unknown as ReferencedTable['facts']
  const parent: ReferencedTable = { place: 0, facts, collations: [[value, second], null] }
  return [
    rulesCountStatement(
      rows,
      rules.filter(({ violation }) => violation !== undefined),
    ),
    repeatedStatement(mirror, rules[4]!.unique!),
    repeatingStatement(mirror, rules[4]!.unique!),
    referencedStatement(references),
    referencesCountStatement(rows, references, [parent]),
    isOrphan(references[0]!, parent),
    ...queries.flatMap((query) => [query.source, query.target]),
  ]
}

/** The text without what stands in quotes: names and literals. */
function skeleton(sql: string): string {
  return sql.replaceAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, '?').replaceAll(/, \d+\)/g, ', n)')
}

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        `'`,
        '"',
        '\\',
        '$$',
        ';',
        '--',
        '/*',
        '*/',
        '%s',
        '\n',
        ')',
        '?',
        '__proto__',
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((units) => units.join(''))
  .filter((text) => !text.includes('\0') && text.isWellFormed() && text.length < 40)
const named = hostile.filter((text) => new TextEncoder().encode(text).length <= 63)

describe('statements of the checks', () => {
  it('keep their form whatever the names and values are', () => {
    const plain = statements({ first: 'one', second: 'two', table: 'three', value: 'four' })
    fc.assert(
      fc.property(named, named, named, hostile, (first, second, name, value) => {
        fc.pre(first !== second)
        const found = statements({ first, second, table: name, value })
        expect(found.map(skeleton)).toEqual(plain.map(skeleton))
        // And they do hold them.
        expect(found[0]).toContain(`'${value.replaceAll("'", "''")}'`)
        expect(found[0]).toContain(`"${first.replaceAll('"', '""')}"`)
      }),
      { numRuns: 300 },
    )
  })
})
