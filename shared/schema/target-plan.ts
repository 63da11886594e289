/** From entities and what the target has to the statements that make the rest, or to problems. */
import toposort from 'toposort'
import type { Note, Problem } from '../plan/problem.ts'
import { quoteIdent, quoteQualified } from '../projection/quote.ts'
import type { Catalog, CatalogTable, CatalogType, CollationName } from '../source/catalog-rows.ts'
import { compareTable } from './compare-table.ts'
import { createTable, type TableContext } from './create-table.ts'
import { type CollateClause, createCollation, createType } from './create-type.ts'
import { columnTypes, type Needed, neededTypes, partsOf } from './needed-types.ts'
import type { TargetState } from './target-state.ts'
import { extensionSchema, type SchemaEntity, type TypeNames, typeNames } from './type-names.ts'
import { existingTypeProblems, typeProblems } from './type-problems.ts'

export interface TargetPlan {
  /** Statements in an order in which each finds what it needs; one text per object. */
  readonly ddl: readonly string[]
  readonly problems: readonly Problem[]
  readonly notes: readonly Note[]
}

export interface TargetEntity extends SchemaEntity {
  readonly definition: SchemaEntity['definition'] & {
    readonly columns: readonly { readonly source: string }[]
  }
}

export function planTarget(
  entities: readonly TargetEntity[],
  catalog: Catalog,
  renamedSchemas: Readonly<Record<string, string>>,
  target: TargetState,
): TargetPlan {
  const problems: Problem[] = []
  const notes: Note[] = []
  const types = typeNames(catalog, entities, renamedSchemas, target)
  const pairs = entities.map((entity) => ({ entity, table: sourceTable(entity, catalog) }))
  const existing = new Map(target.tables.map((table) => [key(table.schema, table.table), table]))
  const filled = new Set(target.filled.map(([schema, table]) => key(schema, table)))
  const absent: typeof pairs = []
  for (const pair of pairs) {
    const { schema, table } = pair.entity.definition.target
    const found = existing.get(key(schema, table))
    if (found === undefined) absent.push(pair)
    else {
      const copied = new Set(pair.entity.definition.columns.map(({ source }) => source))
      const full = filled.has(key(schema, table))
      problems.push(...compareTable(pair.entity, pair.table, found, copied, full, types))
    }
  }
  const needed = neededTypes(
    absent.flatMap(({ entity, table }) => columnTypes(entity, table)),
    types,
  )
  problems.push(...typeProblems(absent, needed, types, target))
  problems.push(...existingTypeProblems(needed, types, target))
  const collations = collationPlan(catalog, types, target, notes)
  const relations = new Set(target.relations.map(([schema, name]) => key(schema, name)))
  for (const { entity } of absent) {
    const { schema, table } = entity.definition.target
    relations.add(key(schema, table))
  }
  const context: TableContext = {
    types,
    collate: collations.clause,
    apiRoles: target.api_roles,
    takeName: (schema, name) => {
      const free = !relations.has(key(schema, name))
      relations.add(key(schema, name))
      return free
    },
    problems,
    notes,
  }
  const objects = createObjects(absent, needed, target, context)
  const schemas = schemaStatements(absent, needed, types, target, problems)
  const extensions = extensionStatements(needed, types, target)
  return { ddl: [...schemas, ...extensions, ...collations.ddl, ...objects], problems, notes }
}

type Pair = { readonly entity: TargetEntity; readonly table: CatalogTable }

function sourceTable(entity: TargetEntity, catalog: Catalog): CatalogTable {
  const { schema, table } = entity.definition.source
  // Compiled from the same catalog.
  return catalog.tables.find((each) => each.schema === schema && each.name === table)!
}

/** Types and tables in one order: a column can have the row type of another table. */
function createObjects(
  absent: readonly Pair[],
  needed: Needed,
  target: TargetState,
  context: TableContext,
): string[] {
  const { types } = context
  const present = new Set(target.types.map(({ schema, name }) => key(schema, name)))
  const statements = new Map<string, string>()
  const edges: [string, string][] = []
  const depend = (node: string, oid: string) => edges.push([nodeOf(oid, types), node])
  for (const type of needed.types) {
    if (type.extension !== null || present.has(key(types.schemaOf(type.schema), type.name)))
      continue
    const statement = createType(type, types, context.collate, context.notes)
    if (statement !== undefined) statements.set(nodeOf(type.oid, types), statement)
    for (const part of partsOf(type)) depend(nodeOf(type.oid, types), part.oid)
  }
  for (const { entity, table } of absent) {
    const node = tableNode(entity)
    statements.set(node, createTable(entity, table, context))
    for (const { oid } of columnTypes(entity, table)) depend(node, oid)
  }
  const nodes = [...new Set([...statements.keys(), ...edges.flat()])]
  return toposort.array(nodes, edges).flatMap((node) => statements.get(node) ?? [])
}

