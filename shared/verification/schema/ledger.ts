/** Keeps count of what was compared, and of what differed, by entity. */
import type { CheckResult, Finding, Outcome } from '../outcome.ts'

/** An object of the target, and the entity that it belongs to. */
export interface Place {
  /** `entity_name`. */
  readonly entity: string
  /** Kind and name, such as `index item_pkey`. */
  readonly object: string
}

export type Severity = Finding['severity']

export interface Ledger {
  /**
   * Holds one property of an object against what it should be; null stands for nothing.
   * @returns whether they are the same
   */
  hold(
    at: Place,
    code: string,
    expected: string | null,
    found: string | null,
    severity?: Severity,
  ): boolean
  /** Something that differs for certain. */
  report(
    at: Place,
    code: string,
    detail: { readonly expected?: string; readonly found?: string },
    severity?: Severity,
  ): void
  /** One result an entity. @param elapsed milliseconds that all of it took */
  outcome(elapsed: number, criteria: Readonly<Record<string, unknown>>): Outcome
}

/** Positions are what a migration sets in every table, its own or not. */
const setAnyway: ReadonlySet<string> = new Set(['sequence_behind_source', 'sequence_behind_rows'])

/**
 * @param entities names of all that are looked at
 * @param existed those whose tables the target had before: the migration did not make them, so that
 *   what differs there is worth a warning and no failure
 */
export function openLedger(entities: readonly string[], existed: ReadonlySet<string>): Ledger {
  const counts = new Map(entities.map((entity) => [entity, { validated: 0, issues: 0, failed: 0 }]))
  const findings: Finding[] = []

  const countOf = (entity: string) => {
    const count = counts.get(entity)
    if (count === undefined) throw new Error(`The entity ${entity} is not compared.`)
    count.validated += 1
    return count
  }
  const report: Ledger['report'] = (at, code, detail, severity = 'failed') => {
    const count = countOf(at.entity)
    const weight = existed.has(at.entity) && !setAnyway.has(code) ? 'warning' : severity
    count.issues += 1
    if (weight === 'failed') count.failed += 1
    findings.push({
      check: 'schema',
      kind: 'schema',
      severity: weight,
      entity: at.entity,
      object: at.object,
      detail: { code, ...detail },
    })
  }
  return {
    hold(at, code, expected, found, severity) {
      if (expected === found) {
        countOf(at.entity)
        return true
      }
      const detail = {
        ...(expected === null ? {} : { expected }),
        ...(found === null ? {} : { found }),
      }
      report(at, code, detail, severity)
      return false
    },
    report,
    outcome(elapsed, criteria) {
      const duration_ms = Math.round(elapsed / Math.max(1, counts.size))
      const results = [...counts].map(
        ([entity, { validated, issues, failed }]): CheckResult => ({
          check: 'schema',
          type: 'data_completeness',
          status: failed > 0 ? 'failed' : issues > 0 ? 'warning' : 'passed',
          validated,
          issues,
          criteria,
          duration_ms,
          entity,
        }),
      )
      return { results, findings }
    },
  }
}
