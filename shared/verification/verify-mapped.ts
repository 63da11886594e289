/**
 * The check of a mapped entity, for one batch: the rows of a range are staged in the target and computed
 * anew, and held against what the target has.
 */
import type { CompiledEntity } from '../projection/entity.ts'
import type { StageCheck } from '../projection/mapping.ts'
import type { TargetRows } from './offenders.ts'
import type { CheckResult, Finding, Outcome } from './outcome.ts'
import { checkReferences } from './references/check-references.ts'
import { withTargetReferences } from './references/target-references.ts'
import { openComparison } from './rows/comparison.ts'
import { checkRules } from './rules/check-rules.ts'
import type { Side } from './side.ts'

export interface MappedOptions {
  readonly source: Side
  readonly target: Side
  readonly entity: CompiledEntity
  readonly mode: 'counts' | 'sample' | 'full'
  /** Whether the batch begins the entity: then all rows of the target are looked at, too. */
  readonly first: boolean
  /** Stages the batch's rows and compares them. */
  readonly compare: (values: boolean) => Promise<StageCheck>
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** @throws FerryError `source_*`, `target_*`, `fenced`, without a value of a row */
export async function verifyMapped(options: MappedOptions): Promise<Outcome> {
  const { mode, entity, now } = options
  const began = now()
  const check = mode === 'counts' ? 'counts' : 'checksum'
  const { sourceRows, targetRows, findings } = await options.compare(mode !== 'counts')
  const result = {
    check,
    type: 'data_completeness',
    status: statusOf(findings),
    validated: Math.max(sourceRows, targetRows, findings.length),
    issues: findings.length,
    criteria: { mode, strategy: 'staged', id: entity.mapping!.strategy },
    duration_ms: Math.round(now() - began),
    source_rows: sourceRows,
    target_rows: targetRows,
  } as const
  const rows: Outcome = {
    results: [result],
    findings: findings.map((found): Finding => ({ check, severity: 'failed', ...found })),
  }
  if (!options.first || mode === 'counts' || entity.mapping!.strategy === 'lookup') return rows
  const whole = await withTargetReferences(await wholeTable(options))
  const others = [await checkReferences(whole), await checkRules({ ...whole, first: true })]
  return {
    results: [...rows.results, ...others.flatMap(({ results }) => results)],
    findings: [...rows.findings, ...others.flatMap((each) => each.findings)],
  }
}

function statusOf(findings: StageCheck['findings']): CheckResult['status'] {
  if (findings.length === 0) return 'passed'
  return findings.every(({ severity }) => severity === 'warning') ? 'warning' : 'failed'
}

/** The target's table as a check of its rows reads it; its rows are told apart by its own key. */
async function wholeTable({ source, target, entity, now }: MappedOptions): Promise<TargetRows> {
  const { columns, identity } = entity.mapping!
  const names = identity.map((place) => columns[place]!)
  const { target: compared } = await openComparison(
    { source, target },
    {
      ...entity,
      columns: names.map((name) => ({ source: name, target: name, type: 'text' })),
      key: names.map((column) => ({ column, type: 'text' })),
    },
    'counts',
  )
  return { target, table: compared.entity, where: '', now }
}
