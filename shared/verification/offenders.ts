/** Rows of the target that a check holds against something else than the source, and what identifies them. */
import { digestAlias } from '../projection/digest.ts'
import { keyTexts } from '../projection/digest-statements.ts'
import type { CompiledEntity, KeyTexts } from '../projection/entity.ts'
import { readTable } from '../projection/select.ts'
import type { Finding } from './outcome.ts'
import type { Side } from './side.ts'

/** The rows of one batch in the target. */
export interface TargetRows {
  readonly target: Side
  /** The target's table in the place of a source: `target.entity` of a comparison. */
  readonly table: CompiledEntity
  /** SQL condition of the batch's rows over that table; empty for all of them. */
  readonly where: string
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Findings of one kind in one batch; how many there are is in the result. */
const mostFindings = 100

/** `from … as source where …` for the rows of a batch that meet the conditions, too. */
export function fromTarget(
  { table, where }: Pick<TargetRows, 'table' | 'where'>,
  ...conditions: readonly string[]
): string {
  const all = [...(where === '' ? [] : [`(${where})`]), ...conditions]
  const filter = all.length === 0 ? '' : ` where ${all.join(' and ')}`
  return `from ${readTable(table.source)} as ${digestAlias}${filter}`
}

/** Expressions `key jsonb, place text` of a row: its key, or where it lies where it has none. */
export function identity({ key }: CompiledEntity): string {
  return key.length > 0
    ? `${keyTexts(key)} as key, null::text as place`
    : `null::jsonb as key, ${digestAlias}.ctid::text as place`
}

/** Some rows of `key` and `place`. @param selected the two columns @param rows `from … where …` */
export function offendersStatement(selected: string, rows: string): string {
  return `select ${selected} ${rows} limit ${mostFindings}`
}

/** One finding for each row that a statement of `offendersStatement` names. */
export async function findOffenders(
  target: Side,
  statement: string,
  finding: Omit<Finding, 'key'>,
): Promise<Finding[]> {
  const rows = await target.query<{ key: KeyTexts | null; place: string | null }>(statement)
  return rows.map(({ key, place }) => ({
    ...finding,
    ...(key === null ? {} : { key }),
    ...(place === null ? {} : { detail: { ...finding.detail, target_place: place } }),
  }))
}
