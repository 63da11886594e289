/**
 * Foreign keys that the target's table has of its own. Whoever wrote the plan may not know them, and they
 * keep no row out while triggers are off for the load.
 */
import type { CompiledReference } from '../../projection/entity.ts'
import { quoteLiteral, quoteTable } from '../../projection/quote.ts'
import type { TargetRows } from '../offenders.ts'

interface ForeignKey {
  readonly name: string
  readonly columns: readonly string[]
  readonly schema: string
  readonly table: string
  readonly referenced_columns: readonly string[]
  readonly match_full: boolean
  readonly validated: boolean
}

/**
 * The same rows, held against the foreign keys of their table, too. One that the target itself has never
 * validated can be a warning at most.
 * @throws FerryError `target_*`
 */
export async function withTargetReferences(rows: TargetRows): Promise<TargetRows> {
  const { target, table } = rows
  const found = await target.query<ForeignKey>(foreignKeysStatement(quoteTable(table.source)))
  const known = table.references ?? []
  const covered = new Set(known.map(endsOf))
  const own = found
    .map(
      ({ schema, table: name, ...key }): CompiledReference => ({
        ...key,
        source_columns: key.columns,
        referenced: { schema, table: name },
      }),
    )
    .filter((reference) => !covered.has(endsOf(reference)))
  return { ...rows, table: { ...table, references: [...known, ...own] } }
}

/** What leads where, in any order of the columns. */
function endsOf({ columns, referenced, referenced_columns }: CompiledReference): string {
  const pairs = columns.map((column, at) => [column, referenced_columns[at]!])
  return JSON.stringify([referenced.schema, referenced.table, pairs.toSorted()])
}

/** Columns of the catalog that later releases have are read by name. */
function foreignKeysStatement(table: string): string {
  const names = (columns: string, relation: string) =>
    `(select pg_catalog.jsonb_agg(a.attname order by k.place)
    from pg_catalog.unnest(c.${columns}) with ordinality as k (number, place)
    join pg_catalog.pg_attribute a on a.attrelid = c.${relation} and a.attnum = k.number)`
  return `select c.conname as name, n.nspname as schema, p.relname as "table", c.confmatchtype = 'f' as match_full,
  c.convalidated and coalesce((pg_catalog.to_jsonb(c) ->> 'conenforced')::boolean, true) as validated,
  ${names('conkey', 'conrelid')} as columns,
  ${names('confkey', 'confrelid')} as referenced_columns
from pg_catalog.pg_constraint c
join pg_catalog.pg_class p on p.oid = c.confrelid
join pg_catalog.pg_namespace n on n.oid = p.relnamespace
where c.contype = 'f' and c.conrelid = ${quoteLiteral(table)}::pg_catalog.regclass
  and not coalesce((pg_catalog.to_jsonb(c) ->> 'conperiod')::boolean, false)
  -- one for each partition that is pointed at stands for the whole
  and not exists (select from pg_catalog.pg_constraint o where o.oid = c.conparentid and o.conrelid = c.conrelid)
order by c.conname`
}
