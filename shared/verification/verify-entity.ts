/** All that is checked about the rows of one batch: that they are the same, and that they hold together. */
import type { KeyTexts } from '../projection/entity.ts'
import { rowCondition } from '../projection/range.ts'
import type { TargetRows } from './offenders.ts'
import type { Outcome } from './outcome.ts'
import { checkReferences } from './references/check-references.ts'
import { type BoundsOptions, type VerificationBatch, verificationBounds } from './rows/bounds.ts'
import { type RowsOptions, verifyRows } from './rows/verify-rows.ts'
import { checkRules } from './rules/check-rules.ts'

export interface EntityOptions extends BoundsOptions, RowsOptions {
  /** Hands on what lies behind a key; nothing is compared before. */
  readonly carve: (through: KeyTexts) => Promise<void>
}

/** @throws FerryError `source_*`, `target_*`, without a value of a row; what `carve` rejects with */
export async function verifyEntity(options: EntityOptions): Promise<Outcome> {
  const bounds = await verificationBounds(options)
  const { through } = bounds.range
  if (bounds.more && through !== null) await options.carve(through)
  // Of the rows to draw, every batch draws its share.
  const sampleRows = Math.ceil(options.sampleRows * bounds.share)
  const outcomes = [await verifyRows(bounds, { ...options, sampleRows })]
  const rows = rowsInTarget(bounds, options)
  if (options.mode !== 'counts' && rows !== undefined) {
    outcomes.push(await checkReferences(rows))
    outcomes.push(await checkRules({ ...rows, first: options.range.after === null }))
  }
  return {
    results: outcomes.flatMap(({ results }) => results),
    findings: outcomes.flatMap(({ findings }) => findings),
  }
}

/** The batch's rows in the target; of a table that is compared by hash, the first batch takes them all. */
function rowsInTarget(
  { comparison, range }: VerificationBatch,
  { target, now, range: asked }: EntityOptions,
): TargetRows | undefined {
  const table = comparison.target.entity
  if (comparison.strategy === 'range') {
    const whole = range.after === null && range.through === null
    return { target, table, where: whole ? '' : rowCondition(table, range), now }
  }
  return asked.after === null ? { target, table, where: '', now } : undefined
}
