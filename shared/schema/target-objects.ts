/** Statements that make types and tables, in an order in which each finds what it needs. */
import toposort from 'toposort'
import { quoteIdent, quoteQualified, quoteTable } from '../projection/quote.ts'
import type { SchemaContext } from './context.ts'
import { createTable } from './create-table.ts'
import { createType } from './create-type.ts'
import type { MovedTable } from './moved-table.ts'
import { key } from './names.ts'
import { type Needed, partsOf } from './needed-types.ts'
import { attachPartitions } from './partitions.ts'
import type { Sequences } from './sequences.ts'
import type { TableParts } from './steps/step.ts'
import type { TargetState } from './target-state.ts'
import type { TypeNames } from './type-names.ts'

/** A column can have the row type of another table, and a composite type that of a table. */
export function createObjects(
  parts: ReadonlyMap<MovedTable, TableParts>,
  needed: Needed,
  target: TargetState,
  sequences: Sequences,
  context: SchemaContext,
): string[] {
  const { types } = context
  const present = new Set(target.types.map(({ schema, name }) => key(schema, name)))
  const statements = new Map<string, string>()
  const edges: [string, string][] = []
  const depend = (node: string, oid: string) => edges.push([nodeOf(oid, types), node])
  for (const type of needed.types) {
    if (type.extension !== null || present.has(key(types.schemaOf(type.schema), type.name)))
      continue
    const statement = createType(type, context)
    if (statement !== undefined) statements.set(nodeOf(type.oid, types), statement)
    for (const part of partsOf(type)) depend(nodeOf(type.oid, types), part.oid)
  }
  for (const [moved, { inline }] of parts) {
    if (!moved.isNew) continue
    const node = tableNode(moved.target)
    statements.set(node, createTable(moved, inline, sequences, context))
    for (const { type_oid } of moved.columns) {
      if (types.find(type_oid) !== undefined || types.rowTypeOwner(type_oid) !== undefined) {
        depend(node, type_oid)
      }
    }
  }
  const nodes = [...new Set([...statements.keys(), ...edges.flat()])]
  const ordered = toposort.array(nodes, edges).flatMap((node) => statements.get(node) ?? [])
  const tables = [...parts.keys()].filter(({ isNew }) => isNew)
  return [
    ...sequences.create,
    ...ordered,
    ...attachPartitions(tables),
    ...sequences.own,
    ...[...parts.values()].flatMap(({ ddl }) => ddl),
    ...closed(tables, sequences, context),
  ]
}

/** Default privileges of a project may have opened what was just made. */
function closed(
  tables: readonly MovedTable[],
  { names }: Sequences,
  { apiRoles }: SchemaContext,
): string[] {
  const from = ['public', ...apiRoles.map(quoteIdent)].join(', ')
  const revoke = (kind: string, list: readonly string[]) =>
    list.length === 0 ? [] : [`revoke all on ${kind} ${list.join(', ')} from ${from}`]
  return [
    ...revoke(
      'table',
      tables.map(({ target }) => quoteTable(target)),
    ),
    ...revoke(
      'sequence',
      names.map(({ schema, name }) => quoteQualified(schema, name)),
    ),
  ]
}

function nodeOf(oid: string, types: TypeNames): string {
  const owner = types.rowTypeOwner(oid)
  return owner === undefined ? `type ${oid}` : tableNode(owner.definition.target)
}

function tableNode({ schema, table }: { readonly schema: string; readonly table: string }): string {
  return `table ${key(schema, table)}`
}
