/** A plan and a catalog become entities that the engine can move, or the list of what stands against. */
import { travelInBinary } from '../projection/binary-format.ts'
import type { CompiledEntity } from '../projection/entity.ts'
import type { Catalog, CatalogColumn, CatalogTable } from '../source/catalog-rows.ts'
import { findColumn } from './column.ts'
import { compileFilter } from './compile-filter.ts'
import { compileQueries } from './compile-query.ts'
import { compileRules } from './compile-rule.ts'
import { estimateRows } from './estimate.ts'
import { chooseScan, type Scan } from './key.ts'
import { formatTableName } from './names.ts'
import { dependencyOrder } from './order.ts'
import { type Note, type Problem, planPath } from './problem.ts'
import { compileReferences, targetName } from './references.ts'
import type { Plan } from './schema.ts'
import { nameOf, type SelectedEntity, selectEntities } from './selection.ts'

export interface PlannedEntity {
  /** `schema.table` at the source. */
  readonly entity_name: string
  readonly target_entity: string
  /** Position from 1 on: what a foreign key points at comes first. */
  readonly dependency_order: number
  /** Estimate of the rows. */
  readonly records_total: number
  readonly definition: CompiledEntity
  /** Columns that the plan lists, generated ones among them; null takes all. */
  readonly listed: readonly string[] | null
  /** Where the plan asks for it, for problems found later. */
  readonly path: string
}

export interface Compilation {
  /** In dependency order. */
  readonly entities: readonly PlannedEntity[]
  readonly problems: readonly Problem[]
  readonly notes: readonly Note[]
}

export function compilePlan(plan: Plan, catalog: Catalog): Compilation {
  const selection = selectEntities(plan, catalog)
  const problems = [...selection.problems]
  const notes = [...selection.notes]
  const compiled = new Map<string, Compiled>()
  for (const entity of selection.entities) {
    const { table, target } = entity
    const path = planPath(entity.path)
    const columns = chooseColumns(entity, problems, notes)
    problems.push(...accessProblems(table, columns, path))
    const scan = chooseScan(table, catalog.server_version)
    if (scan.scan !== undefined || scan.key.length === 0) notes.push(noKeyNote(table, scan, path))
    const { types } = catalog
    const filter =
      entity.filter === null
        ? undefined
        : compileFilter(entity.filter, [...entity.path, 'filter'], { table, types, problems })
    const copied = columns.map(({ name, type }) => ({ source: name, target: name, type }))
    const rules = compileRules(entity.rules, [...entity.path, 'rules'], {
      table,
      types,
      listed: entity.columns,
      targetName: (name) => targetName({ columns: copied }, name),
      problems,
    })
    compiled.set(nameOf(table), {
      entity_name: nameOf(table),
      target_entity: formatTableName(target),
      records_total: estimateRows(table),
      listed: entity.columns,
      path,
      definition: {
        source: { schema: table.schema, table: table.name, partitioned: table.partitioned },
        target,
        columns: copied,
        ...(travelInBinary(columns) ? { format: 'binary' } : {}),
        ...scan,
        ...(filter === undefined ? {} : { filter }),
        ...(rules.length === 0 ? {} : { rules }),
      },
    })
  }
  const { order, broken } = orderOf([...compiled.keys()], catalog)
  notes.push(...broken.map(({ node, on }) => cycleNote(node, on)))
  const checked = addChecks(compiled, order, plan, catalog, problems)
  const entities = checked.map((entity, at) => ({ ...entity, dependency_order: at + 1 }))
  return { entities, problems, notes }
}

type Compiled = Omit<PlannedEntity, 'dependency_order'>

/** What is checked once the rows are in and is about several tables: references and chosen queries. */
function addChecks(
  moved: ReadonlyMap<string, Compiled>,
  order: readonly string[],
  plan: Plan,
  { tables: all, types }: Catalog,
  problems: Problem[],
): Compiled[] {
  const tables = new Map(all.map((table) => [nameOf(table), table]))
  const chosen = { tables, moved, types, problems }
  const queries = compileQueries(plan.verification.queries, chosen)
  return order.map((name, at) => {
    const entity = moved.get(name)!
    const references = compileReferences(tables.get(name)!, moved)
    const definition = {
      ...entity.definition,
      ...(references.length === 0 ? {} : { references }),
      // The batch that compares them hangs on the first entity.
      ...(at > 0 || queries.length === 0 ? {} : { queries }),
    }
    return { ...entity, definition }
  })
}

function chooseColumns(
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
function accessProblems(
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

function noKeyNote(table: CatalogTable, { key }: Scan, path: string): Note {
  const how = key.length === 0 ? 'as one range' : 'by the places of its rows'
  return {
    code: 'table_without_key',
    message: `${nameOf(table)} has no primary key or unique index to read it by: it is read ${how}.`,
    hint: 'Let nobody write to it while it is moved; a large one is better off with a primary key.',
    path,
  }
}

function cycleNote(node: string, on: string): Note {
  return {
    code: 'dependency_cycle',
    message: `The foreign key of ${node} to ${on} closes a cycle and does not count for the order.`,
    hint: 'Nothing to do: constraints are made after the data.',
    path: 'entities',
  }
}

function orderOf(nodes: readonly string[], catalog: Catalog) {
  const roots = new Map(
    catalog.partitions.flatMap(({ schema, name, partition }) =>
      partition === null
        ? []
        : [
            [
              nameOf({ schema, name }),
              { schema: partition.root_schema, name: partition.root_table },
            ],
          ],
    ),
  )
  const node = (schema: string, name: string) => {
    const own = nameOf({ schema, name })
    const root = roots.get(own)
    return root === undefined ? own : nameOf(root)
  }
  const dependencies = catalog.foreign_keys.map((key) => ({
    node: node(key.schema, key.table),
    on: node(key.referenced_schema, key.referenced_table),
    weak: key.nullable,
  }))
  return dependencyOrder(nodes, dependencies)
}
