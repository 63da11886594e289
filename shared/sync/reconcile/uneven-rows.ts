/** Tables whose rows nothing tells apart: rows are held against each other by digest, and how often each is there. */

import { digestAlias } from '../../projection/digest.ts'
import { bucketCondition } from '../../projection/digest-buckets.ts'
import { readTable } from '../../projection/select.ts'
import type { VerificationBatch } from '../../verification/rows/bounds.ts'
import { readBuckets } from '../../verification/rows/buckets.ts'
import type { ComparedTable } from '../../verification/rows/comparison.ts'
import { listUneven } from '../../verification/rows/multiplicities.ts'
import { digestCondition } from '../../verification/rows/replacement.ts'

/** What is to be replaced in the target, as conditions of each side. */
export interface UnevenRows {
  /** Rows of the source that were looked at. */
  readonly rows: number
  /** By how many rows the target has more than the source. */
  readonly surplus: number
  /** Conditions on the rows that are taken away and copied again; null where there are none. */
  readonly taken: string | null
  readonly copied: string
}

/** Digests that are named one by one. */
const mostDigests = 5000

export async function findUneven({ comparison, part }: VerificationBatch): Promise<UnevenRows> {
  const { source, target } = comparison
  const { rows, differing } = await readBuckets(comparison, part)
  const { uneven, left } = await listUneven(comparison, part, differing, mostDigests)
  const surplus = differing.reduce((sum, each) => sum + each.target.rows - each.source.rows, 0)
  const digests = uneven.map((pair) => (pair.source ?? pair.target)!.digest)
  const buckets = left.map(({ bucket }) => bucket)
  if (digests.length + buckets.length === 0) return { rows, surplus, taken: null, copied: '' }
  const condition = (table: ComparedTable) =>
    [
      ...(digests.length === 0 ? [] : [digestCondition(table, digests)]),
      ...(buckets.length === 0 ? [] : [bucketCondition(table, part, buckets)]),
    ].join(' or ')
  return { rows, surplus, taken: condition(target), copied: `(${condition(source)})` }
}

/** Notes the rows of the target that are taken away, in `ferry_taken`, by their places. */
export function takenStatement(table: ComparedTable, taken: string): string {
  // The condition has names of its own: it is asked from inside, where the table has no other.
  return `create temp table ferry_taken on commit drop as
    select ${digestAlias}.tableoid as table_id, ${digestAlias}.ctid as place, ${table.digest} as digest
      from (select tableoid, ctid from ${readTable(table.entity.source)} where ${taken}) as taken
      join ${readTable(table.entity.source)} as ${digestAlias} on ${digestAlias}.ctid = taken.ctid and ${digestAlias}.tableoid = taken.tableoid`
}

export function removeStatement({ entity }: ComparedTable): string {
  return `delete from ${readTable(entity.source)} as t using pg_temp.ferry_taken as taken
    where t.ctid = taken.place and t.tableoid = taken.table_id`
}

/** One row `(inserted text, deleted text)`: by how many each digest is there more or less often than before. */
export function countStatement(table: ComparedTable): string {
  return `select coalesce(sum(greatest(coalesce(a.rows, 0) - coalesce(b.rows, 0), 0)), 0)::text as inserted,
    coalesce(sum(greatest(coalesce(b.rows, 0) - coalesce(a.rows, 0), 0)), 0)::text as deleted
  from (select ${table.digest} as digest, count(*) as rows from ${readTable(table.entity.source)} as ${digestAlias}
      where ${digestAlias}.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid group by 1) as a
  full join (select digest, count(*) as rows from pg_temp.ferry_taken group by 1) as b on b.digest = a.digest`
}
