/** Chosen queries as the statement that each server runs. */
import type { CompiledQuery, TableName } from '../projection/entity.ts'
import { quoteIdent, quoteTable } from '../projection/quote.ts'
import type { CatalogTable, CatalogType } from '../source/catalog-rows.ts'
import { type findColumn, findKeptColumn } from './column.ts'
import { compileFilter } from './compile-filter.ts'
import { valueClass } from './filter-value.ts'
import { didYouMean, formatTableName, parseTableName } from './names.ts'
import { type Problem, planPath } from './problem.ts'
import { copiedColumns, type ReferringEntity, targetName } from './references.ts'
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
  const { definition } = entity
  const columns = copiedColumns(entity, table)
  // What a mapping changes cannot be asked for alike on both sides.
  const listed = entity.shape === undefined ? entity.listed : columns.map(({ source }) => source)
  const nameOf = (column: string) =>
    columns.find(({ source }) => source === column)?.target ?? targetName(definition, column)
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
    nameOf,
  }
  const where = filter && compileFilter(filter, [...path, 'where'], within)
  const whereThere = filter && compileFilter(filter, [...path, 'where'], there)
  return [
    {
      name: query.name,
      entity: name,
      source: statement(
        definition.source,
        columns.map(({ source }) => source),
        [definition.filter, where],
        query,
        (column) => column,
      ),
      target: statement(
        definition.target,
        columns.map(({ target }) => target),
        [whereThere],
        query,
        nameOf,
      ),
    },
  ]
}

/** Inherited rows belong to it, as they do for whoever asks a table. */
function statement(
  table: TableName,
  columns: readonly string[],
  conditions: readonly (string | undefined)[],
  { order = [], limit }: ChosenQuery,
  nameOf: (column: string) => string,
): string {
  const where = conditions.flatMap((each) => (each === undefined ? [] : [`(${each})`]))
  const ordered = order.map((column) => quoteIdent(nameOf(column)))
  return [
    `select ${columns.map(quoteIdent).join(', ')} from ${quoteTable(table)}`,
    ...(where.length === 0 ? [] : [`where ${where.join(' and ')}`]),
    ...(ordered.length === 0 ? [] : [`order by ${ordered.join(', ')}`]),
    ...(limit === undefined ? [] : [`limit ${limit}`]),
  ].join(' ')
}
