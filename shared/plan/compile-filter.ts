/** A filter as a condition of SQL that never raises, or the problems with it. */
import { quoteIdent } from '../projection/quote.ts'
import type { CatalogColumn, CatalogTable, CatalogType } from '../source/catalog-rows.ts'
import { findColumn } from './column.ts'
import type { Filter, FilterTerm, FilterValue } from './filter.ts'
import { type ValueClass, valueClass } from './filter-value.ts'
import { type Problem, planPath } from './problem.ts'

/** What surrounds the terms of a filter. */
interface Surroundings {
  readonly table: CatalogTable
  readonly types: readonly CatalogType[]
  readonly problems: Problem[]
  /** How values are written where the condition runs; at the source where nothing is said. */
  readonly classOf?: typeof valueClass
  /** What a column is called there. */
  readonly nameOf?: (column: string) => string
  /** What stands for a column, where that is no name. */
  readonly operandOf?: (column: CatalogColumn) => string
  /** Whether a column can be asked at all; all of the table's where nothing is said. */
  readonly find?: typeof findColumn
}

const deepest = 20

/** @param path of the filter in the plan */
export function compileFilter(
  filter: Filter,
  path: readonly PropertyKey[],
  surroundings: Surroundings,
): string {
  if (path.length > deepest * 2) {
    surroundings.problems.push({
      code: 'filter_too_deep',
      message: `A filter is nested more than ${deepest} times.`,
      hint: 'Write it with fewer levels.',
      path: planPath(path.slice(0, 4)),
    })
    return 'false'
  }
  for (const [name, word] of [
    ['all', ' and '],
    ['any', ' or '],
  ] as const) {
    const inner = (filter as Partial<Record<'all' | 'any', readonly Filter[]>>)[name]
    if (inner === undefined) continue
    const parts = inner.map((each, at) => compileFilter(each, [...path, name, at], surroundings))
    return `(${parts.join(word)})`
  }
  return compileTerm(filter as FilterTerm, path, surroundings)
}

function compileTerm(
  term: FilterTerm,
  path: readonly PropertyKey[],
  surroundings: Surroundings,
): string {
  const { table, types, problems, classOf = valueClass, find = findColumn } = surroundings
  const refuse = (code: string, message: string, hint: string, ...at: PropertyKey[]) => {
    problems.push({ code, message, hint, path: planPath([...path, ...at]) })
    return 'false'
  }
  const column = find(table, term.column, [...path, 'column'], problems)
  if (column === undefined) return 'false'
  const name =
    surroundings.operandOf?.(column) ??
    quoteIdent(surroundings.nameOf?.(column.name) ?? column.name)
  if (term.is === 'null' || term.is === 'not null') return `${name} is ${term.is}`
  const values = classOf(column, types)
  if (values === undefined) {
    return refuse(
      'filter_type_unsupported',
      `A filter cannot compare ${column.name}, which is ${column.type}.`,
      'Such a column can only be asked for null and not null.',
      'column',
    )
  }
  if (term.is === 'starts with' && !values.isText) {
    return refuse(
      'filter_type_unsupported',
      `Only a text starts with something, and ${column.name} is ${column.type}.`,
      'Compare it with <, <=, > or >=.',
      'is',
    )
  }
  const given = valuesOf(term)
  const literals = given.map(([value, at]) => {
    const literal = values.literal(value)
    const message = `The value does not fit ${column.name}, which is ${column.type}.`
    return literal ?? refuse('filter_value_invalid', message, `Give ${values.expected}.`, ...at)
  })
  if (term.is === 'starts with') return startsWith(name, String(given[0]![0]))
  const compare = (sign: string, literal: string) => `${name} ${operator(sign, values)} ${literal}`
  if (term.is === 'in') return `(${literals.map((each) => compare('=', each)).join(' or ')})`
  if (term.is === 'not in') return `(${literals.map((each) => compare('<>', each)).join(' and ')})`
  return compare(term.is, literals[0]!)
}

/** Each with its place in the term. */
function valuesOf(term: FilterTerm): readonly (readonly [FilterValue, readonly PropertyKey[]])[] {
  if ('values' in term) return term.values.map((value, at) => [value, ['values', at]] as const)
  return 'value' in term ? [[term.value, ['value']]] : []
}

/** By the characters themselves: a pattern raises under collations that hold different texts for equal. */
function startsWith(name: string, prefix: string): string {
  const length = [...prefix].length
  return `pg_catalog.left(${name}::text, ${length}) = '${prefix.replaceAll("'", "''")}' collate "C"`
}

function operator(sign: string, { operators }: ValueClass): string {
  return operators === null ? sign : `operator(${quoteIdent(operators)}.${sign})`
}
