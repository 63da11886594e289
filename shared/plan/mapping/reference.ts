/** A reference as SQL: the id of the parent, and the condition that the parent is not there. */
import { entityNamespace, nameUuidSql } from '../../projection/name-uuid.ts'
import { quoteIdent } from '../../projection/quote.ts'
import type { CatalogColumn } from '../../source/catalog-rows.ts'
import { findColumn } from '../column.ts'
import { compileFilter } from '../compile-filter.ts'
import { valueClass } from '../filter-value.ts'
import { didYouMean, standardName } from '../names.ts'
import { planPath } from '../problem.ts'
import { convert } from './convert.ts'
import type { ReferenceExpression } from './expression.ts'
import { carrierOf, type Intent } from './intent.ts'
import type { Joins } from './joins.ts'
import { isThere, keyText, printAlike } from './key-text.ts'
import { followed } from './roles.ts'
import { type Stage, travelType } from './stage.ts'
import { type ColumnType, computedType, copiedType } from './target-type.ts'
import { isInteger } from './type-text.ts'
import type { Value } from './value.ts'
import { columnsOf, type Path } from './walk.ts'
import { knownType, sourceColumn, type World } from './world.ts'

/** How a reference is resolved: as a load does it, as a verification does, or from its name alone. */
export type Mode = 'select' | 'expected' | 'named'

export interface Resolved {
  /** As the child's column holds it; null where the reference is null. */
  readonly value: Value
  readonly type: ColumnType
  readonly parent: Intent
  /** Column of the parent's target that the value is found in. */
  readonly parent_column: string
  readonly sources: readonly CatalogColumn[]
  /** SQL that holds where the reference has a value and its parent is not there; null: nobody looks. */
  readonly missing: string | null
}

export interface ReferenceScope {
  readonly child: Intent
  readonly world: World
  readonly stage: Stage
  readonly joins: Joins
}

/** Undefined after a problem was told. */
export function resolveReference(
  expression: ReferenceExpression,
  path: Path,
  mode: Mode,
  scope: ReferenceScope,
): Resolved | undefined {
  const { child, world } = scope
  const parent = world.intents.get(standardName(expression.to))
  const refuse = (code: string, message: string, hint: string, at: string) => {
    world.problems.push({ code, message, hint, path: planPath([...path, at]) })
    return undefined
  }
  if (parent === undefined) {
    const names = [...world.intents.keys()]
    return refuse(
      'reference_entity_unknown',
      `A reference leads to ${expression.to}, which is not moved.`,
      didYouMean(expression.to, names, 'Name a table of the source that the plan moves.'),
      'to',
    )
  }
  const found = columnsOf(expression).map((name) =>
    findColumn(child.selected.table, name, [...path, 'of'], world.problems),
  )
  if (!found.every((column) => column !== undefined)) return undefined
  const sources = inKeyOrder(found, child, parent)
  if (sources === undefined) {
    return refuse(
      'reference_not_key',
      `The reference does not lead to the key of ${parent.name}: ${keyWords(parent)}.`,
      'Give the columns that hold the key of the parent, in its order.',
      'of',
    )
  }
  const keys = parent.key.map((name) => sourceColumn(parent.selected.table, name)!)
  const values = valuesOf(sources, expression, path, scope)
  if (parent.strategy !== 'preserve') {
    const differs = keys.findIndex((key, at) => !isAlike(key, sources[at]!, world))
    if (differs >= 0) {
      return refuse(
        'reference_type_differs',
        `${sources[differs]!.name} is ${sources[differs]!.type}, and ${keys[differs]!.name} of ${parent.name} is ${keys[differs]!.type}: equal values have different texts.`,
        'Change one of the types at the source.',
        'of',
      )
    }
    return anew(sources, values, parent, mode, scope)
  }
  if (keys.length > 1) {
    return refuse(
      'reference_composite',
      `${parent.name} keeps a key of ${keys.length} columns, which no single column holds.`,
      'Copy the columns one by one, or give the parent the id strategy uuid.',
      'of',
    )
  }
  const carrier = carrierOf(parent, parent.key[0]!)
  if (carrier === undefined) {
    return refuse(
      'reference_not_key',
      `${parent.name} does not bring its key ${parent.key[0]} to the target.`,
      'Add the key to the columns of the parent.',
      'to',
    )
  }
  return kept(sources, values, { parent, carrier, expression }, mode, scope, path)
}

/** Over the stage; null in rows that the plan says refer to nothing. */
function valuesOf(
  sources: readonly CatalogColumn[],
  { when }: ReferenceExpression,
  path: Path,
  { child, world, stage }: ReferenceScope,
): Value[] {
  const values = sources.map((column) => stage.value(column))
  if (when === undefined) return values
  const { types } = world.catalog
  const condition = compileFilter(when, [...path, 'when'], {
    table: child.selected.table,
    types,
    problems: world.problems,
    operandOf: (column) => stage.value(column).sql,
    // What is no type of the server itself travels as text.
    classOf: (column) =>
      valueClass({ ...column, type: stage.value(column).type, type_oid: '0' }, types),
  })
  return values.map((value) => ({
    ...value,
    sql: `(case when ${condition} then ${value.sql} end)`,
  }))
}

