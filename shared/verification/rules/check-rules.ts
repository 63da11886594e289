/** The check of rules: what the plan says about an entity holds for its rows in the target. */
import type { CompiledRule } from '../../projection/entity.ts'
import {
  findOffenders,
  fromTarget,
  identity,
  offendersStatement,
  type TargetRows,
} from '../offenders.ts'
import type { CheckResult, Finding, Outcome } from '../outcome.ts'
import { repeatedStatement, repeatingStatement, rulesCountStatement } from './statements.ts'

export interface RulesOptions extends TargetRows {
  /** Whether the batch begins the entity: then rules about all of its rows are looked at, too. */
  readonly first: boolean
}

interface Looked {
  readonly validated: number
  /** Rows that violate one rule or more. */
  readonly issues: number
  readonly violated: readonly CompiledRule[]
  readonly findings: readonly Finding[]
}

/**
 * Looks at the rules of an entity. A row that violates several is one issue, and a finding for each.
 * @returns no result for a batch that no rule is about
 * @throws FerryError `target_*`, without a value of a row
 */
export async function checkRules(options: RulesOptions): Promise<Outcome> {
  const { table, now, first } = options
  const { rules = [] } = table
  const startedAt = now()
  const looked: Looked[] = []
  const single = rules.filter(({ violation }) => violation !== undefined)
  if (single.length > 0) looked.push(await lookAtRows(options, single))
  for (const rule of rules) {
    if (first && rule.unique !== undefined) looked.push(await lookAtRepeated(options, rule))
  }
  if (looked.length === 0) return { results: [], findings: [] }
  const result: CheckResult = {
    check: 'rules',
    type: 'business_rules',
    status: statusOf(looked.flatMap(({ violated }) => violated)),
    validated: looked.reduce((total, { validated }) => total + validated, 0),
    issues: looked.reduce((total, { issues }) => total + issues, 0),
    criteria: { rules: rules.map(({ name }) => name) },
    duration_ms: Math.round(now() - startedAt),
  }
  return { results: [result], findings: looked.flatMap(({ findings }) => findings) }
}

/** Rules about one row each: all of them in one look. */
async function lookAtRows(rows: TargetRows, rules: readonly CompiledRule[]): Promise<Looked> {
  const [counted] = await rows.target.query<{ counts: number[] }>(rulesCountStatement(rows, rules))
  const [validated = 0, issues = 0, ...each] = counted!.counts
  const violated = rules.filter((_, at) => each[at]! > 0)
  const findings: Finding[] = []
  for (const rule of violated) {
    const from = fromTarget(rows, `(${rule.violation})`)
    const statement = offendersStatement(identity(rows.table), from)
    findings.push(...(await findOffenders(rows.target, statement, findingOf(rule))))
  }
  return { validated, issues, violated, findings }
}

/** A rule about all rows, whose keys are asked for only where there is one to ask for. */
async function lookAtRepeated({ target, table }: TargetRows, rule: CompiledRule): Promise<Looked> {
  const columns = rule.unique!
  const [counted] = await target.query<{ counts: number[] }>(repeatedStatement(table, columns))
  const [validated = 0, issues = 0] = counted!.counts
  if (issues === 0) return { validated, issues, violated: [], findings: [] }
  const statement = repeatingStatement(table, columns)
  const findings = await findOffenders(target, statement, findingOf(rule))
  return { validated, issues, violated: [rule], findings }
}

function findingOf({ name, severity, rule, columns }: CompiledRule): Omit<Finding, 'key'> {
  return { check: 'rules', kind: 'rule', severity, columns, object: name, detail: { rule } }
}

function statusOf(violated: readonly CompiledRule[]): CheckResult['status'] {
  if (violated.some(({ severity }) => severity === 'failed')) return 'failed'
  return violated.length > 0 ? 'warning' : 'passed'
}
