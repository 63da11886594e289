/** Some rows of a batch compared in full: drawn on both sides, so that a row of the target alone is met, too. */
import { sampleStatement } from '../../projection/digest-statements.ts'
import type { KeyTexts } from '../../projection/entity.ts'
import type { Finding } from '../outcome.ts'
import type { VerificationBatch } from './bounds.ts'
import { both, type ComparedTable } from './comparison.ts'
import { sampleRowsWithoutKey } from './multiplicities.ts'
import { nameFindings } from './name.ts'
import { type Patience, settle } from './settle.ts'
import { noSuspects } from './suspects.ts'

export interface Sampled {
  /** Rows that were looked at. */
  readonly validated: number
  readonly findings: readonly Finding[]
}

/** @param known findings of the same batch, which are not named again */
export async function sampleBatch(
  { comparison, range, part }: VerificationBatch,
  draw: { readonly seed: string; readonly rows: number },
  patience: Patience,
  known: readonly Finding[],
): Promise<Sampled> {
  if (comparison.strategy === 'row') {
    return sampleRowsWithoutKey(comparison, part, draw, patience)
  }
  // Where both sides order otherwise, a batch is all of the table.
  const drawn = comparison.strategy === 'range' ? range : { after: null, through: null }
  const read = (table: ComparedTable) =>
    table.side.query<{ key: KeyTexts }>(sampleStatement(table, drawn, draw.seed, draw.rows))
  const [here, there] = await both(read(comparison.source), read(comparison.target))
  const suspects = noSuspects()
  for (const { key } of [...here, ...there]) suspects.keys.set(JSON.stringify(key), key)
  const validated = suspects.keys.size
  for (const { key } of known) suspects.keys.delete(JSON.stringify(key))
  const standing = await settle(comparison, suspects, patience)
  return {
    validated,
    findings: await nameFindings(comparison, standing, 'sample'),
  }
}
