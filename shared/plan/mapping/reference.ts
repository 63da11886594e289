/** A reference as SQL: the id of the parent, and the condition that the parent is not there. */
import { entityNamespace } from '../../projection/name-uuid.ts'
import { quoteIdent } from '../../projection/quote.ts'
import type { CatalogColumn } from '../../source/catalog-rows.ts'
import { compileFilter } from '../compile-filter.ts'
import { convert } from '../expression/convert.ts'
import type { ReferenceExpression } from '../expression/expression.ts'
import { isInteger } from '../expression/type-text.ts'
import type { Value } from '../expression/value.ts'
import { valueClass } from '../filter-value.ts'
import { planPath } from '../problem.ts'
import { carrierOf, type Intent } from './intent.ts'
import type { Joins } from './joins.ts'
import { isThere, keyText } from './key-text.ts'
import { findEnds, keptProblem, textProblem } from './reference-ends.ts'
import type { Columns } from './stage.ts'
import { type ColumnType, computedType, copiedType } from './target-type.ts'
import type { Path } from './walk.ts'
import { knownType, type World } from './world.ts'

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
  readonly stage: Columns
  readonly joins: Joins
}

/** Undefined after a problem was told. */
export function resolveReference(
  expression: ReferenceExpression,
  path: Path,
  mode: Mode,
  scope: ReferenceScope,
): Resolved | undefined {
  const ends = findEnds(expression, path, scope)
  if (ends === undefined) return undefined
  const { parent, sources } = ends
  const { world } = scope
  const values = valuesOf(sources, expression, path, scope)
  if (parent.strategy !== 'preserve') {
    const problem = textProblem(sources, parent, world)
    if (problem === undefined) return anew(sources, values, parent, mode, scope)
    world.problems.push({ ...problem, path: planPath([...path, 'of']) })
    return undefined
  }
  const carrier = carrierOf(parent, parent.key[0]!)
  if (parent.key.length === 1 && carrier !== undefined) {
    return kept(sources, values, { parent, carrier, expression }, mode, scope, path)
  }
  world.problems.push({
    ...keptProblem(parent),
    path: planPath([...path, parent.key.length > 1 ? 'of' : 'to']),
  })
  return undefined
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
  { world, stage, joins }: ReferenceScope,
): Resolved {
  const key = keyText(values)
  const isNamed = parent.strategy === 'uuid'
  const named = stage.nameUuid(entityNamespace(world.system, parent.name), key)
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