/** The parent has an id of its own in the target. */
function anew(
  sources: readonly CatalogColumn[],
  values: readonly Value[],
  parent: Intent,
  mode: Mode,
  { world, joins }: ReferenceScope,
): Resolved {
  const key = keyText(values)
  const isNamed = parent.strategy === 'uuid'
  const named = nameUuidSql(entityNamespace(world.system, parent.name), key)
  const type = computedType('uuid')
  const common = { type, parent, parent_column: parent.id!, sources }
  const value = (sql: string): Value => ({ sql, type: 'uuid', fails: [] })
  if (mode === 'named' && isNamed) return { ...common, value: value(named), missing: null }
  const id = `${joins.map(parent.name, key)}.target_id`
  const missing = `(${isThere(values)} and ${id} is null)`
  const isAnew = mode === 'expected' && isNamed
  return {
    ...common,
    value: value(isAnew ? `(case when ${id} is not null then ${named} end)` : id),
    missing,
  }
}

interface Kept {
  readonly parent: Intent
  /** Column of the parent's target that has its key. */
  readonly carrier: Intent['columns'][number]
  readonly expression: ReferenceExpression
}

/** The parent keeps its key, or has the id of a row of another table. */
function kept(
  sources: readonly CatalogColumn[],
  values: readonly Value[],
  { parent, carrier, expression: written }: Kept,
  mode: Mode,
  scope: ReferenceScope,
  path: Path,
): Resolved | undefined {
  const { world, joins } = scope
  const { expression, target } = carrier
  let value: Value
  let type: ColumnType
  let unknown: string | null = null
  if (expression !== null && typeof expression !== 'string' && expression.op === 'reference') {
    // Under the condition of the reference itself, not that of its parent's.
    const through = { ...expression, of: sources.map(({ name }) => name), when: written.when }
    const inner = resolveReference(through, path, 'named', scope)
    if (inner === undefined) return undefined
    value = inner.value
    unknown = inner.missing
    type = knownType(parent, carrier, world) ?? inner.type
  } else {
    const known = knownType(parent, carrier, world)
    if (known === undefined) return undefined
    value = values[0]!
    // Whole numbers are compared across their types.
    const isWhole = isInteger(value.type) && isInteger(known.type)
    type = isWhole ? copiedType(sources[0]!, world.types, world.catalog.types) : known
  }
  const made = convert(value, type)
  if ('refused' in made) {
    world.problems.push({
      code: 'reference_type_differs',
      message: `The reference does not fit ${target} of ${parent.name}: ${made.refused}`,
      hint: 'Give the columns that hold the key of the parent.',
      path: planPath([...path, 'of']),
    })
    return undefined
  }
  const common = { type, parent, parent_column: target, sources, value: made }
  if (mode === 'named') return { ...common, missing: null }
  const isUnique = parent.existing === undefined
  const there = joins.presence(
    parent.selected.target,
    target,
    made.sql,
    equality(type, world),
    isUnique,
  )
  const absent = `(${made.sql} is not null and not (${there}))`
  return { ...common, missing: unknown === null ? absent : `(${unknown} or ${absent})` }
}

/** Operators of an extension are invisible under the pinned search path. */
export function equality(
  { type, oid }: Pick<ColumnType, 'type' | 'oid'>,
  { types }: World,
): string {
  if (types.find(oid)?.kind !== 'base') return '='
  const schema = types.named(type, oid)?.schema
  return schema === undefined ? '=' : `operator(${quoteIdent(schema)}.=)`
}

/** The columns in the order of the parent's key; undefined where they lead elsewhere. */
function inKeyOrder(
  columns: readonly CatalogColumn[],
  child: Intent,
  parent: Intent,
): readonly CatalogColumn[] | undefined {
  const { table } = parent.selected
  if (parent.key.length === 0 || columns.length !== parent.key.length) return undefined
  const names = columns.map(({ name }) => name)
  const declared = followed(child.selected.table).filter(
    ({ columns: own, reference }) =>
      reference.schema === table.schema &&
      reference.table === table.name &&
      own.length === names.length &&
      own.every((name) => names.includes(name)),
  )
  // Without a foreign key the plan's word is all there is.
  if (declared.length === 0) return columns
  const orders = declared.map(({ columns: own, reference }) =>
    parent.key.flatMap((name) => {
      const at = reference.columns.indexOf(name)
      return columns.find((column) => at >= 0 && column.name === own[at]) ?? []
    }),
  )
  return orders.find(({ length }) => length === columns.length)
}

function isAlike(one: CatalogColumn, other: CatalogColumn, { catalog }: World): boolean {
  const [left, right] = [one, other].map(({ type, type_oid }) =>
    travelType(type, type_oid, catalog.types),
  )
  return left === undefined || right === undefined
    ? one.type === other.type
    : printAlike(left, right)
}

function keyWords({ key, name }: Intent): string {
  return key.length === 0 ? `${name} has none` : `it is ${key.join(', ')}`
}
