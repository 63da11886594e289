/** The statements that look at rules in the target. */
import { digestAlias } from '../../projection/digest.ts'
import type { CompiledEntity, CompiledRule } from '../../projection/entity.ts'
import { quoteIdent } from '../../projection/quote.ts'
import { fromTarget, identity, offendersStatement, type TargetRows } from '../offenders.ts'

/** One row `(counts jsonb)`: rows, those that violate any rule, those that violate each. */
export function rulesCountStatement(
  rows: Pick<TargetRows, 'table' | 'where'>,
  rules: readonly CompiledRule[],
): string {
  const each = rules.map(({ violation }) => `(${violation})`)
  const counts = [each.join(' or '), ...each].map((one) => `count(*) filter (where ${one})`)
  return `select pg_catalog.to_jsonb(array[count(*), ${counts.join(', ')}]) as counts
${fromTarget(rows)}`
}

/** One row `(counts jsonb)`: rows without a null in the columns, and those of them that repeat another. */
export function repeatedStatement(table: CompiledEntity, columns: readonly string[]): string {
  return `select pg_catalog.to_jsonb(array[
  coalesce(sum(times), 0), coalesce(sum(times) filter (where times > 1), 0)]::bigint[]) as counts
from (
  select count(*) as times ${complete(table, columns)} group by ${list(columns)}
) as grouped`
}

/** Rows of `key` and `place`, equal ones together. */
export function repeatingStatement(table: CompiledEntity, columns: readonly string[]): string {
  // A join would need the equality of every type by its name; a window knows it.
  return offendersStatement(
    'key, place',
    `from (
  select ${identity(table)}, count(*) over (partition by ${list(columns)}) as times
  ${complete(table, columns)}
) as counted where times > 1`,
  )
}

/** As the server understands `unique`: what holds a null repeats nothing. */
function complete(table: CompiledEntity, columns: readonly string[]): string {
  const given = columns.map((column) => `${own(column)} is distinct from null`)
  return fromTarget({ table, where: '' }, ...given)
}

function list(columns: readonly string[]): string {
  return columns.map(own).join(', ')
}

function own(column: string): string {
  return `${digestAlias}.${quoteIdent(column)}`
}
