/** The columns of the source that an entity reads, and what keeps the role from reading them. */
import type { CatalogColumn, CatalogTable } from '../source/catalog-rows.ts'
import { findColumn } from './column.ts'
import { type Note, type Problem, planPath } from './problem.ts'
import { nameOf, type SelectedEntity } from './selection.ts'

/** Those that a plan lists, or all; generated ones are left out. */
export function chooseColumns(
  entity: SelectedEntity,
  problems: Problem[],
  notes: Note[],
): CatalogColumn[] {
  const { table } = entity
  const listed = new Set<string>()
  entity.columns?.forEach((name, at) => {
    const place = [...entity.path, 'columns', at]
    const path = planPath(place)
    const column = findColumn(table, name, place, problems)
    if (column === undefined) return
    if (listed.has(name)) {
      problems.push({
        code: 'column_duplicate',
        message: `The column ${JSON.stringify(name)} is listed twice.`,
        hint: 'List every column once.',
        path,
      })
    } else if (column.generated !== '') {
      notes.push({
        code: 'column_generated',
        message: 'A generated column is not copied: the target computes it.',
        hint: 'Nothing to do.',
        path,
      })
    }
    listed.add(name)
  })
  const wanted = (column: CatalogColumn) => entity.columns === null || listed.has(column.name)
  return table.columns.filter((column) => column.generated === '' && wanted(column))
}

/** What keeps the connecting role from reading all rows. */
export function accessProblems(
  table: CatalogTable,
  columns: readonly CatalogColumn[],
  path: string,
): Problem[] {
  const problems: Problem[] = []
  const unreadable = columns.filter((column) => !column.readable).map(({ name }) => name)
  if (!table.usable_schema || unreadable.length > 0) {
    const whole = !table.usable_schema || unreadable.length === columns.length
    problems.push({
      code: 'source_privilege',
      message: whole
        ? `The source role may not read ${nameOf(table)}.`
        : `The source role may not read ${unreadable.join(', ')} of ${nameOf(table)}.`,
      hint: table.usable_schema
        ? 'Grant the role SELECT on the table.'
        : 'Grant the role USAGE on the schema and SELECT on its tables.',
      path,
    })
  }
  if (table.row_security) {
    problems.push({
      code: 'source_row_security',
      message: `Row security policies would hide rows of ${nameOf(table)} from the source role.`,
      hint: 'Give the role BYPASSRLS, or connect as the owner of the table.',
      path,
    })
  }
  return problems
}
