/**
 * Keys and indexes of a partitioned table. Those of the partitions are built first, under their own
 * names; the parent's then finds them and takes them in, without a look at a row.
 */
import { quoteTable } from '../../projection/quote.ts'
import type { SchemaContext } from '../context.ts'
import type { MovedTable } from '../moved-table.ts'
import { createIndex, indexParts } from './index.ts'
import { attachStep, isKey, keyConstraint } from './keys.ts'
import { type Step, stage } from './step.ts'

/** @param tree the root first, then its partitions, parents before children */
export function partitionedKeySteps(tree: readonly MovedTable[], context: SchemaContext): Step[] {
  const steps: Step[] = []
  /** Metadata only; in one step, because each statement needs the one before. */
  const joins: string[] = []
  for (const moved of tree.toReversed()) {
    const indexes = new Map(moved.table.indexes.map((index) => [index.name, index]))
    const alter = `alter table ${quoteTable(moved.target)} add`
    for (const constraint of moved.table.constraints.filter(isKey)) {
      const index = indexes.get(constraint.name)
      const made = keyConstraint(constraint, index, moved, context)
      if (made === undefined) continue
      if (moved.isPartitioned || constraint.type === 'x') joins.push(`${alter} ${made.definition}`)
      else {
        steps.push(indexStep(moved, constraint.name, createIndex(made.parts, moved)))
        joins.push(attachStep(constraint, moved).statement)
      }
    }
    for (const index of moved.table.indexes.filter((each) => each.constraint === null)) {
      const parts = indexParts(index, moved, context)
      if (parts === undefined) continue
      context.takeName(moved.target.schema, index.name, moved.entity.path)
      const statement = createIndex(parts, moved)
      if (moved.isPartitioned) joins.push(statement)
      else steps.push(indexStep(moved, index.name, statement))
    }
  }
  const [root] = tree
  if (root === undefined || joins.length === 0) return steps
  const statement = joins.join(';\n')
  return [
    ...steps,
    { kind: 'setting', stage: stage.key, object_name: 'keys and indexes', statement },
  ]
}

function indexStep(moved: MovedTable, name: string, statement: string): Step {
  return {
    kind: 'index',
    stage: stage.index,
    object_name: `${moved.target.table}.${name}`,
    statement,
  }
}
