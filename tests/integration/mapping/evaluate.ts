/** Expressions of a plan, evaluated by a server over values that are no constants to it. */
import { randomBytes } from 'node:crypto'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, expect } from 'vitest'
import { cloneDatabase, dropDatabase } from '../../../scripts/local/index.ts'
import {
  compileExpression,
  type Value,
} from '../../../shared/plan/expression/compile-expression.ts'
import { convert, type TargetType } from '../../../shared/plan/expression/convert.ts'
import { expressionSchema } from '../../../shared/plan/expression/expression.ts'
import { parseType, plainType } from '../../../shared/plan/expression/type-text.ts'
import type { Problem } from '../../../shared/plan/problem.ts'
import { quoteLiteral } from '../../../shared/projection/quote.ts'
import { attachServers } from '../../support/project.ts'
import { TEMPLATE } from '../../support/servers.ts'

/** Type of a source column, and the text of its value in each row. */
export interface Column {
  readonly type: string
  readonly values: readonly (string | null)[]
}

export interface Result {
  readonly value: string | null
  readonly refused: string | null
}

/** With the settings that the target's sessions have. */
export function pinned(url: string): Sql {
  return postgres(url, {
    max: 1,
    onnotice: () => undefined,
    connection: {
      search_path: '""',
      DateStyle: 'ISO, MDY',
      IntervalStyle: 'postgres',
      TimeZone: 'UTC',
      standard_conforming_strings: 'on',
    },
  })
}

/** Compiles over columns that are called as the source calls them. */
export function compile(written: unknown, columns: Readonly<Record<string, Column>>): Value {
  const names = Object.keys(columns)
  const problems: Problem[] = []
  const value = compileExpression(expressionSchema.parse(written), ['c'], {
    problems,
    reference: () => undefined,
    column: (name) => ({
      sql: `s.s${names.indexOf(name)}`,
      type: columns[name]!.type,
      fails: [],
    }),
  })
  if (value === undefined) throw new Error(JSON.stringify(problems))
  return value
}

/** One result for each row. Also holds the server to what is said of the value. */
export async function evaluate(
  sql: Sql,
  written: unknown,
  columns: Readonly<Record<string, Column>>,
  to?: TargetType,
): Promise<Result[]> {
  const compiled = compile(written, columns)
  const value = to === undefined ? compiled : convert(compiled, to)
  if ('refused' in value) throw new Error(value.refused)
  return run(sql, value, Object.values(columns), to?.isBuiltin !== false)
}

async function run(
  sql: Sql,
  value: Value,
  columns: readonly Column[],
  isBuiltin: boolean,
): Promise<Result[]> {
  const count = Math.max(1, ...columns.map(({ values }) => values.length))
  const rows = Array.from({ length: count }, (_, at) => {
    const cells = columns.map(({ type, values }) => {
      const text = values[at] ?? null
      return `${text === null ? 'null' : quoteLiteral(text)}::${type === 'bpchar' ? 'pg_catalog.bpchar' : type}`
    })
    return `(${[at, ...cells].join(', ')})`
  })
  const names = ['place', ...columns.map((_, at) => `s${at}`)].join(', ')
  const refused = value.fails.map(({ condition, code }) => `when ${condition} then '${code}'`)
  const hidden = value.fails.filter(({ onlyNull }) => onlyNull === true)
  // Behind "offset 0", the values are no constants to the planner.
  const statement = `select place, (${value.sql})::text as value, pg_catalog.pg_typeof(${value.sql})::text as type,
    ${refused.length === 0 ? 'null' : `case ${refused.join(' ')} end`} as refused,
    ${value.sql} is not null and (${['false', ...hidden.map(({ condition }) => condition)].join(' or ')}) as hidden
  from (select * from (values ${rows.join(', ')}) as listed (${names}) offset 0) as s order by place`
  const found = await sql.unsafe(statement)
  return found.map((row) => {
    const { base, array } = parseType(row.type)
    // A condition makes the base of a domain.
    if (isBuiltin && `${base}${array ? '[]' : ''}` !== plainType(value.type)) {
      throw new Error(`${value.type} is said, ${row.type} is made by ${value.sql}`)
    }
    if (row.hidden === true) throw new Error(`A value is there, and refused: ${value.sql}`)
    return { value: row.value, refused: row.refused }
  })
}

/** A database with the migrations for one test file, and one pinned connection to it. */
export function mappingDatabase(): { readonly sql: Sql } {
  const database = `test_${randomBytes(5).toString('hex')}`
  const { target } = attachServers()
  let sql: Sql | undefined
  beforeAll(async () => {
    await cloneDatabase(target, TEMPLATE, database)
    sql = pinned(target.url(database))
  })
  afterAll(async () => {
    await sql?.end()
    await dropDatabase(target, database)
  })
  return {
    get sql() {
      return sql!
    },
  }
}

export type Cell = string | null
/** In place of a value: what the row is refused for. */
export const invalid = Symbol('value_invalid')
export const unmapped = Symbol('value_unmapped')
export const tooLong = Symbol('length_violated')
const reasons: Readonly<Record<string, symbol>> = {
  value_invalid: invalid,
  value_unmapped: unmapped,
  length_violated: tooLong,
}

/** Values of a column `c` and what becomes of each. */
export async function expectEach(
  sql: Sql,
  written: unknown,
  type: string,
  cells: readonly (readonly [Cell, Cell | symbol])[],
  to?: TargetType,
): Promise<void> {
  const columns = { c: { type, values: cells.map(([cell]) => cell) } }
  const results = await evaluate(sql, written, columns, to)
  const found = results.map(({ value, refused }, at) => [
    cells[at]![0],
    refused === null ? value : reasons[refused],
  ])
  expect(found).toEqual(cells)
}

/**
 * `1 > 1 | x > ! | abcd > #`: values and what becomes of each, "!" for an invalid one and "#" for one that
 * is too long. A null, which stays one, is added.
 */
export function cells(text: string): [Cell, Cell | symbol][] {
  const pairs = text.split(' | ').map((pair): [Cell, Cell | symbol] => {
    const [value = '', made = ''] = pair.split(' > ')
    return [value, made === '!' ? invalid : made === '#' ? tooLong : made]
  })
  return [...pairs, [null, null]]
}
