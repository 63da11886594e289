/** What a comparison of both sides leaves to be done: keys that are not alike, and parts with too many of them. */

import { rowDigest } from '../../projection/digest.ts'
import { bucketCondition } from '../../projection/digest-buckets.ts'
import type { CompiledKeyColumn, KeyTexts } from '../../projection/entity.ts'
import { rowCondition, whereMoved } from '../../projection/range.ts'
import { readTable } from '../../projection/select.ts'
import type { VerificationBatch } from '../../verification/rows/bounds.ts'
import { compareBuckets } from '../../verification/rows/buckets.ts'
import type { ComparedTable, Comparison } from '../../verification/rows/comparison.ts'
import { compareSegments } from '../../verification/rows/segments.ts'
import { noSuspects } from '../../verification/rows/suspects.ts'
import { keyText, rowAlias } from './key-text.ts'

export interface Differences {
  /** Rows of the source that were looked at. */
  readonly rows: number
  /** Keys whose rows are not the same on both sides, or that one side alone has. */
  readonly keys: readonly KeyTexts[]
  /** What lies beyond the keys that are named; absent where they are all. */
  readonly parts?: DifferingParts
}

/** Parts of a table that are read again whole: memory does not grow with the number of differences. */
export interface DifferingParts {
  /** Condition on rows of the source. */
  readonly condition: string
  /** `select key …`: what the target has there, as the map has keys. */
  readonly known: string
}

/** Keys that are named one by one; those of several columns are a condition each. */
export function mostKeys(key: readonly CompiledKeyColumn[]): number {
  return key.length === 1 ? 10_000 : 1000
}

/**
 * Compares the rows of a batch of an entity whose rows are the same on both sides. Nothing is looked at
 * twice: what differs because it has just been written is brought over like anything else.
 */
export async function findDifferences(batch: VerificationBatch): Promise<Differences> {
  const { comparison, range, cuts, part } = batch
  const { source, target } = comparison
  const suspects = noSuspects(mostKeys(source.entity.key))
  const conditions: ((table: ComparedTable) => string)[] = []
  if (comparison.strategy === 'range') {
    await compareSegments(comparison, range, cuts, suspects)
    for (const each of suspects.ranges) {
      conditions.push(({ entity }) => rowCondition(entity, each.range))
    }
  } else {
    const left = await compareBuckets(comparison, part, suspects)
    const buckets = left.map(({ bucket }) => bucket)
    if (buckets.length > 0) {
      conditions.push((table) => bucketCondition({ ...table, digest: '' }, part, buckets))
    }
  }
  const { sourceRows: rows } = suspects
  const keys = [...suspects.keys.values()]
  if (conditions.length === 0) return { rows, keys }
  const condition = (table: ComparedTable) =>
    `(${conditions.map((each) => each(table)).join(' or ')})`
  return {
    rows,
    keys,
    parts: { condition: condition(source), known: knownIn(target, condition(target)) },
  }
}

function knownIn({ entity }: ComparedTable, condition: string): string {
  return `select ${keyText(entity.key)} as key from ${readTable(entity.source)} as ${rowAlias}${whereMoved(entity, { condition })}`
}

/** The same comparison, of which rows there are alone: digests of keys in place of those of rows. */
export function ofKeys(comparison: Comparison): Comparison {
  const { source, target } = comparison
  const types = source.entity.key.map(({ type }) => type)
  const bare = (table: ComparedTable): ComparedTable => {
    const columns = table.entity.key.map(({ column }, at) => ({ name: column, type: types[at]! }))
    return { ...table, digest: rowDigest(columns, table.form) }
  }
  return { ...comparison, source: bare(source), target: bare(target) }
}
