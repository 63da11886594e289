/** Chosen queries as the statement that each server runs. */
import type { CompiledEntity, CompiledQuery } from '../projection/entity.ts'
import { quoteIdent, quoteTable } from '../projection/quote.ts'
import type { CatalogTable, CatalogType } from '../source/catalog-rows.ts'
import { type findColumn, findKeptColumn } from './column.ts'
import { compileFilter } from './compile-filter.ts'
import { valueClass } from './filter-value.ts'
import { didYouMean, formatTableName, parseTableName } from './names.ts'
import { type Problem, planPath } from './problem.ts'
import { type ReferringEntity, targetName } from './references.ts'
import { queriedClass } from './target-value.ts'
import type { ChosenQuery } from './verification.ts'

export interface QuerySurroundings {
  readonly tables: ReadonlyMap<string, CatalogTable>
  /** What is moved, by `schema.table` at the source. */
  readonly moved: ReadonlyMap<string, ReferringEntity>
  readonly types: readonly CatalogType[]
  readonly problems: Problem[]
}

export function compileQueries(
  queries: readonly ChosenQuery[],
  surroundings: QuerySurroundings,
): CompiledQuery[] {
  const taken = new Set<string>()
  return queries.flatMap((query, at) => {
    const path = ['verification', 'queries', at]
    if (taken.has(query.name)) {
      surroundings.problems.push({
        code: 'query_duplicate',
        message: `Two queries are called ${JSON.stringify(query.name)}.`,
        hint: 'Give one of them another name.',
        path: planPath([...path, 'name']),
      })
    }
    taken.add(query.name)
    return compileQuery(query, path, surroundings)
  })
}

function compileQuery(
  query: ChosenQuery,
  path: readonly PropertyKey[],
  { tables, moved, types, problems }: QuerySurroundings,
): CompiledQuery[] {
  // The schema has checked the form.
  const { schema, table: written } = parseTableName(query.entity)!
  const name = formatTableName({ schema: schema ?? '', table: written })
  const [table, entity] = [tables.get(name), moved.get(name)]
  if (table === undefined || entity === undefined) {
    problems.push({
      code: 'query_entity_unknown',
      message: `A query asks ${name}, which is not moved.`,
      hint: didYouMean(name, [...moved.keys()], 'Ask a table that the plan moves.'),
      path: planPath([...path, 'entity']),
    })
    return []
  }
  const { definition, listed } = entity
  const find: typeof findColumn = (whole, column, at, into) =>
    findKeptColumn(whole, listed, column, at, into)
  query.order?.forEach((column, at) => {
    const place = [...path, 'order', at]
    const found = find(table, column, place, problems)
    if (found === undefined || valueClass(found, types) !== undefined) return
    problems.push({
      code: 'query_type_unsupported',
      message: `A query cannot be ordered by ${column}, which is ${found.type}.`,
      hint: 'Order it by numbers, texts, enums, UUIDs, dates, times or truth values.',
      path: planPath(place),
    })
  })
  const filter = query.where
  const within = { table, types, problems, find }
  // What is wrong with a value is said once.
  const there = {
    ...within,
    problems: [],
    classOf: queriedClass,
    nameOf: (column: string) => targetName(definition, column),
  }
  const where = filter && compileFilter(filter, [...path, 'where'], within)
  const whereThere = filter && compileFilter(filter, [...path, 'where'], there)
  return [
    {
      name: query.name,
      entity: name,
      source: statement(definition, 'source', [definition.filter, where], query),
      target: statement(definition, 'target', [whereThere], query),
    },
  ]
}

/** Inherited rows belong to it, as they do for whoever asks a table. */
function statement(
  definition: CompiledEntity,
  side: 'source' | 'target',
  conditions: readonly (string | undefined)[],
  { order = [], limit }: ChosenQuery,
): string {
  const columns = definition.columns.map((column) => quoteIdent(column[side])).join(', ')
  const where = conditions.flatMap((each) => (each === undefined ? [] : [`(${each})`]))
  const ordered = order.map((column) =>
    quoteIdent(side === 'source' ? column : targetName(definition, column)),
  )
  return [
    `select ${columns} from ${quoteTable(definition[side])}`,
    ...(where.length === 0 ? [] : [`where ${where.join(' and ')}`]),
    ...(ordered.length === 0 ? [] : [`order by ${ordered.join(', ')}`]),
    ...(limit === undefined ? [] : [`limit ${limit}`]),
  ].join(' ')
}