function nodeOf(oid: string, types: TypeNames): string {
  const owner = types.rowTypeOwner(oid)
  return owner === undefined ? `type ${oid}` : tableNode(owner)
}

function tableNode(entity: SchemaEntity): string {
  const { schema, table } = entity.definition.target
  return `table ${key(schema, table)}`
}

function schemaStatements(
  absent: readonly Pair[],
  needed: Needed,
  types: TypeNames,
  target: TargetState,
  problems: Problem[],
): string[] {
  const wanted = new Map<string, string>()
  for (const { entity } of absent) {
    const { schema } = entity.definition.target
    if (!wanted.has(schema)) wanted.set(schema, entity.path)
  }
  for (const type of needed.types) {
    const schema =
      type.extension === null
        ? types.schemaOf(type.schema)
        : extensionSchema(type.extension, target, types.schemaOf(type.schema))
    if (!wanted.has(schema)) wanted.set(schema, 'entities')
  }
  const missing = [...wanted].filter(([schema, path]) => {
    const found = target.schemas.find(({ name }) => name === schema)
    if (found?.writable === true) return false
    const foreign = found !== undefined
    const onlyExtensions = foreign && !needsCreation(schema, absent, needed, types)
    if ((foreign && !onlyExtensions) || (!foreign && !target.may_create_schemas)) {
      problems.push({
        code: 'target_schema_not_writable',
        message: `The role of the project may not create anything in the schema ${schema}.`,
        hint: 'Rename the schema under rename.schemas, or grant the role CREATE.',
        path,
      })
    }
    return !foreign
  })
  return missing.map(([schema]) => `create schema if not exists ${quoteIdent(schema)}`)
}

function needsCreation(
  schema: string,
  absent: readonly Pair[],
  needed: Needed,
  types: TypeNames,
): boolean {
  return (
    absent.some(({ entity }) => entity.definition.target.schema === schema) ||
    needed.types.some((type) => type.extension === null && types.schemaOf(type.schema) === schema)
  )
}

function extensionStatements(needed: Needed, types: TypeNames, target: TargetState): string[] {
  const wanted = new Map<string, CatalogType>()
  for (const type of needed.types) if (type.extension !== null) wanted.set(type.extension, type)
  return [...wanted]
    .filter(([extension]) => !target.extensions.some(({ name }) => name === extension))
    .map(([extension, type]) => {
      const schema = extensionSchema(extension, target, types.schemaOf(type.schema))
      return `create extension if not exists ${quoteIdent(extension)} with schema ${quoteIdent(schema)} cascade`
    })
}

/** Collations by the clause that names them; what has to be made first is collected on the way. */
function collationPlan(catalog: Catalog, types: TypeNames, target: TargetState, notes: Note[]) {
  const ddl: string[] = []
  const known = new Map<string, string>()
  const clause: CollateClause = (collation) => {
    if (collation === null) return ''
    const name = key(collation.schema, collation.name)
    const text = known.get(name) ?? resolve(collation)
    known.set(name, text)
    return text
  }
  const resolve = (collation: CollationName): string => {
    const user = catalog.collations.find(
      (each) => each.schema === collation.schema && each.name === collation.name,
    )
    const schema = user === undefined ? collation.schema : types.schemaOf(collation.schema)
    const text = ` collate ${quoteQualified(schema, collation.name)}`
    if (target.collations.some((each) => each.schema === schema && each.name === collation.name)) {
      return text
    }
    const statement = user === undefined ? undefined : createCollation(user, schema)
    if (statement !== undefined) {
      if (!target.schemas.some(({ name }) => name === schema)) {
        ddl.push(`create schema if not exists ${quoteIdent(schema)}`)
      }
      ddl.push(statement)
      return text
    }
    notes.push({
      code: 'collation_left_out',
      message: `The target has no collation ${collation.schema}.${collation.name}: the default is used.`,
      hint: 'Create it in the target beforehand if the order of texts matters.',
      path: 'entities',
    })
    return ''
  }
  return { ddl, clause }
}

const key = (schema: string, name: string) => JSON.stringify([schema, name])
