/**
 * The check of references: every row of the target that points at another one finds it there. Looked at
 * by the rows themselves, because a constraint that is not there, or is not validated, tells nothing.
 */
import type { CompiledReference } from '../../projection/entity.ts'
import {
  findOffenders,
  fromTarget,
  identity,
  offendersStatement,
  type TargetRows,
} from '../offenders.ts'
import type { Finding, Outcome } from '../outcome.ts'
import {
  isOrphan,
  type ReferencedTable,
  referencedStatement,
  referencesCountStatement,
} from './statements.ts'

/**
 * Looks for orphans among the rows of a batch. One of a constraint that the source itself never validated
 * is a warning.
 * @returns no result for an entity that refers to nothing
 * @throws FerryError `target_*`, without a value of a row
 */
export async function checkReferences(rows: TargetRows): Promise<Outcome> {
  const { target, table, now } = rows
  const { references = [] } = table
  if (references.length === 0) return { results: [], findings: [] }
  const startedAt = now()
  const referenced = await target.query<ReferencedTable>(referencedStatement(references))
  const tables = references.map((_, at) => referenced.find(({ place }) => place === at)!)
  const [counts] = await target.query<{ referring: number[]; orphans: number[] }>(
    referencesCountStatement(rows, references, tables),
  )
  const { referring, orphans } = counts!
  const findings: Finding[] = []
  for (const [at, reference] of references.entries()) {
    if (orphans[at] === 0) continue
    const orphaned = fromTarget(rows, isOrphan(reference, tables[at]!))
    const statement = offendersStatement(identity(table), orphaned)
    findings.push(...(await findOffenders(target, statement, findingOf(reference))))
  }
  const broken = references.filter((_, at) => orphans[at]! > 0)
  const result = {
    check: 'references',
    type: 'referential_integrity',
    status: broken.some(({ validated }) => validated)
      ? 'failed'
      : broken.length > 0
        ? 'warning'
        : 'passed',
    validated: sum(referring),
    issues: sum(orphans),
    criteria: { references: references.map(({ name }) => name) },
    duration_ms: Math.round(now() - startedAt),
  } as const
  return { results: [result], findings }
}

function findingOf({ name, source_columns, validated }: CompiledReference): Omit<Finding, 'key'> {
  return {
    check: 'references',
    kind: 'orphan',
    severity: validated ? 'failed' : 'warning',
    columns: source_columns,
    object: name,
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
