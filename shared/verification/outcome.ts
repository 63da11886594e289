/** What a check found out: one shape for all of them. The control plane adds up batches by entity and check. */
import type { KeyRange } from '../projection/entity.ts'

export type CheckName =
  | 'counts'
  | 'checksum'
  | 'sample'
  | 'references'
  | 'rules'
  | 'schema'
  | 'queries'

export type ValidationType =
  | 'referential_integrity'
  | 'data_completeness'
  | 'business_rules'
  | 'performance'

export interface CheckResult {
  readonly check: CheckName
  readonly type: ValidationType
  readonly status: 'passed' | 'failed' | 'warning'
  /** Records or objects that were looked at; issues never exceed it. */
  readonly validated: number
  readonly issues: number
  /** What was checked; never a value of a row. */
  readonly criteria: Readonly<Record<string, unknown>>
  readonly duration_ms: number
  /** `entity_name`, where one batch covers several entities. */
  readonly entity?: string
  /** Rows that are to be moved, and rows that are there: of checks over rows. */
  readonly source_rows?: number
  readonly target_rows?: number
}

export interface Finding {
  readonly check: CheckName
  /**
   * missing: in the source alone; extra: in the target alone; changed: in both, with other `columns`;
   * duplicates: a row without key that is there another number of times; range: too many to be listed.
   */
  readonly kind:
    | 'missing'
    | 'extra'
    | 'changed'
    | 'duplicates'
    | 'range'
    | 'orphan'
    | 'rule'
    | 'schema'
    | 'query'
  readonly severity: 'failed' | 'warning'
  readonly entity?: string
  /** Key texts as the server printed them: the only values of a row anywhere. */
  readonly key?: readonly string[]
  readonly range?: KeyRange
  /** Names at the source. */
  readonly columns?: readonly string[]
  /** Constraint, index, rule, query … concerned. */
  readonly object?: string
  /** Codes, names, counts, definitions; never a value of a row. */
  readonly detail?: Readonly<Record<string, unknown>>
}

export interface Outcome {
  readonly results: readonly CheckResult[]
  readonly findings: readonly Finding[]
}
