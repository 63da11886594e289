/** Where the next range of an entity ends: a look at the key alone, cheap on its index. */
import { FerryError } from '../platform/errors.ts'
import type { CompiledEntity, KeyRange } from './entity.ts'
import { placeBoundsStatement } from './places.ts'
import { quoteIdent } from './quote.ts'
import { rowCondition, whereRange } from './range.ts'
import { readTable } from './select.ts'

/**
 * At most one row `(last jsonb, more boolean)`: the key texts of the last of the first `rows` rows of a
 * range in key order, and whether the range holds a row behind it. No row where the range holds none,
 * and none for a table without a key. Of rows that meet a condition, where one is given.
 */
export function boundsStatement(
  entity: CompiledEntity,
  range: KeyRange,
  rows: number,
  condition?: string,
): string {
  if (!Number.isSafeInteger(rows) || rows < 1) {
    throw new FerryError({
      code: 'batch_rows_invalid',
      message: 'A batch holds at least one row.',
      hint: 'Ask for a whole number of rows from 1 on.',
    })
  }
  if (entity.key.length === 0) return 'select null::jsonb as last, false as more where false'
  if (entity.scan !== undefined) return placeBoundsStatement(entity, range, rows)
  // Qualified and renamed, so that a key column may be called anything.
  const columns = entity.key.map((key) => `source.${quoteIdent(key.column)}`)
  const names = entity.key.map((_, at) => `k${at}`)
  const renamed = columns.map((column, at) => `${column} as ${names[at]}`).join(', ')
  // format('%s') prints through the type's output function: a cast to text may be user-defined.
  const texts = names.map((name) => `pg_catalog.format('%s', ${name})`).join(', ')
  const within = rowCondition(entity, range)
  const where =
    condition === undefined ? whereRange(entity, range) : ` where ${condition} and ${within}`
  const from = `from ${readTable(entity.source)} as source${where}`
  const order = (direction: string) => columns.map((column) => `${column}${direction}`).join(', ')
  // Two entries of the index are looked at behind those that are skipped. Where the range ends before
  // them, its last one is met from the other end.
  return `with ahead as (
  select ${renamed} ${from}
  order by ${order('')} offset ${rows - 1} limit 2
)
select pg_catalog.jsonb_build_array(${texts}) as last, more
from (
  (select ${names.join(', ')}, (select count(*) from ahead) > 1 as more from ahead
    order by ${names.join(', ')} limit 1)
  union all
  (select ${columns.join(', ')}, false ${from}${where === '' ? ' where' : ' and'} not exists (select from ahead)
    order by ${order(' desc')} limit 1)
) as bound`
}
