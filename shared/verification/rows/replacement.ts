/** Which rows a repair takes away in the target and copies again, as conditions of each side. */

import { digestAlias } from '../../projection/digest.ts'
import type { CompiledEntity, KeyTexts } from '../../projection/entity.ts'
import { keysCondition } from '../../projection/keys.ts'
import { quoteLiteral } from '../../projection/quote.ts'
import { rowCondition } from '../../projection/range.ts'
import { readTable } from '../../projection/select.ts'
import { both, type ComparedTable, type Comparison } from './comparison.ts'

/** A finding about rows, as the control plane keeps it. */
export interface RowFinding {
  readonly row_key: KeyTexts | null
  readonly range_after: KeyTexts | null
  readonly range_through: KeyTexts | null
  readonly kind: string
  readonly detail: Readonly<Record<string, unknown>>
}

export interface Replacement {
  /** The target's table, in the place of a source. */
  readonly target: CompiledEntity
  /** Conditions on the rows of each side: what is taken away there is what is copied from here. */
  readonly taken: string
  readonly copied: string
}

/**
 * All rows of the findings: by key, by range, and of tables without a key by their digest.
 * @throws FerryError `source_*`, `target_*`
 */
export async function chooseRows(
  comparison: Comparison,
  findings: readonly RowFinding[],
): Promise<Replacement> {
  const { source, target } = comparison
  const keys = findings.flatMap(({ row_key }) => (row_key === null ? [] : [row_key]))
  const ranges = findings.filter(({ kind }) => kind === 'range')
  const digests = await digestsOf(comparison, findings)
  const condition = (table: ComparedTable) =>
    [
      keysCondition(table.entity, keys),
      ...ranges.map(({ range_after: after, range_through: through }) =>
        rowCondition(table.entity, { after, through }),
      ),
      ...(digests.length === 0 ? [] : [digestCondition(table, digests)]),
    ].join(' or ')
  return { target: target.entity, taken: condition(target), copied: condition(source) }
}

/** Digests of the rows without key that the findings name by their places. */
async function digestsOf(
  { source, target }: Comparison,
  findings: readonly RowFinding[],
): Promise<readonly string[]> {
  const places = (name: string) =>
    findings.flatMap(({ row_key, detail }) => {
      const place = detail[name]
      return row_key === null && typeof place === 'string' ? [place] : []
    })
  const [here, there] = await both(
    readDigests(source, places('source_place')),
    readDigests(target, places('target_place')),
  )
  return [...new Set([...here, ...there])]
}

async function readDigests(table: ComparedTable, places: readonly string[]): Promise<string[]> {
  if (places.length === 0) return []
  const list = places.map((place) => `${quoteLiteral(place)}::tid`).join(', ')
  const rows = await table.side.query<{ digest: string }>(
    `select ${table.digest} as digest from ${readTable(table.entity.source)} as ${digestAlias}
      where ${digestAlias}.ctid = any (array[${list}])`,
  )
  return rows.map(({ digest }) => digest)
}

/** By place, because a digest names the columns of its own query; partitions have places of their own. */
export function digestCondition(table: ComparedTable, digests: readonly string[]): string {
  const list = digests.map(quoteLiteral).join(', ')
  return `(tableoid, ctid) in (
    select ${digestAlias}.tableoid, ${digestAlias}.ctid from ${readTable(table.entity.source)} as ${digestAlias}
     where ${table.digest} in (${list}))`
}
