/** Which entity comes after which, what it waits for, and which references have to be looked at late. */
import type { Dependency } from '../../projection/mapping.ts'
import type { Catalog } from '../../source/catalog-rows.ts'
import { referencesOfExpression } from '../expression/expression-parts.ts'
import { didYouMean, standardName } from '../names.ts'
import { dependencyOrder, type Dependency as Edge, reaches } from '../order.ts'
import { type Note, type Problem, planPath } from '../problem.ts'
import { nameOf } from '../selection.ts'
import type { Intent } from './intent.ts'
import type { Path } from './walk.ts'

export interface Arrangement {
  /** Entities, each behind those that it needs. */
  readonly order: readonly string[]
  /** Whether a child's references to a parent are resolved when both are in. */
  isLate(child: string, parent: string): boolean
  waitsFor(name: string): readonly Dependency[]
}

/** A reference of a mapped entity, or an order that the plan asks for. */
interface Need {
  readonly child: string
  readonly parent: string
  readonly missing: 'reject' | 'null' | 'skip' | null
  readonly path: Path
}

/** How much is lost where an edge is cut: the first are kept before the others. */
const ranks = { asked: 0, lookup: 1, reject: 2, skip: 3, null: 4, key: 5, nullableKey: 6 }

export function arrange(
  intents: ReadonlyMap<string, Intent>,
  catalog: Catalog,
  problems: Problem[],
  notes: Note[],
): Arrangement {
  const needs = [...intents.values()].flatMap((intent) => needsOf(intent, intents, problems))
  const pairs = new Set(needs.map(({ child, parent }) => pair(child, parent)))
  const isLookup = (name: string) => intents.get(name)?.strategy === 'lookup'
  const edges = needs.map(({ child, parent, missing }): Edge => {
    const rank =
      missing === null ? 'asked' : isLookup(child) || isLookup(parent) ? 'lookup' : missing
    return { node: child, on: parent, weak: ranks[rank] }
  })
  const keys = foreignKeyEdges(catalog).filter(({ node, on }) => !pairs.has(pair(node, on)))
  const { order, broken } = dependencyOrder([...intents.keys()], [...edges, ...keys])
  const cut = new Set(broken.map(({ node, on }) => pair(node, on)))
  for (const { node, on } of firsts(broken)) notes.push(cycleNote(node, on, pairs))
  const late = needs.filter(
    ({ child, parent, missing }) =>
      missing !== null && (child === parent || cut.has(pair(child, parent))),
  )
  const lates = new Set(late.map(({ child, parent }) => pair(child, parent)))
  for (const need of needs) {
    const { child, parent, missing, path } = need
    if (missing === null && (child === parent || cut.has(pair(child, parent)))) {
      problems.push(circleProblem(need))
    } else if (lates.has(pair(child, parent)) && (isLookup(child) || isLookup(parent))) {
      problems.push({
        code: 'reference_late_lookup',
        message: `The reference of ${child} to ${parent} closes a circle, and rows that are looked up have to be there before.`,
        hint: 'Leave one of the references of the circle out.',
        path: planPath(path),
      })
    }
  }
  const reaches = reachability(needs)
  const isCircle = (one: string, other: string) => reaches(one, other) && reaches(other, one)
  // What goes late takes rows along all around the circle.
  const isUnsettled = (name: string) =>
    late.some(({ child, missing }) => missing !== 'null' && isCircle(child, name))
  const settledWith = (name: string) =>
    isUnsettled(name) ? [...intents.keys()].filter((other) => isCircle(name, other)) : []
  return {
    order,
    isLate: (child, parent) => lates.has(pair(child, parent)),
    waitsFor: (name) =>
      uniqueOf(
        needs
          .filter(
            ({ child, parent, missing }) =>
              child === name && !(missing === null && parent === name),
          )
          .map(({ parent, missing }): Dependency => {
            if (missing !== null && lates.has(pair(name, parent))) {
              return { kind: 'settle', entity_name: parent, until: 'copied' }
            }
            const until = isUnsettled(parent) && !reaches(parent, name) ? 'completed' : 'copied'
            return { kind: 'copy', entity_name: parent, until }
          })
          .concat(
            settledWith(name).map((other) => ({
              kind: 'settle',
              entity_name: other,
              until: 'copied',
            })),
          ),
      ),
  }
}

