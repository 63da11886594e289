/** A plan and a catalog become entities that the engine can move, or the list of what stands against. */
import { travelInBinary } from '../projection/binary-format.ts'
import type { CompiledDirect } from '../projection/direct.ts'
import type { CompiledEntity } from '../projection/entity.ts'
import type { Dependency } from '../projection/mapping.ts'
import type { TargetState } from '../schema/target-state.ts'
import type { Catalog, CatalogColumn, CatalogTable } from '../source/catalog-rows.ts'
import { accessProblems, chooseColumns } from './choose-columns.ts'
import { compileFilter } from './compile-filter.ts'
import { compileQueries } from './compile-query.ts'
import { compileRules } from './compile-rule.ts'
import { estimateRows } from './estimate.ts'
import type { Scan } from './key.ts'
import { mapAsItIs } from './mapping/as-it-is.ts'
import { directEntities } from './mapping/compile-direct.ts'
import { compileMapping } from './mapping/compile-mapping.ts'
import { arrange } from './mapping/dependencies.ts'
import { type Intent, intend, untranslated } from './mapping/intent.ts'
import { assignRoles } from './mapping/roles.ts'
import type { ShapedColumn } from './mapping/shape.ts'
import { openWorld, type World } from './mapping/world.ts'
import { formatTableName } from './names.ts'
import { type Note, type Problem, planPath } from './problem.ts'
import { compileReferences } from './references.ts'
import type { Plan } from './schema.ts'
import { nameOf, type SelectedEntity, selectEntities } from './selection.ts'
import { compileSync } from './sync/compile-sync.ts'

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
  /** Of an entity that the plan maps: the columns that its table has in the target. */
  readonly shape?: readonly ShapedColumn[]
  /** What its batches wait for besides their place in the queue. */
  readonly waits_for: readonly Dependency[]
  /** Where the plan asks for it, for problems found later. */
  readonly path: string
}

export interface Compilation {
  /** In dependency order. */
  readonly entities: readonly PlannedEntity[]
  readonly problems: readonly Problem[]
  readonly notes: readonly Note[]
}

/**
 * @param state of the target as the migration finds it, where it is known: tables that are there decide
 *   about their columns
 * @param now the target as it is, where the migration has made tables already
 */
export function compilePlan(
  plan: Plan,
  catalog: Catalog,
  state?: TargetState,
  now = state,
): Compilation {
  const selection = selectEntities(plan, catalog)
  const problems = [...selection.problems]
  const notes = [...selection.notes]
  const roles = assignRoles(plan, catalog, selection.entities)
  const chosen = new Map(
    roles.all.map((role) => [role.name, chooseColumns(role.selected, problems, notes)]),
  )
  const intents = new Map(
    roles.all.map((role) => [
      role.name,
      intend(role, roles, chosen.get(role.name)!, state, problems),
    ]),
  )
  for (const intent of intents.values()) notes.push(...untranslated(intent, roles))
  const arrangement = arrange(intents, catalog, problems, notes)
  const world = openWorld({ plan, catalog, state, now, intents, arrangement, problems, notes })
  const compiled = new Map<string, Compiled>()
  const direct = directEntities(world)
  for (const [name, intent] of intents) {
    const made = compileEntity(intent, chosen.get(name)!, plan, world, direct.get(name))
    compiled.set(name, { ...made, waits_for: arrangement.waitsFor(name) })
  }
  const checked = addChecks(compiled, arrangement.order, plan, catalog, problems)
  const entities = checked.map((entity, at) => ({ ...entity, dependency_order: at + 1 }))
  return { entities, problems, notes }
}

type Compiled = Omit<PlannedEntity, 'dependency_order'>

function compileEntity(
  intent: Intent,
  chosen: readonly CatalogColumn[],
  plan: Plan,
  world: World,
  direct: CompiledDirect | undefined,
): Omit<Compiled, 'waits_for'> {
  const { selected, scan } = intent
  const { table, target, path } = selected
  const { problems, notes, catalog } = world
  if (scan.scan !== undefined || scan.key.length === 0) {
    notes.push(noKeyNote(table, scan, planPath(path)))
  }
  const filter =
    selected.filter === null
      ? undefined
      : compileFilter(selected.filter, [...path, 'filter'], {
          table,
          types: catalog.types,
          problems,
        })
  const part =
    intent.why === null ? plainPart(intent, chosen, world) : mappedPart(intent, chosen, plan, world)
  const sync = compileSync(intent, part.definition, plan, world)
  return {
    entity_name: nameOf(table),
    target_entity: formatTableName(target),
    records_total: estimateRows(table),
    listed: selected.columns,
    path: planPath(path),
    ...(part.shape === undefined ? {} : { shape: part.shape }),
    definition: {
      source: {
        schema: table.schema,
        table: table.name,
        partitioned: table.partitioned,
        ...(table.digest === null ? {} : { digest: table.digest }),
      },
      target,
      ...scan,
      ...(filter === undefined ? {} : { filter }),
      ...part.definition,
      ...(direct === undefined ? {} : { direct }),
      ...(travelInBinary(part.definition.columns) ? { format: 'binary' } : {}),
      ...(sync === undefined ? {} : { sync }),
    },
  }
}

interface Part {
  readonly definition: Pick<
    CompiledEntity,
    'columns' | 'rules' | 'mapping' | 'serial' | 'references'
  >
  readonly shape?: readonly ShapedColumn[]
}

/** Goes straight into the target. */
function plainPart({ selected }: Intent, columns: readonly CatalogColumn[], world: World): Part {
  world.problems.push(...accessProblems(selected.table, columns, planPath(selected.path)))
  const rules = plainRules(selected, world)
  const copied = columns.map(({ name, type }) => ({ source: name, target: name, type }))
  return { definition: { columns: copied, ...(rules.length === 0 ? {} : { rules }) } }
}

/** Of rows that are in the target as they were at the source. */
function plainRules({ table, path, rules, columns }: SelectedEntity, world: World) {
  return compileRules(rules, [...path, 'rules'], {
    table,
    types: world.catalog.types,
    listed: columns,
    targetName: (name) => name,
    problems: world.problems,
  })
}

function mappedPart(
  intent: Intent,
  chosen: readonly CatalogColumn[],
  plan: Plan,
  world: World,
): Part {
  const { selected, why } = intent
  const isWritten = why === 'written'
  const made = isWritten ? compileMapping(intent, plan, world) : mapAsItIs(intent, plan, world)
  if (made === undefined) return plainPart(intent, chosen, world)
  world.problems.push(...accessProblems(selected.table, made.read, planPath(selected.path)))
  const { columns, mapping, serial, references, shape } = made
  const rules = isWritten ? made.rules : plainRules(selected, world)
  const definition = {
    columns,
    mapping,
    ...(serial ? { serial: true as const } : {}),
    ...(rules.length === 0 ? {} : { rules }),
    ...(references.length === 0 ? {} : { references }),
  }
  return { definition, ...(isWritten ? { shape } : {}) }
}

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
    const { references: made = [], ...rest } = entity.definition
    const references = [...compileReferences(tables.get(name)!, moved), ...made]
    const definition = {
      ...rest,
      ...(references.length === 0 ? {} : { references }),
      // The batch that compares them hangs on the first entity.
      ...(at > 0 || queries.length === 0 ? {} : { queries }),
    }
    return { ...entity, definition }
  })
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
