/** Between what and what a reference leads, and what stands against it. */
import type { CatalogColumn } from '../../source/catalog-rows.ts'
import { findColumn } from '../column.ts'
import type { ReferenceExpression } from '../expression/expression.ts'
import { didYouMean, standardName } from '../names.ts'
import { type Problem, planPath } from '../problem.ts'
import type { Intent } from './intent.ts'
import { printAlike } from './key-text.ts'
import { followed } from './roles.ts'
import { travelType } from './stage.ts'
import { columnsOf, type Path } from './walk.ts'
import { sourceColumn, type World } from './world.ts'

export interface Ends {
  readonly parent: Intent
  /** Columns of the child in the order of the parent's key. */
  readonly sources: readonly CatalogColumn[]
}

type Told = Omit<Problem, 'path'>

/** Undefined after a problem was told. */
export function findEnds(
  expression: ReferenceExpression,
  path: Path,
  { child, world }: { readonly child: Intent; readonly world: World },
): Ends | undefined {
  const { problems, intents } = world
  const parent = intents.get(standardName(expression.to))
  if (parent === undefined) {
    problems.push({
      code: 'reference_entity_unknown',
      message: `A reference leads to ${expression.to}, which is not moved.`,
      hint: didYouMean(
        expression.to,
        [...intents.keys()],
        'Name a table of the source that the plan moves.',
      ),
      path: planPath([...path, 'to']),
    })
    return undefined
  }
  const found = columnsOf(expression).map((name) =>
    findColumn(child.selected.table, name, [...path, 'of'], problems),
  )
  if (!found.every((column) => column !== undefined)) return undefined
  const sources = inKeyOrder(found, child, parent)
  if (sources !== undefined) return { parent, sources }
  const { key, name } = parent
  const words = key.length === 0 ? `${name} has none` : `it is ${key.join(', ')}`
  problems.push({
    code: 'reference_not_key',
    message: `The reference does not lead to the key of ${name}: ${words}.`,
    hint: 'Give the columns that hold the key of the parent, in its order.',
    path: planPath([...path, 'of']),
  })
  return undefined
}

/** Why a parent that keeps its key cannot be referred to by one column. */
export function keptProblem({ name, key }: Intent): Told {
  if (key.length > 1) {
    return {
      code: 'reference_composite',
      message: `${name} keeps a key of ${key.length} columns, which no single column holds.`,
      hint: 'Copy the columns one by one, or give the parent the id strategy uuid.',
    }
  }
  return {
    code: 'reference_not_key',
    message: `${name} does not bring its key ${key[0]} to the target.`,
    hint: 'Add the key to the columns of the parent.',
  }
}

/** Keys are found by their texts: why those of child and parent would differ. */
export function textProblem(
  sources: readonly CatalogColumn[],
  parent: Intent,
  world: World,
): Told | undefined {
  const keys = parent.key.map((name) => sourceColumn(parent.selected.table, name)!)
  const at = keys.findIndex((key, place) => !isAlike(key, sources[place]!, world))
  const [source, key] = [sources[at], keys[at]]
  if (source === undefined || key === undefined) return undefined
  return {
    code: 'reference_type_differs',
    message: `${source.name} is ${source.type}, and ${key.name} of ${parent.name} is ${key.type}: equal values have different texts.`,
    hint: 'Change one of the types at the source.',
  }
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
