/** Where the next range of an entity ends: a look at the key alone, cheap on its index. */
import { FerryError } from '../platform/errors.ts'
import type { CompiledEntity, KeyRange } from './entity.ts'
import { quoteIdent } from './quote.ts'
import { whereRange } from './range.ts'
import { readTable } from './select.ts'

/**
 * One row `(rows text, last jsonb, more boolean)` for the first `rows` rows of a range in key order:
 * how many there are (at most `rows`), the key texts of the last of them (null where there is none),
 * and whether the range holds a row behind it. Without a key nothing can be told: `(null, null, false)`.
 */
export function boundsStatement(entity: CompiledEntity, range: KeyRange, rows: number): string {
  if (!Number.isSafeInteger(rows) || rows < 1) {
    throw new FerryError({
      code: 'batch_rows_invalid',
      message: 'A batch holds at least one row.',
      hint: 'Ask for a whole number of rows from 1 on.',
    })
  }
  if (entity.key.length === 0) {
    return 'select null::text as rows, null::jsonb as last, false as more'
  }
  // Qualified and renamed, so that a key column may be called anything.
  const columns = entity.key.map((key) => `source.${quoteIdent(key.column)}`)
  const names = entity.key.map((_, at) => `k${at}`)
  const renamed = columns.map((column, at) => `${column} as ${names[at]}`).join(', ')
  const list = names.join(', ')
  // format('%s') prints through the type's output function: a cast to text may be user-defined.
  const texts = names.map((name) => `pg_catalog.format('%s', ${name})`).join(', ')
  return `select coalesce(seen.rows, 0)::text as rows, seen.last, coalesce(seen.more, false) as more
from (values (1)) as always (one)
left join (
  select counted.rows, counted.more, pg_catalog.jsonb_build_array(${texts}) as last
  from (
    select ${list},
      least(pg_catalog.count(*) over (), ${rows}) as rows,
      pg_catalog.count(*) over () > ${rows} as more,
      pg_catalog.row_number() over (order by ${list}) as position
    from (
      select ${renamed} from ${readTable(entity.source)} as source${whereRange(entity, range)}
      order by ${columns.join(', ')} limit ${rows + 1}
    ) as ahead
  ) as counted
  where counted.position = counted.rows
) as seen on true`
}
