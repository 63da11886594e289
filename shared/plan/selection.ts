/** From a plan's entities, patterns and renames to pairs of a source table and a target table. */

import type { TableName } from '../projection/entity.ts'
import { maximumNameBytes, nameBytes } from '../projection/quote.ts'
import type { Catalog, CatalogTable } from '../source/catalog-rows.ts'
import type { Filter } from './filter.ts'
import { matchesGlob } from './glob.ts'
import { didYouMean, formatTableName, parseTableName } from './names.ts'
import { type Note, type Problem, planPath } from './problem.ts'
import type { Rule } from './rule.ts'
import type { Plan, WrittenEntity } from './schema.ts'

export interface SelectedEntity {
  readonly table: CatalogTable
  readonly target: TableName
  /** Columns that the plan lists; null takes all. */
  readonly columns: readonly string[] | null
  /** Null moves all rows. */
  readonly filter: Filter | null
  readonly rules: readonly Rule[]
  /** What the plan says of it besides; null where it only selects it. */
  readonly written: WrittenEntity | null
  /** Where the plan asks for it. */
  readonly path: readonly PropertyKey[]
}

export interface Selection {
  readonly entities: readonly SelectedEntity[]
  readonly problems: readonly Problem[]
  readonly notes: readonly Note[]
}

export function selectEntities(plan: Plan, catalog: Catalog): Selection {
  const problems: Problem[] = []
  const notes: Note[] = []
  const tables = new Map(catalog.tables.map((table) => [nameOf(table), table]))
  const entities =
    plan.entities === '*'
      ? selectAll(plan, catalog, notes)
      : selectListed(plan, plan.entities, tables, problems)
  problems.push(...renameProblems(plan, tables), ...targetProblems(entities))
  if (entities.length === 0 && problems.length === 0) {
    problems.push({
      code: 'selection_empty',
      message: 'The plan selects no table.',
      hint: 'Check source.schemas and the patterns; the role must be able to see the tables.',
      path: 'entities',
    })
  }
  return { entities, problems, notes }
}

/** What a plan calls a table of the catalog. */
export function nameOf(table: { readonly schema: string; readonly name: string }): string {
  return formatTableName({ schema: table.schema, table: table.name })
}

function selectAll(plan: Plan, catalog: Catalog, notes: Note[]): SelectedEntity[] {
  const { include, exclude = [] } = plan
  const used = new Set<string>()
  const matches = (patterns: readonly string[], name: string) =>
    patterns.filter((pattern) => matchesGlob(pattern, name) && used.add(pattern)).length > 0
  const entities = catalog.tables
    .filter((table) => table.extension === null)
    .filter((table) => include === undefined || matches(include, nameOf(table)))
    .filter((table) => !matches(exclude, nameOf(table)))
    .map((table) => {
      const target = renamed(plan, table)
      const path = ['entities']
      return { table, target, columns: null, filter: null, rules: [], written: null, path }
    })
  for (const list of ['include', 'exclude'] as const) {
    plan[list]?.forEach((pattern, at) => {
      if (used.has(pattern)) return
      notes.push({
        code: 'pattern_unused',
        message: 'A pattern matches no table.',
        hint: 'Patterns are compared with schema.table, upper and lower case apart.',
        path: planPath([list, at]),
      })
    })
  }
  return entities
}

function selectListed(
  plan: Plan,
  listed: Exclude<Plan['entities'], '*'>,
  tables: ReadonlyMap<string, CatalogTable>,
  problems: Problem[],
): SelectedEntity[] {
  for (const key of ['include', 'exclude'] as const) {
    if (plan[key] === undefined) continue
    problems.push({
      code: 'pattern_without_all',
      message: 'Patterns select from all tables, and the plan lists its tables one by one.',
      hint: 'Set entities to "*", or remove the patterns.',
      path: key,
    })
  }
  const seen = new Set<CatalogTable>()
  return listed.flatMap((item, at) => {
    const entity: Pick<WrittenEntity, 'source' | 'target'> =
      typeof item === 'string' ? { source: item } : item
    const path = ['entities', at]
    const written = [...path, ...(typeof item === 'string' ? [] : ['source'])]
    const table = findTable(entity.source, tables, plan, planPath(written), problems)
    if (table === undefined) return []
    if (seen.has(table)) {
      problems.push({
        code: 'entity_duplicate',
        message: `The table ${nameOf(table)} is listed twice.`,
        hint: 'List every table once.',
        path: planPath(written),
      })
      return []
    }
    seen.add(table)
    const target = entity.target === undefined ? renamed(plan, table) : tableOf(entity.target)
    const all = typeof item === 'string' ? null : item
    const { filter = null, rules = [] } = all ?? {}
    const columns = Array.isArray(all?.columns) ? all.columns : null
    return [{ table, target, columns, filter, rules, written: all, path }]
  })
}

