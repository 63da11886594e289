/**
 * Rules of an entity as conditions that a row violates, or the problems with them: a row of the target,
 * or one that is on its way there.
 */
import type { CompiledRule } from '../projection/entity.ts'
import { quoteIdent, quoteLiteral } from '../projection/quote.ts'
import type { CatalogColumn, CatalogTable, CatalogType } from '../source/catalog-rows.ts'
import { findKeptColumn } from './column.ts'
import { builtInType } from './expression/built-in-type.ts'
import type { FilterValue } from './filter.ts'
import { groupsAlike } from './grouping.ts'
import { type Problem, planPath } from './problem.ts'
import type { Rule } from './rule.ts'
import { checkedClass, type TargetClass } from './target-value.ts'

/** What surrounds the rules of an entity. */
export interface RuleSurroundings {
  readonly table: CatalogTable
  /** Columns that the plan lists; null takes all. */
  readonly listed: readonly string[] | null
  /** Name in the target of a column of the source. */
  readonly targetName: (column: string) => string
  /** What stands for a column in conditions; its quoted name in the target where nothing is said. */
  readonly operand?: (column: string) => string
  readonly types: readonly CatalogType[]
  readonly problems: Problem[]
}

type Path = readonly PropertyKey[]

/** @param path of the rules in the plan */
export function compileRules(
  rules: readonly Rule[],
  path: Path,
  surroundings: RuleSurroundings,
): CompiledRule[] {
  const taken = new Set<string>()
  return rules.map((rule, at) => {
    const columns = columnsOf(rule)
    const name = rule.name ?? `${rule.rule} ${columns.join(', ')}`
    if (taken.has(name)) {
      surroundings.problems.push({
        code: 'rule_duplicate',
        message: `Two rules of ${surroundings.table.schema}.${surroundings.table.name} are called ${JSON.stringify(name)}.`,
        hint: 'Give one of them another name, or remove it where it is the same.',
        path: planPath([...path, at]),
      })
    }
    taken.add(name)
    // What refuses rows leaves none in the target that violate it.
    const severity = rule.severity === 'warning' ? 'warning' : 'failed'
    const violated = violation(rule, [...path, at], surroundings)
    return { name, severity, rule: rule.rule, columns: [...new Set(columns)], ...violated }
  })
}

function columnsOf(rule: Rule): readonly string[] {
  if (rule.rule === 'unique') return rule.columns
  return rule.rule === 'compare' ? [rule.left, rule.right] : [rule.column]
}

function operandOf({ name }: CatalogColumn, { operand, targetName }: RuleSurroundings): string {
  return operand?.(name) ?? quoteIdent(targetName(name))
}

/** What was refused violates nothing: such a plan does not start. */
function violation(
  rule: Rule,
  path: Path,
  surroundings: RuleSurroundings,
): Pick<CompiledRule, 'violation' | 'unique'> {
  if (rule.rule === 'unique') return { unique: uniqueColumns(rule.columns, path, surroundings) }
  if (rule.rule === 'compare') return { violation: comparison(rule, path, surroundings) }
  const at = [...path, 'column']
  const column = findKept(rule.column, at, surroundings)
  if (column === undefined) return { violation: 'false' }
  const name = operandOf(column, surroundings)
  // Of a composite value with nulls alone, `is null` would hold too.
  if (rule.rule === 'not_null') return { violation: `${name} is not distinct from null` }
  const values = classOf(column, at, surroundings)
  if (values === undefined) return { violation: 'false' }
  if (rule.rule === 'pattern' || rule.rule === 'length' || rule.rule === 'type') {
    const violated = values.isText
      ? textViolation(rule, name)
      : refuseType(textOnly(rule.rule, column), at, surroundings.problems)
    return { violation: violated }
  }
  const operand = values.operand(name)
  const literal = (value: FilterValue, ...where: Path) =>
    values.literal(value) ?? refuseValue(column, values, [...path, ...where], surroundings)
  if (rule.rule === 'choice') {
    const others = rule.values.map((each, place) => literal(each, 'values', place))
    return { violation: `(${others.map((each) => `${operand} <> ${each}`).join(' and ')})` }
  }
  const { min, max } = rule
  const parts = [
    ...(min === undefined ? [] : [`${operand} < ${literal(min, 'min')}`]),
    ...(max === undefined ? [] : [`${operand} > ${literal(max, 'max')}`]),
  ]
  return { violation: `(${parts.join(' or ')})` }
}

