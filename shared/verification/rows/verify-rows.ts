/**
 * The check of rows, for one batch of one entity: both sides hold the same rows, recomputed from what is
 * stored. Digests and key texts are all that leaves the servers.
 */

import type { CheckName, CheckResult, Finding, Outcome } from '../outcome.ts'
import type { VerificationBatch } from './bounds.ts'
import { compareBuckets, type DifferingBucket, settleBuckets } from './buckets.ts'
import { type Comparison, keysOnly } from './comparison.ts'
import { compareRows } from './multiplicities.ts'
import { nameFindings } from './name.ts'
import { sampleBatch } from './sample.ts'
import { compareSegments } from './segments.ts'
import { type Patience, settle } from './settle.ts'
import { noSuspects } from './suspects.ts'

export interface RowsOptions {
  /** The same one for all batches of a verification: what is drawn can be drawn again. */
  readonly seed: bigint | string
  /** Rows to draw from this batch, on each side; for mode `sample`. */
  readonly sampleRows: number
  readonly pause: (milliseconds: number) => Promise<void>
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/**
 * Compares the rows of a batch as its mode asks for. What differs is looked at again until it settles or
 * stands, and is then named by key and columns.
 * @throws FerryError `source_*`, `target_*`, without a value of a row
 */
export async function verifyRows(batch: VerificationBatch, options: RowsOptions): Promise<Outcome> {
  const startedAt = options.now()
  const { comparison } = batch
  const { mode, strategy } = comparison
  const patience = { pause: options.pause, now: options.now, openedAt: startedAt }
  const check = mode === 'full' ? 'checksum' : 'counts'
  const walked = await walk(batch, patience, check)
  const counted = rowsOf(walked)
  const checked = options.now()
  const results: CheckResult[] = [
    {
      ...resultOf(check, walked.findings, counted.validated),
      criteria: { mode, strategy },
      duration_ms: Math.round(checked - startedAt),
      source_rows: walked.sourceRows,
      target_rows: counted.targetRows,
    },
  ]
  if (mode !== 'sample') return { results, findings: walked.findings }
  const drawn = { seed: String(options.seed), rows: options.sampleRows }
  const sampled = await sampleBatch(batch, drawn, patience, walked.findings)
  results.push({
    ...resultOf('sample', sampled.findings, sampled.validated),
    criteria: { mode, strategy, rows: options.sampleRows, seed: drawn.seed },
    duration_ms: Math.round(options.now() - checked),
  })
  return { results, findings: [...walked.findings, ...sampled.findings] }
}

interface Walked {
  readonly sourceRows: number
  readonly findings: readonly Finding[]
}

/** Goes through all rows of the batch: by their digests in mode `full`, by their keys otherwise. */
async function walk(
  { comparison: whole, range, cuts, part }: VerificationBatch,
  patience: Patience,
  check: CheckName,
): Promise<Walked> {
  const comparison: Comparison = whole.mode === 'full' ? whole : keysOnly(whole)
  if (comparison.strategy === 'row') return compareRows(comparison, part, patience)
  const suspects = noSuspects()
  let unlisted: readonly DifferingBucket[] = []
  if (comparison.strategy === 'range') await compareSegments(comparison, range, cuts, suspects)
  else unlisted = await compareBuckets(comparison, part, suspects)
  const standing = await settle(comparison, suspects, patience)
  const findings = await nameFindings(comparison, standing, check)
  findings.push(...(await settleBuckets(comparison, part, unlisted, check, patience)))
  return { sourceRows: suspects.sourceRows, findings }
}

/** Rows of the target as the findings leave them: two snapshots of a table in use differ by themselves. */
function rowsOf({ sourceRows, findings }: Walked) {
  let more = 0
  let fewer = 0
  for (const { kind, detail } of findings) {
    const [source, target] = countsOf(kind, detail)
    if (target > source) more += target - source
    else fewer += source - target
  }
  return { targetRows: sourceRows + more - fewer, validated: sourceRows + more }
}

function countsOf(kind: Finding['kind'], detail: Finding['detail']): [number, number] {
  const number = (name: string, otherwise: number) => Number(detail?.[name] ?? otherwise)
  if (kind === 'range') return [number('source_rows', 0), number('target_rows', 0)]
  return [
    number('source_count', kind === 'extra' ? 0 : 1),
    number('target_count', kind === 'missing' ? 0 : 1),
  ]
}

function resultOf(check: CheckName, findings: readonly Finding[], validated: number) {
  return {
    check,
    type: 'data_completeness',
    status: findings.length === 0 ? 'passed' : 'failed',
    // A row may be found that came while others were counted.
    validated: Math.max(validated, findings.length),
    issues: findings.length,
  } as const
}
