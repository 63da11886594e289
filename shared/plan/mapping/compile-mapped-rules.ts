/** Rules of a mapped entity: about columns of the target, looked at there or on the way. */
import type { CompiledRule } from '../../projection/entity.ts'
import { quoteIdent } from '../../projection/quote.ts'
import type { CatalogColumn, CatalogTable } from '../../source/catalog-rows.ts'
import { compileRules } from '../compile-rule.ts'
import { type Problem, planPath } from '../problem.ts'
import type { Rule } from '../rule.ts'
import type { Rejection } from './checks.ts'
import type { MadeColumn } from './compile-columns.ts'
import type { Intent } from './intent.ts'
import type { Path } from './walk.ts'
import type { World } from './world.ts'

export interface MappedRules {
  /** For the rows of the target. */
  readonly rules: readonly CompiledRule[]
  /** For the rows on their way, over `v`. */
  readonly rejections: readonly (Rejection & { readonly wins?: 'first' | 'last' })[]
}

/** What a row is refused with. */
const codes: Readonly<Record<Rule['rule'], string>> = {
  not_null: 'required_missing',
  range: 'range_violated',
  choice: 'choice_violated',
  pattern: 'pattern_violated',
  length: 'length_violated',
  type: 'type_violated',
  compare: 'comparison_violated',
  unique: 'duplicate',
}

export function compileMappedRules(
  intent: Intent,
  columns: readonly MadeColumn[],
  { catalog, problems }: World,
): MappedRules {
  const { rules, path } = intent.selected
  problems.push(...lastProblems(rules, [...path, 'rules']))
  const places = new Map(columns.map(({ wanted }, at) => [wanted.target, at]))
  const surroundings = {
    table: targetTable(intent, columns),
    listed: null,
    targetName: (name: string) => name,
    types: catalog.types,
  }
  const at = [...path, 'rules']
  const inTarget = compileRules(rules, at, { ...surroundings, problems })
  // What is wrong with a rule is said once.
  const onTheWay = compileRules(rules, at, {
    ...surroundings,
    problems: [],
    operand: (name) => (places.has(name) ? `v.c${places.get(name)}` : quoteIdent(name)),
  })
  const rejections = rules.flatMap((rule, place) => {
    const { name, violation, columns: named, unique } = onTheWay[place]!
    if (rule.severity !== 'reject') return []
    const common = { name, code: codes[rule.rule], columns: unique ?? named }
    if (violation !== undefined) return [{ ...common, violation }]
    const { wins } = rule as Rule & { readonly rule: 'unique' }
    return [wins === undefined ? common : { ...common, wins }]
  })
  return { rules: inTarget, rejections }
}

/**
 * Earlier rows give way to later ones batch by batch: a row that has given way by one rule would have to come
 * back where its rival gives way by another.
 */
function lastProblems(rules: readonly Rule[], path: Path): Problem[] {
  const refusing = rules.flatMap((rule, at) =>
    rule.rule === 'unique' && rule.severity === 'reject' ? [{ at, wins: rule.wins }] : [],
  )
  const last = refusing.find(({ wins }) => wins === 'last')
  if (last === undefined || refusing.length === 1) return []
  return [
    {
      code: 'unique_last_not_alone',
      message:
        'Where the last row wins, no other rule of uniqueness may refuse rows of the entity.',
      hint: 'Let the first row win by all of them, or give the other rules the severity error.',
      path: planPath([...path, last.at, 'wins']),
    },
  ]
}

/** The target's table in the words of a catalog, as far as rules ask. */
function targetTable({ selected }: Intent, columns: readonly MadeColumn[]): CatalogTable {
  const { table, target } = selected
  return {
    ...table,
    schema: target.schema,
    name: target.table,
    columns: columns.map(({ wanted, type }): CatalogColumn => {
      const isOfSource = type.oid !== '0'
      return {
        name: wanted.target,
        type: isOfSource ? type.type : (type.base ?? type.type),
        type_oid: type.oid,
        length: -1,
        collation: null,
        not_null: type.not_null,
        identity: '',
        generated: '',
        storage: null,
        expression: null,
        readable: true,
      }
    }),
  }
}