type TextRule = Rule & { readonly rule: 'pattern' | 'length' | 'type' }

function textViolation(rule: TextRule, name: string): string {
  // Letters and their cases are those of the database: a column's own collation may know no patterns.
  if (rule.rule === 'pattern') {
    return `(${name}::text collate "default") !~ ${quoteLiteral(rule.pattern)}`
  }
  if (rule.rule === 'type') {
    const type = quoteLiteral(builtInType(rule.type))
    return `(${name} is not null and not migration.input_is_valid(${name}::text, ${type}))`
  }
  const length = `pg_catalog.char_length(${name}::text)`
  const parts = [
    ...(rule.min === undefined ? [] : [`${length} < ${rule.min}`]),
    ...(rule.max === undefined ? [] : [`${length} > ${rule.max}`]),
  ]
  return `(${parts.join(' or ')})`
}

function textOnly(rule: TextRule['rule'], { name, type }: CatalogColumn): string {
  const does = { pattern: 'matches a pattern', length: 'has a length', type: 'is read as a type' }
  return `Only a text ${does[rule]}, and ${name} is ${type}.`
}

function comparison(
  rule: Rule & { readonly rule: 'compare' },
  path: Path,
  surroundings: RuleSurroundings,
): string {
  const sides = (['left', 'right'] as const).map((side) => {
    const column = findKept(rule[side], [...path, side], surroundings)
    const values = column && classOf(column, [...path, side], surroundings)
    return values && { column, values, name: operandOf(column, surroundings) }
  })
  const [left, right] = sides
  if (left === undefined || right === undefined) return 'false'
  if (!areComparable(left.values.family, right.values.family)) {
    const [one, other] = [left, right].map(
      ({ column }) => `${column.name}, which is ${column.type}`,
    )
    return refuseType(`Nothing compares ${one}, with ${other}.`, path, surroundings.problems)
  }
  // Two collations of columns would leave none to compare by.
  const operand = ({ name, values }: typeof left) =>
    values.family === 'text' ? `${name}::text collate "default"` : values.operand(name)
  return `not (${operand(left)} ${rule.is} ${operand(right)})`
}

/** A numeric may be greater than any float, and would raise beside one. */
function areComparable(left: string, right: string): boolean {
  const pair = new Set([left, right])
  return pair.size === 1 || (pair.has('integer') && (pair.has('numeric') || pair.has('float')))
}

function uniqueColumns(
  names: readonly string[],
  path: Path,
  surroundings: RuleSurroundings,
): string[] {
  return names.flatMap((each, at) => {
    const where = [...path, 'columns', at]
    const column = findKept(each, where, surroundings)
    if (column === undefined) return []
    if (!groupsAlike(column.type, column.type_oid, surroundings.types)) {
      const message = `Values of ${column.name} cannot be told apart: it is ${column.type}.`
      refuseType(message, where, surroundings.problems)
    }
    return [surroundings.targetName(column.name)]
  })
}

function findKept(name: string, path: Path, { table, listed, problems }: RuleSurroundings) {
  return findKeptColumn(table, listed, name, path, problems)
}

function classOf(
  column: CatalogColumn,
  path: Path,
  { types, problems }: RuleSurroundings,
): TargetClass | undefined {
  const values = checkedClass(column, types)
  if (values === undefined) {
    refuseType(`A rule cannot compare ${column.name}, which is ${column.type}.`, path, problems)
  }
  return values
}

function refuseType(message: string, path: Path, problems: Problem[]): string {
  problems.push({
    code: 'rule_type_unsupported',
    message,
    hint: 'See the plan reference for the types that each rule takes.',
    path: planPath(path),
  })
  return 'false'
}

function refuseValue(
  column: CatalogColumn,
  values: TargetClass,
  path: Path,
  { problems }: RuleSurroundings,
): string {
  problems.push({
    code: 'rule_value_invalid',
    message: `The value does not fit ${column.name}, which is ${column.type}.`,
    hint: `Give ${values.expected}.`,
    path: planPath(path),
  })
  return 'null'
}
