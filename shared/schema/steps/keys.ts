/** Primary keys, unique and exclusion constraints: an index that bears a constraint. */
import { quoteIdent, quoteTable } from '../../projection/quote.ts'
import type { CatalogConstraint, CatalogIndex } from '../../source/catalog-rows-attached.ts'
import { leaveOut, type SchemaContext } from '../context.ts'
import { type MovedTable, sourceName } from '../moved-table.ts'
import { createIndex, type IndexParts, indexParts, memberName } from './index.ts'
import { objectName, type Step, stage, type TableParts } from './step.ts'

const kinds = { p: 'primary_key', u: 'unique', x: 'exclusion' } as const
type KeyType = keyof typeof kinds

/** Undefined, with a note, where the target cannot have it. */
export function keyConstraint(
  constraint: CatalogConstraint,
  index: CatalogIndex | undefined,
  moved: MovedTable,
  context: SchemaContext,
): { readonly definition: string; readonly parts: IndexParts } | undefined {
  const refuse = (reason: string) => {
    const message = `The constraint ${constraint.name} of ${sourceName(moved)} ${reason}.`
    const omission = { what: 'constraint', table: moved.table, name: constraint.name } as const
    leaveOut(context, omission, message, moved.entity.path)
    return undefined
  }
  if (index === undefined || constraint.period) return refuse('is of a kind that is not supported')
  const parts = indexParts(index, moved, context)
  if (parts === undefined) return undefined
  const definition = keyDefinition(constraint, parts, context)
  if (definition === undefined) return refuse('uses operators that the target does not have')
  context.takeName(moved.target.schema, constraint.name, moved.entity.path)
  return { definition: `constraint ${quoteIdent(constraint.name)} ${definition}`, parts }
}

function keyDefinition(
  constraint: CatalogConstraint,
  parts: IndexParts,
  context: SchemaContext,
): string | undefined {
  const when = deferral(constraint)
  const { keys, include, options, where } = parts
  if (constraint.type === 'x') {
    const operators = constraint.operators.map((each) => memberName(each, context))
    if (operators.includes(undefined)) return undefined
    const elements = keys.map((text, at) => `${text} with ${operatorText(operators[at]!)}`)
    const condition = where === '' ? '' : ` where (${where.slice(' where '.length)})`
    return `exclude using ${parts.method} (${elements.join(', ')})${include}${options}${condition}${when}`
  }
  const columns = constraint.columns.map(quoteIdent).join(', ')
  const what = constraint.type === 'p' ? 'primary key' : `unique${parts.nullsNotDistinct}`
  return `${what} (${columns})${include}${options}${when}`
}

/** `"schema"."op"` as `operator("schema".op)`: the sign itself takes no quotes. */
function operatorText(qualified: string): string {
  const at = qualified.lastIndexOf('."')
  return `operator(${qualified.slice(0, at)}.${qualified.slice(at + 2, -1)})`
}

export function deferral({ deferrable, deferred }: CatalogConstraint): string {
  return `${deferrable ? ' deferrable' : ''}${deferred ? ' initially deferred' : ''}`
}

/**
 * A key of a table that is not partitioned. After many rows, the index is built as one of several at
 * once, and the constraint put on it afterwards; a deferrable one is never made before the rows,
 * because nothing checks it while they are loaded.
 */
export function addKey(
  constraint: CatalogConstraint & { readonly type: KeyType },
  index: CatalogIndex | undefined,
  moved: MovedTable,
  context: SchemaContext,
  into: TableParts,
): void {
  const made = keyConstraint(constraint, index, moved, context)
  if (made === undefined) return
  const kind = kinds[constraint.type]
  const alter = `alter table ${quoteTable(moved.target)} add`
  const object_name = objectName(moved, constraint.name)
  if (moved.isSmall && !constraint.deferrable) into.inline.push(made.definition)
  else if (constraint.type === 'x' || moved.isSmall) {
    into.steps.push({
      kind,
      stage: stage.key,
      object_name,
      statement: `${alter} ${made.definition}`,
    })
  } else {
    const statement = createIndex(made.parts, moved)
    into.steps.push({ kind: 'index', stage: stage.index, object_name, statement })
    into.steps.push(attachStep(constraint, moved))
  }
}

/** Puts a constraint on its index. */
export function attachStep(
  constraint: CatalogConstraint & { readonly type: KeyType },
  moved: MovedTable,
): Step {
  const what = constraint.type === 'p' ? 'primary key' : 'unique'
  const name = quoteIdent(constraint.name)
  return {
    kind: kinds[constraint.type],
    stage: stage.key,
    object_name: objectName(moved, constraint.name),
    statement: `alter table ${quoteTable(moved.target)} add constraint ${name} ${what} using index ${name}${deferral(constraint)}`,
  }
}

export function isKey(
  constraint: CatalogConstraint,
): constraint is CatalogConstraint & { readonly type: KeyType } {
  return constraint.type === 'p' || constraint.type === 'u' || constraint.type === 'x'
}
