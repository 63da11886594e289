/** Whether a table that is there already can take the rows. */
import type { Problem } from '../plan/problem.ts'
import type { CatalogColumn, CatalogTable } from '../source/catalog-rows.ts'
import type { TargetEntity } from './moved-table.ts'
import type { TargetColumn, TargetTable } from './target-state.ts'
import type { TypeNames } from './type-names.ts'

/** What a mapping writes into a table was held against its columns when the plan was compiled. */
export function compareTable(
  entity: TargetEntity,
  table: CatalogTable,
  existing: TargetTable,
  filled: boolean,
  types: TypeNames,
): Problem[] {
  const { path } = entity
  if (existing.kind !== 'r' && existing.kind !== 'p') {
    return [
      {
        code: 'target_not_table',
        message: `${nameOf(existing)} exists in the target and is not a table.`,
        hint: 'Rename it, or give the entity another target.',
        path,
      },
    ]
  }
  const columns = entity.shape === undefined ? compareColumns(entity, table, existing, types) : []
  return [...columns, ...rowProblems(entity, existing, filled)]
}

const nameOf = ({ schema, table }: TargetTable) => `${schema}.${table}`

function compareColumns(
  { path, definition }: TargetEntity,
  table: CatalogTable,
  existing: TargetTable,
  types: TypeNames,
): Problem[] {
  const name = nameOf(existing)
  const copied = new Set(definition.columns.map(({ source }) => source))
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
  return problems
}

/** Whether rows can come in: a look-up brings none, and a mapping may say what becomes of those there. */
function rowProblems(
  { path, definition: { mapping } }: TargetEntity,
  existing: TargetTable,
  filled: boolean,
): Problem[] {
  if (mapping?.strategy === 'lookup') return []
  const name = nameOf(existing)
  const problems: Problem[] = []
  if (!existing.insertable) {
    problems.push({
      code: 'target_privilege',
      message: `The role of the project may not insert into ${name}.`,
      hint: 'Grant it INSERT, or change the owner of the table.',
      path,
    })
  }
  if (filled && (mapping === undefined || mapping.conflict === 'fail')) {
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
