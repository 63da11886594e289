/** Whether a table that is there already can take the rows. */
import type { Problem } from '../plan/problem.ts'
import type { CatalogColumn, CatalogTable } from '../source/catalog-rows.ts'
import type { TargetColumn, TargetTable } from './target-state.ts'
import type { SchemaEntity, TypeNames } from './type-names.ts'

/** @param copied names of the columns that are copied */
export function compareTable(
  entity: SchemaEntity,
  table: CatalogTable,
  existing: TargetTable,
  copied: ReadonlySet<string>,
  filled: boolean,
  types: TypeNames,
): Problem[] {
  const name = `${existing.schema}.${existing.table}`
  const { path } = entity
  if (existing.kind !== 'r' && existing.kind !== 'p') {
    return [
      {
        code: 'target_not_table',
        message: `${name} exists in the target and is not a table.`,
        hint: 'Rename it, or give the entity another target.',
        path,
      },
    ]
  }
  const problems = table.columns
    .filter((column) => copied.has(column.name))
    .flatMap((column) => compareColumn(column, name, existing, types, path))
  for (const column of existing.columns) {
    if (!column.required || column.generated || copied.has(column.name)) continue
    problems.push({
      code: 'target_column_required',
      message: `${name} needs a value for ${column.name}, which the source does not give.`,
      hint: 'Give the column a default, or let it be null.',
      path,
    })
  }
  if (!existing.insertable) {
    problems.push({
      code: 'target_privilege',
      message: `The role of the project may not insert into ${name}.`,
      hint: 'Grant it INSERT, or change the owner of the table.',
      path,
    })
  }
  if (filled) {
    problems.push({
      code: 'target_not_empty',
      message: `${name} holds rows already.`,
      hint: 'Empty it, or give the entity another target.',
      path,
    })
  }
  return problems
}

function compareColumn(
  column: CatalogColumn,
  name: string,
  existing: TargetTable,
  types: TypeNames,
  path: string,
): Problem[] {
  const target = existing.columns.find((each) => each.name === column.name)
  if (target === undefined) {
    return [
      {
        code: 'target_column_missing',
        message: `${name} has no column ${column.name}.`,
        hint: 'Add the column, or list the columns of the entity without it.',
        path,
      },
    ]
  }
  if (target.generated) {
    return [
      {
        code: 'target_column_generated',
        message: `${column.name} of ${name} is generated and takes no value.`,
        hint: 'List the columns of the entity without it.',
        path,
      },
    ]
  }
  if (sameType(column, target, types)) return []
  return [
    {
      code: 'target_type_differs',
      message: `${column.name} of ${name} is ${target.type}, and ${column.type} at the source.`,
      hint: 'Change the type in the target; conversions need a mapping.',
      path,
    },
  ]
}

function sameType(column: CatalogColumn, target: TargetColumn, types: TypeNames): boolean {
  const { element } = target
  const named = types.named(column.type, column.type_oid)
  if (named === null) return column.type === target.type
  return (
    named.schema === element.schema &&
    named.name === element.name &&
    named.suffix === target.type.slice(element.text.length)
  )
}
