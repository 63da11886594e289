/** Schemas that the target needs. */
import type { Problem } from '../plan/problem.ts'
import { quoteIdent } from '../projection/quote.ts'
import type { MovedTable } from './moved-table.ts'
import type { Needed } from './needed-types.ts'
import type { TargetState } from './target-state.ts'
import type { TypeNames } from './type-names.ts'

/** Statements for those that are missing; a problem for each that the role cannot make or write into. */
export function schemaStatements(
  tables: readonly MovedTable[],
  needed: Needed,
  types: TypeNames,
  target: TargetState,
  problems: Problem[],
): string[] {
  const wanted = new Map<string, string>()
  for (const { target: goal, entity } of tables) {
    if (!wanted.has(goal.schema)) wanted.set(goal.schema, entity.path)
  }
  for (const type of needed.types) {
    if (type.extension !== null) continue
    const schema = types.schemaOf(type.schema)
    if (!wanted.has(schema)) wanted.set(schema, 'entities')
  }
  const known = new Map(target.schemas.map((schema) => [schema.name, schema]))
  const missing = [...wanted].filter(([schema, path]) => {
    const found = known.get(schema)
    if (found?.writable !== true && (found !== undefined || !target.may_create_schemas)) {
      problems.push({
        code: 'target_schema_not_writable',
        message: `The role of the project may not create anything in the schema ${schema}.`,
        hint: 'Rename the schema under rename.schemas, or grant the role CREATE.',
        path,
      })
    }
    return found === undefined
  })
  return missing.map(([schema]) => `create schema if not exists ${quoteIdent(schema)}`)
}
