/** What stands becomes findings, down to the columns. */

import type { CheckName, Finding } from '../outcome.ts'
import type { Comparison } from './comparison.ts'
import { type KeyPair, lookUpColumns } from './look-up.ts'
import type { Standing } from './settle.ts'

/** @param check the check that found it */
export async function nameFindings(
  comparison: Comparison,
  standing: Standing,
  check: CheckName,
): Promise<Finding[]> {
  const changed = standing.pairs.filter(isChanged)
  const columns = comparison.source.digest === '' ? [] : await changedColumns(comparison, changed)
  return [
    ...standing.pairs.filter((pair) => !isChanged(pair)).map((pair) => namePair(pair, check)),
    ...columns
      .map((names, at): Finding => {
        const { key } = changed[at]!
        return { check, kind: 'changed', severity: 'failed', key, columns: names }
      })
      .filter((finding) => finding.columns!.length > 0),
    ...standing.ranges.map(
      ({ range, source, target }): Finding => ({
        check,
        kind: 'range',
        severity: 'failed',
        range,
        detail: { source_rows: source.rows, target_rows: target.rows },
      }),
    ),
  ]
}

function isChanged({ source, target }: KeyPair<string>): boolean {
  return source.length === 1 && target.length === 1
}

function namePair({ key, source, target }: KeyPair<string>, check: CheckName): Finding {
  const severity = 'failed'
  if (target.length === 0) return { check, kind: 'missing', severity, key }
  const detail = { source_count: source.length, target_count: target.length }
  if (source.length > 0) return { check, kind: 'duplicates', severity, key, detail }
  return { check, kind: 'extra', severity, key, ...(target.length > 1 ? { detail } : {}) }
}

/** Names at the source of the columns that differ; none for a row that has become equal meanwhile. */
async function changedColumns(
  comparison: Comparison,
  pairs: readonly KeyPair<string>[],
): Promise<string[][]> {
  const looked = await lookUpColumns(
    comparison,
    pairs.map(({ key }) => key),
  )
  return looked.map(({ source, target }) => {
    const [here, there] = [source[0]?.digest, target[0]?.digest]
    if (here === undefined || there === undefined) return []
    return comparison.entity.columns
      .filter((_, at) => here[at] !== there[at])
      .map((column) => column.source)
  })
}
