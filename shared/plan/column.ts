/** Columns that a plan names, found in the catalog. */
import type { CatalogColumn, CatalogTable } from '../source/catalog-rows.ts'
import { didYouMean, formatTableName } from './names.ts'
import { type Problem, planPath } from './problem.ts'

/** The column; where there is none, a problem at `path` instead. */
export function findColumn(
  table: CatalogTable,
  name: string,
  path: readonly PropertyKey[],
  problems: Problem[],
): CatalogColumn | undefined {
  const found = table.columns.find((column) => column.name === name)
  if (found !== undefined) return found
  const names = table.columns.map((column) => column.name)
  const title = formatTableName({ schema: table.schema, table: table.name })
  problems.push({
    code: 'column_unknown',
    message: `The table ${title} has no column ${JSON.stringify(name)}.`,
    hint: didYouMean(name, names, `Its columns are ${names.slice(0, 20).join(', ')}.`),
    path: planPath(path),
  })
  return undefined
}

/** The same for one that the target has, too. @param listed what the plan lists; null takes all */
export function findKeptColumn(
  table: CatalogTable,
  listed: readonly string[] | null,
  name: string,
  path: readonly PropertyKey[],
  problems: Problem[],
): CatalogColumn | undefined {
  const found = findColumn(table, name, path, problems)
  if (found === undefined || listed === null || listed.includes(name)) return found
  problems.push({
    code: 'column_left_out',
    message: `The column ${JSON.stringify(name)} is not copied, so it cannot be checked in the target.`,
    hint: 'Add it to the columns of the entity.',
    path: planPath(path),
  })
  return undefined
}