function needsOf(
  intent: Intent,
  intents: ReadonlyMap<string, Intent>,
  problems: Problem[],
): Need[] {
  const { name, columns, selected } = intent
  const references = columns.flatMap(({ expression, path }) =>
    expression === null ? [] : referencesOfExpression(expression, path),
  )
  // A parent that is not moved is a problem of the reference itself.
  const referred = references.flatMap(({ reference, path }) => {
    const parent = standardName(reference.to)
    return intents.has(parent) ? [{ child: name, parent, missing: reference.missing, path }] : []
  })
  const asked = (selected.written?.depends_on ?? []).flatMap((text, at) => {
    const parent = standardName(text)
    const path = [...selected.path, 'depends_on', at]
    if (intents.has(parent)) return [{ child: name, parent, missing: null, path }]
    problems.push({
      code: 'depends_on_unknown',
      message: `${name} is to come after ${parent}, which is not moved.`,
      hint: didYouMean(parent, [...intents.keys()], 'Name a table that the plan moves.'),
      path: planPath(path),
    })
    return []
  })
  return [...referred, ...asked]
}

/** Foreign keys count for the order where nothing else does: constraints are made after the data. */
function foreignKeyEdges(catalog: Catalog): Edge[] {
  const roots = new Map(
    catalog.partitions.flatMap(({ schema, name, partition }) =>
      partition === null
        ? []
        : [
            [
              nameOf({ schema, name }),
              nameOf({ schema: partition.root_schema, name: partition.root_table }),
            ] as const,
          ],
    ),
  )
  const node = (schema: string, name: string) => {
    const own = nameOf({ schema, name })
    return roots.get(own) ?? own
  }
  return catalog.foreign_keys.map((key) => ({
    node: node(key.schema, key.table),
    on: node(key.referenced_schema, key.referenced_table),
    weak: key.nullable ? ranks.nullableKey : ranks.key,
  }))
}

function reachability(needs: readonly Need[]): (from: string, to: string) => boolean {
  const parents = new Map<string, string[]>()
  for (const { child, parent } of needs) {
    parents.set(child, [...(parents.get(child) ?? []), parent])
  }
  return (from, to) => reaches(parents, from, to)
}

/** The stricter of two with the same parent; in the order of names. */
function uniqueOf(dependencies: readonly Dependency[]): Dependency[] {
  const found = new Map(
    dependencies
      .toSorted((a, b) => (a.until < b.until ? 1 : a.until > b.until ? -1 : 0))
      .map((each) => [JSON.stringify([each.kind, each.entity_name]), each]),
  )
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
}

function firsts(broken: readonly Edge[]): Edge[] {
  return [...new Map(broken.map((edge) => [pair(edge.node, edge.on), edge])).values()]
}

function cycleNote(node: string, on: string, needed: ReadonlySet<string>): Note {
  const isNeeded = needed.has(pair(node, on))
  return {
    code: 'dependency_cycle',
    message: isNeeded
      ? `The reference of ${node} to ${on} closes a cycle: it is looked at when the rows of both are in.`
      : `The foreign key of ${node} to ${on} closes a cycle and does not count for the order.`,
    hint: isNeeded
      ? 'Nothing to do: rows whose parents never come are found then.'
      : 'Nothing to do: constraints are made after the data.',
    path: 'entities',
  }
}

function circleProblem({ child, parent, path }: Need): Problem {
  return {
    code: 'depends_on_circle',
    message: `${child} is to come after ${parent}, which comes after ${child} itself.`,
    hint: 'Remove one of the entries of the circle.',
    path: planPath(path),
  }
}

const pair = (node: string, on: string) => JSON.stringify([node, on])