function findTable(
  text: string,
  tables: ReadonlyMap<string, CatalogTable>,
  plan: Plan,
  path: string,
  problems: Problem[],
): CatalogTable | undefined {
  const name = tableOf(text)
  const found = tables.get(formatTableName(name))
  if (found !== undefined) return found
  const outside = !plan.source.schemas.includes(name.schema)
  problems.push({
    code: 'table_unknown',
    message: `The source has no table ${formatTableName(name)}${outside ? ' in the schemas of the plan' : ''}.`,
    hint: outside
      ? `Add the schema to source.schemas, which reads ${plan.source.schemas.join(', ')}.`
      : didYouMean(
          formatTableName(name),
          [...tables.keys()],
          'Names are compared exactly; list the tables with ferry discover.',
        ),
    path,
  })
  return undefined
}

/** The schema has checked the form. */
function tableOf(text: string): TableName {
  const name = parseTableName(text)
  return { schema: name?.schema ?? '', table: name?.table ?? text }
}

function renamed(plan: Plan, table: CatalogTable): TableName {
  const schema = own(plan.rename.schemas, table.schema) ?? table.schema
  const rename = Object.entries(plan.rename.tables).find(
    ([name]) => formatTableName(tableOf(name)) === nameOf(table),
  )
  if (rename === undefined) return { schema, table: table.name }
  const name = parseTableName(rename[1])
  return { schema: name?.schema ?? schema, table: name?.table ?? table.name }
}

function own(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

function renameProblems(plan: Plan, tables: ReadonlyMap<string, CatalogTable>): Problem[] {
  const schemas = Object.keys(plan.rename.schemas)
    .filter((schema) => !plan.source.schemas.includes(schema))
    .map((schema) => ({
      code: 'schema_unknown',
      message: 'A schema is renamed that the plan does not read.',
      hint: didYouMean(schema, plan.source.schemas, 'Add it to source.schemas or remove it.'),
      path: planPath(['rename', 'schemas', schema]),
    }))
  const unknown = Object.keys(plan.rename.tables)
    .filter((name) => !tables.has(formatTableName(tableOf(name))))
    .map((name) => ({
      code: 'table_unknown',
      message: 'A table is renamed that the source does not have.',
      hint: didYouMean(name, [...tables.keys()], 'Names are compared exactly.'),
      path: planPath(['rename', 'tables', name]),
    }))
  return [...schemas, ...unknown]
}

/** Schemas that no migration may write into. */
const reservedSchema = /^(pg_.*|information_schema|migration)$/

function targetProblems(entities: readonly SelectedEntity[]): Problem[] {
  const taken = new Map<string, SelectedEntity>()
  const problems: Problem[] = []
  for (const entity of entities) {
    const target = formatTableName(entity.target)
    const path = planPath(entity.path)
    const other = taken.get(target)
    if (other === undefined) taken.set(target, entity)
    else {
      problems.push({
        code: 'target_collision',
        message: `${nameOf(other.table)} and ${nameOf(entity.table)} would both become ${target}.`,
        hint: 'Give one of them another name under rename.tables or as target.',
        path,
      })
    }
    if (reservedSchema.test(entity.target.schema)) {
      problems.push({
        code: 'target_schema_reserved',
        message: `The schema of ${target} is not for tables of users.`,
        hint: 'Rename the schema under rename.schemas.',
        path,
      })
    }
    for (const name of [entity.target.schema, entity.target.table]) {
      if (nameBytes(name) <= maximumNameBytes) continue
      problems.push({
        code: 'name_too_long',
        message: `The name ${name} is longer than ${maximumNameBytes} bytes, and PostgreSQL would cut it.`,
        hint: 'Give the table a shorter name under rename.tables.',
        path,
      })
    }
  }
  return problems
}
