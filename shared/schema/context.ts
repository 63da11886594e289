/** What the makers of tables, types and steps share while a target is planned. */
import type { Note, Problem } from '../plan/problem.ts'
import type { CatalogTable, CollationName } from '../source/catalog-rows.ts'
import type { NameInTarget } from './expression.ts'
import type { MovedTable } from './moved-table.ts'
import type { TypeNames } from './type-names.ts'

export interface SchemaContext {
  readonly types: TypeNames
  /** ` collate "schema"."name"` or nothing. */
  readonly collate: (collation: CollationName | null) => string
  readonly inTarget: NameInTarget
  /** Schema in the target of what an extension owns; undefined where the target does not offer it. */
  readonly extensionSchema: (extension: string) => string | undefined
  /** Takes a name for a relation; a name that is taken already is a problem. */
  readonly takeName: (schema: string, name: string, path: string) => void
  /** The table that a table or partition of the source becomes. */
  readonly movedTo: (schema: string, table: string) => MovedTable | undefined
  readonly apiRoles: readonly string[]
  readonly problems: Problem[]
  readonly notes: Note[]
  readonly omissions: Omission[]
}

/** Something of a table that the target will not have, for those who compare the two later. */
export interface Omission {
  readonly what: 'index' | 'constraint' | 'default' | 'setting' | 'inheritance' | 'partitions'
  /** Table or partition of the source. */
  readonly table: Pick<CatalogTable, 'schema' | 'name'>
  /** Of the index, constraint, column or parent; of the table where it is about the table itself. */
  readonly name: string
}

/** Something of the source that the target will not have: a note for people, an omission for checks. */
export function leaveOut(
  context: Pick<SchemaContext, 'notes' | 'omissions'>,
  omission: Omission,
  message: string,
  path: string,
  hint = 'Add it in the target afterwards where it is needed.',
): void {
  context.notes.push({ code: `${omission.what}_left_out`, message, hint, path })
  context.omissions.push(omission)
}
