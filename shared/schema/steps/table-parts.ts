/** Everything that a table gets besides its columns: what stands from the beginning, and the steps. */
import { quoteTable } from '../../projection/quote.ts'
import type { SchemaContext } from '../context.ts'
import { comesWithParent, type MovedTable } from '../moved-table.ts'
import type { Sequences } from '../sequences.ts'
import { addCheck } from './check.ts'
import { foreignKeySteps } from './foreign-key.ts'
import { createIndex, indexParts } from './index.ts'
import { addKey, isKey } from './keys.ts'
import { partitionedKeySteps } from './partitioned.ts'
import { settingSteps } from './setting.ts'
import { objectName, type Step, stage, type TableParts } from './step.ts'

/**
 * @param tree a table and, where it is made with them, its partitions
 * @returns parts by table; the steps of a partition belong to its root
 */
export function tableParts(
  tree: readonly MovedTable[],
  sequences: Sequences,
  context: SchemaContext,
): ReadonlyMap<MovedTable, TableParts> {
  const [root] = tree
  const parts = new Map(
    tree.map((moved): [MovedTable, TableParts] => [moved, { inline: [], ddl: [], steps: [] }]),
  )
  if (root === undefined) return parts
  const own = parts.get(root)!
  if (root.isNew && root.isPartitioned) own.steps.push(...partitionedKeySteps(tree, context))
  for (const [moved, into] of parts) {
    if (!moved.isNew) continue
    if (!root.isPartitioned) addIndexes(moved, context, into)
    for (const constraint of moved.table.constraints) {
      if (comesWithParent(moved, constraint)) continue
      if (constraint.type === 'c') addCheck(constraint, moved, context, into)
      if (constraint.type === 'f') into.steps.push(...foreignKeySteps(constraint, moved, context))
    }
    const kept = new Set(moved.table.indexes.filter(({ valid }) => valid).map(({ name }) => name))
    into.steps.push(...settingSteps(moved, kept, context))
  }
  for (const moved of tree.slice(1)) own.steps.push(...parts.get(moved)!.steps)
  own.steps.push(...lastSteps(tree, root, sequences))
  return parts
}

function addIndexes(moved: MovedTable, context: SchemaContext, into: TableParts): void {
  const indexes = new Map(moved.table.indexes.map((index) => [index.name, index]))
  for (const constraint of moved.table.constraints.filter(isKey)) {
    addKey(constraint, indexes.get(constraint.name), moved, context, into)
  }
  for (const index of moved.table.indexes.filter((each) => each.constraint === null)) {
    const parts = indexParts(index, moved, context)
    if (parts === undefined) continue
    context.takeName(moved.target.schema, index.name, moved.entity.path)
    const statement = createIndex(parts, moved)
    const object_name = objectName(moved, index.name)
    if (moved.isSmall) into.ddl.push(statement)
    else into.steps.push({ kind: 'index', stage: stage.index, object_name, statement })
  }
}

/** Sequences and statistics; of a small table as one step. */
function lastSteps(tree: readonly MovedTable[], moved: MovedTable, sequences: Sequences): Step[] {
  const positions = tree.flatMap((each) => sequences.positions(each))
  const analyze = `analyze ${quoteTable(moved.target)}`
  const object_name = moved.target.table
  if (moved.isSmall) {
    const statement = [...positions.map((each) => each.statement), analyze].join(';\n')
    const kind = positions.length === 0 ? 'analyze' : 'sequence'
    return [{ kind, stage: stage.key, object_name, statement }]
  }
  return [
    ...positions.map(
      ({ name, statement }): Step => ({
        kind: 'sequence',
        stage: stage.key,
        object_name: name,
        statement,
      }),
    ),
    { kind: 'analyze', stage: stage.statistics, object_name, statement: analyze },
  ]
}
