/** From entities and what the target has to the statements that make the rest, or to problems. */
import type { Note, Problem } from '../plan/problem.ts'
import type { Catalog, CatalogTable, CatalogType } from '../source/catalog-rows.ts'
import type { CatalogUse } from '../source/catalog-rows-attached.ts'
import { type Collations, collationsOf } from './collations.ts'
import { compareTable } from './compare-table.ts'
import type { Omission, SchemaContext } from './context.ts'
import type { NameInTarget } from './expression.ts'
import { type Extensions, extensionsOf } from './extensions.ts'
import { type MovedTable, movedTable, type TargetEntity } from './moved-table.ts'
import { key, nameSpace } from './names.ts'
import { columnTypes, neededTypes } from './needed-types.ts'
import { partitionTree } from './partitions.ts'
import { schemaStatements } from './schemas.ts'
import { planSequences, type Sequences } from './sequences.ts'
import { shapeCatalog } from './shape-catalog.ts'
import type { Step, TableParts } from './steps/step.ts'
import { tableParts } from './steps/table-parts.ts'
import { createObjects } from './target-objects.ts'
import type { TargetState } from './target-state.ts'
import { type TypeNames, typeNames } from './type-names.ts'
import { existingTypeProblems, typeProblems } from './type-problems.ts'

export interface TargetPlan {
  /** Statements in an order in which each finds what it needs; one text per object. */
  readonly ddl: readonly string[]
  /** What is done after the rows are in, by `target_entity`. */
  readonly steps: ReadonlyMap<string, readonly Step[]>
  readonly problems: readonly Problem[]
  readonly notes: readonly Note[]
  readonly design: TargetDesign
}

/** What the target is to be made of: the check of a schema holds it against what is there. */
export interface TargetDesign {
  /** Tables and their partitions, parents before children. */
  readonly tables: readonly MovedTable[]
  /** Types that the columns need, each once. */
  readonly types: readonly CatalogType[]
  readonly sequences: Sequences
  readonly omissions: readonly Omission[]
  readonly context: SchemaContext
}

/** @param planned with the shapes of those that are mapped: their tables are made as the mapping has them */
export function planTarget(
  planned: readonly TargetEntity[],
  source: Catalog,
  renamedSchemas: Readonly<Record<string, string>>,
  target: TargetState,
): TargetPlan {
  const shaped = shapeCatalog(planned, source, target.tables)
  const { entities, catalog } = shaped
  const problems: Problem[] = []
  const notes: Note[] = [...shaped.notes]
  const omissions: Omission[] = []
  const types = typeNames(catalog, entities, renamedSchemas, target)
  const extensions = extensionsOf(target)
  const collations = collationsOf(catalog, types, target, notes)
  // Tables are known before their sequences, which their texts may name.
  let sequences: Sequences | undefined
  const inTarget = namesInTarget(types, extensions, collations, (oid) => sequences?.find(oid))
  const treeContext = { inTarget, notes, omissions, schemaOf: types.schemaOf }
  const trees = moveTables(entities, catalog, target, types, treeContext, problems)
  const all = trees.flat()
  const absent = trees.flatMap(([root]) => (root?.isNew ? [root] : []))
  const needed = neededTypes(
    absent.flatMap(({ entity, table }) => columnTypes(entity, table)),
    types,
  )
  for (const { extension } of needed.types) if (extension !== null) extensions.need(extension)
  problems.push(...typeProblems(absent, needed, types, target))
  problems.push(...existingTypeProblems(needed, types, target))
  const names = nameSpace(target.relations, problems)
  // Two entities with one target are a problem of the plan already.
  for (const { target: goal, parent, isNew, entity } of all) {
    if (isNew && parent !== null) names.take(goal.schema, goal.table, entity.path)
    else names.reserve(goal.schema, goal.table)
  }
  sequences = planSequences(catalog, all, types.schemaOf, names)
  const bySource = new Map(all.map((moved) => [key(moved.table.schema, moved.table.name), moved]))
  const context: SchemaContext = {
    types,
    collate: collations.clause,
    inTarget,
    extensionSchema: extensions.need,
    takeName: names.take,
    movedTo: (schema, table) => bySource.get(key(schema, table)),
    apiRoles: target.api_roles,
    problems,
    notes,
    omissions,
  }
  const parts = new Map<MovedTable, TableParts>()
  for (const tree of trees) {
    for (const [moved, own] of tableParts(tree, sequences, context)) parts.set(moved, own)
  }
  const objects = createObjects(parts, needed, target, sequences, context)
  const created = all.filter(({ isNew }) => isNew)
  const schemas = schemaStatements(created, needed, types, target, problems)
  const steps = stepsOf(trees, parts)
  return {
    ddl: [...schemas, ...extensions.ddl(), ...collations.ddl, ...objects],
    steps,
    problems,
    notes,
    design: { tables: all, types: needed.types, sequences, omissions, context },
  }
}

/** Those of a whole tree stand with its root. */
function stepsOf(
  trees: readonly (readonly MovedTable[])[],
  parts: ReadonlyMap<MovedTable, TableParts>,
): TargetPlan['steps'] {
  return new Map(
    trees.flatMap(([root]) =>
      root === undefined ? [] : [[root.entity.target_entity, parts.get(root)!.steps]],
    ),
  )
}

/** Each entity's table with its partitions; what is there already is held against what is to come. */
function moveTables(
  entities: readonly TargetEntity[],
  catalog: Catalog,
  target: TargetState,
  types: TypeNames,
  context: Parameters<typeof partitionTree>[3],
  problems: Problem[],
): MovedTable[][] {
  const tables = new Map(catalog.tables.map((table) => [key(table.schema, table.name), table]))
  const existing = new Map(target.tables.map((table) => [key(table.schema, table.table), table]))
  const filled = new Set(target.filled.map(([schema, table]) => key(schema, table)))
  const partitions = partitionsByRoot(catalog)
  return entities.map((entity) => {
    const { source, target: goal } = entity.definition
    // Compiled from the same catalog.
    const table = tables.get(key(source.schema, source.table))!
    const found = existing.get(key(goal.schema, goal.table))
    if (found === undefined) {
      const own = partitions.get(key(source.schema, source.table)) ?? []
      return partitionTree(entity, table, own, context)
    }
    const isFilled = filled.has(key(goal.schema, goal.table))
    problems.push(...compareTable(entity, table, found, isFilled, types))
    return [movedTable(entity, table, false, false)]
  })
}

function partitionsByRoot({ partitions }: Catalog): ReadonlyMap<string, CatalogTable[]> {
  const found = new Map<string, CatalogTable[]>()
  for (const table of partitions) {
    if (table.partition === null) continue
    const root = key(table.partition.root_schema, table.partition.root_table)
    found.set(root, [...(found.get(root) ?? []), table])
  }
  return found
}

function namesInTarget(
  types: TypeNames,
  extensions: Extensions,
  collations: Collations,
  sequence: Sequences['find'],
): NameInTarget {
  return (use: CatalogUse) => {
    if (use.kind === 'sequence') return sequence(use.oid)
    if (use.kind === 'type' && use.extension === null) {
      return types.named('', use.oid) ?? undefined
    }
    if (use.extension !== null) {
      const schema = extensions.need(use.extension)
      return schema === undefined ? undefined : { schema, name: use.name }
    }
    return use.kind === 'collation' ? collations.find(use) : undefined
  }
}
