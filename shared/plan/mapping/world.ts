/** What the compilers of a mapping share: the plan's entities, and what both sides have. */
import type { TargetState } from '../../schema/target-state.ts'
import { type TypeNames, typeNames } from '../../schema/type-names.ts'
import type { Catalog, CatalogColumn } from '../../source/catalog-rows.ts'
import { type Note, type Problem, planPath } from '../problem.ts'
import type { Plan } from '../schema.ts'
import type { Intent, WantedColumn } from './intent.ts'
import { type ColumnType, copiedType, existingType } from './target-type.ts'
import { straightSource } from './walk.ts'

export interface World {
  readonly catalog: Catalog
  readonly types: TypeNames
  /** Name of the source system; empty where no id is named within it. */
  readonly system: string
  /** Of the target as the migration finds it. */
  readonly state: TargetState | undefined
  /** The same with the tables that the migration has made, where it has begun. */
  readonly now: TargetState | undefined
  readonly intents: ReadonlyMap<string, Intent>
  isLate(child: string, parent: string): boolean
  readonly problems: Problem[]
  readonly notes: Note[]
}

/** A target of which nothing is known: everything is to be made there. */
const nothing: TargetState = {
  api_roles: [],
  may_create_schemas: true,
  schemas: [],
  tables: [],
  relations: [],
  types: [],
  extensions: [],
  available: [],
  collations: [],
  unknown_types: [],
  filled: [],
}

export function openWorld(given: {
  readonly plan: Plan
  readonly catalog: Catalog
  readonly state: TargetState | undefined
  readonly now: TargetState | undefined
  readonly intents: ReadonlyMap<string, Intent>
  readonly arrangement: Pick<World, 'isLate'>
  readonly problems: Problem[]
  readonly notes: Note[]
}): World {
  const { plan, catalog, state, now, intents, arrangement, problems, notes } = given
  const entities = [...intents.values()].map(({ selected: { table, target, path, columns } }) => ({
    path: planPath(path),
    listed: columns,
    definition: { source: { schema: table.schema, table: table.name }, target },
  }))
  const system = plan.source.system ?? ''
  const named = [...intents.values()].filter(({ strategy }) => strategy !== 'preserve')
  if (plan.source.system === undefined && named.length > 0) {
    problems.push({
      code: 'system_missing',
      message: 'Ids are given within a source system, and the plan does not name it.',
      hint: 'Give it a short name that every plan over this source uses.',
      path: 'source.system',
    })
  }
  return {
    catalog,
    types: typeNames(catalog, entities, plan.rename.schemas, state ?? nothing),
    system,
    state,
    now,
    intents,
    isLate: arrangement.isLate,
    problems,
    notes,
  }
}

/** The column of the source that passes unchanged. */
export function passing({ selected }: Intent, { expression }: WantedColumn) {
  const name = expression === null ? undefined : straightSource(expression)
  return name === undefined ? undefined : sourceColumn(selected.table, name)
}

export function sourceColumn(
  table: { readonly columns: readonly CatalogColumn[] },
  name: string,
): CatalogColumn | undefined {
  return table.columns.find((column) => column.name === name)
}

/** Undefined where it depends on what an expression makes. */
export function knownType(
  intent: Intent,
  wanted: WantedColumn,
  { types, catalog }: World,
): ColumnType | undefined {
  const source = passing(intent, wanted)
  const existing = intent.existing?.columns.find(({ name }) => name === wanted.target)
  if (existing !== undefined) return existingType(existing, source, types)
  return source === undefined ? undefined : copiedType(source, types, catalog.types)
}
