/**
 * The check of chosen queries: what they cost before and after. Only ever a warning; no row leaves the
 * servers.
 */
import { FerryError } from '../../platform/errors.ts'
import { isRetryable } from '../../platform/sqlstate.ts'
import type { CompiledQuery, KeyTexts } from '../../projection/entity.ts'
import type { Finding, Outcome } from '../outcome.ts'
import type { Side } from '../side.ts'
import { explainStatements, type PlanRow, type Run, readPlan } from './plan.ts'

export interface QueryOptions {
  readonly source: Side
  readonly target: Side
  readonly query: CompiledQuery
  /** What all runs together may take. */
  readonly budgetMs: number
  /** Monotonic milliseconds. */
  readonly now: () => number
}

const runs = 3
/** A query is slower where it takes so many times as long, and so much longer. */
const slowerTimes = 2
const slowerMs = 50
/** Rows of a table that may be read whole. */
const smallRows = 1000
/** SQLSTATE of a statement that was stopped. */
const stopped = '57014'

/** The query of a batch: each takes one, and `through` is its number where more follow. */
export function queryOfBatch(
  queries: readonly CompiledQuery[],
  after: KeyTexts | null,
): {
  readonly query: CompiledQuery | undefined
  readonly through: KeyTexts
  readonly more: boolean
} {
  const at = after === null ? 0 : Number(after[0]) + 1
  return { query: queries[at], through: [String(at)], more: at < queries.length - 1 }
}

/**
 * Runs a query some times on both sides, in turns, and compares plans, times and numbers of rows.
 * @throws FerryError `source_*`, `target_*`, where trying again can help
 */
export async function verifyQuery(options: QueryOptions): Promise<Outcome> {
  const { query, now } = options
  const startedAt = now()
  const measured = await measure(options, startedAt)
  const findings = 'side' in measured ? [notMeasured(query, measured)] : compare(query, measured)
  const result = {
    check: 'queries',
    type: 'performance',
    status: findings.length === 0 ? 'passed' : 'warning',
    validated: 1,
    issues: findings.length === 0 ? 0 : 1,
    criteria: { runs, slower_times: slowerTimes, slower_ms: slowerMs, whole_table_rows: smallRows },
    duration_ms: Math.round(now() - startedAt),
    entity: query.entity,
  } as const
  return { results: [result], findings }
}

interface Measured {
  readonly source: Run
  readonly target: Run
}

interface NotMeasured {
  readonly side: 'source' | 'target'
  /** Of the failure. */
  readonly error: string
}

/** The run of each side that took the middle time. A query that is slow is run once. */
async function measure(options: QueryOptions, startedAt: number): Promise<Measured | NotMeasured> {
  const { query, budgetMs, now } = options
  const taken: Record<'source' | 'target', Run[]> = { source: [], target: [] }
  const left = () => budgetMs - (now() - startedAt)
  for (let run = 0; run < runs; run += 1) {
    const before = now()
    for (const side of ['source', 'target'] as const) {
      // What the source leaves of the first round is the target's.
      const limit = run === 0 && side === 'source' ? left() / 2 : left()
      try {
        const answer = await options[side].query<readonly PlanRow[]>(
          explainStatements(query[side], limit),
        )
        taken[side].push(readPlan(answer))
      } catch (error) {
        const failure = error instanceof FerryError ? error : undefined
        if (failure === undefined) throw error
        if (isRetryable(failure) && failure.context.sqlstate !== stopped) throw failure
        if (run === 0) return { side, error: failure.code }
      }
    }
    if (left() < 2 * (now() - before)) break
  }
  return { source: middle(taken.source), target: middle(taken.target) }
}

function middle(taken: readonly Run[]): Run {
  return taken.toSorted((a, b) => a.ms - b.ms)[Math.floor(taken.length / 2)]!
}

function compare(query: CompiledQuery, { source, target }: Measured): Finding[] {
  const codes = [
    ...(source.rows === target.rows ? [] : ['query_rows_differ']),
    ...(target.ms > slowerTimes * source.ms && target.ms - source.ms > slowerMs
      ? ['query_slower']
      : []),
    ...(source.indexed && source.scanned === 0 && target.scanned >= smallRows
      ? ['query_reads_whole_table']
      : []),
  ]
  const detail = {
    source_ms: source.ms,
    target_ms: target.ms,
    source_nodes: source.nodes,
    target_nodes: target.nodes,
    source_rows: source.rows,
    target_rows: target.rows,
  }
  return codes.map((code) => findingOf(query, { code, ...detail }))
}

function notMeasured(query: CompiledQuery, { side, error }: NotMeasured): Finding {
  return findingOf(query, { code: 'query_not_measured', side, error })
}

function findingOf(query: CompiledQuery, detail: Finding['detail'] & object): Finding {
  const { entity, name: object } = query
  return { check: 'queries', kind: 'query', severity: 'warning', entity, object, detail }
}
