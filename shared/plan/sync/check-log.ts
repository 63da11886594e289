/** What the strategy log needs of a plan and of a table: the log has to name the row that was changed. */
import { quoteIdent, quoteTable } from '../../projection/quote.ts'
import type { CatalogTable } from '../../source/catalog-rows.ts'
import type { World } from '../mapping/world.ts'
import { type Problem, planPath } from '../problem.ts'
import { nameOf } from '../selection.ts'
import { leavesOf } from './leaves.ts'
import type { SyncScope } from './scope.ts'

/** @param key columns of the key at the source */
export function checkLog(scope: SyncScope, key: readonly string[], world: World): void {
  if (scope.general.publication === undefined) tellPublication(world.problems)
  for (const leaf of leavesOf(scope.table, world.catalog)) {
    if (leaf.kind === 'f' || leaf.unlogged) {
      scope.problem('strategy', {
        code: 'sync_not_logged',
        message: `What happens to ${nameOf(leaf)} is not in the log of the source: the table is ${leaf.unlogged ? 'unlogged' : 'on another server'}.`,
        hint: 'Choose another strategy.',
      })
    } else if (!isNamed(leaf, key)) {
      scope.problem('strategy', {
        code: 'sync_replica_identity_missing',
        message: `The log of the source does not name the rows of ${nameOf(leaf)} that are changed or deleted by their key.`,
        hint: `Run at the source: ${remedy(leaf, key)};`,
      })
    }
  }
}

/** Of all tables, once. */
function tellPublication(problems: Problem[]): void {
  const code = 'sync_publication_missing'
  if (problems.some((each) => each.code === code)) return
  problems.push({
    code,
    message: 'The strategy log reads a publication of the source, and the plan names none.',
    hint: 'Run at the source: create publication supaferry for table … (its owner may), and name it here.',
    path: planPath(['sync', 'publication']),
  })
}

/** Whether what the log says of an old row holds its key. */
function isNamed(table: CatalogTable, key: readonly string[]): boolean {
  if (table.replica_identity === 'f') return true
  const identity = identityOf(table)
  return key.length > 0 && key.every((column) => identity.includes(column))
}

function identityOf(table: CatalogTable): readonly string[] {
  const { constraints, indexes, replica_identity } = table
  if (replica_identity === 'd') {
    return constraints.find(({ type, deferrable }) => type === 'p' && !deferrable)?.columns ?? []
  }
  const index = replica_identity === 'i' && indexes.find((each) => each.replica_identity)
  return index ? index.keys.flatMap(({ column }) => column ?? []) : []
}

function remedy(table: CatalogTable, key: readonly string[]): string {
  const alter = `alter table ${quoteTable({ schema: table.schema, table: table.name })} replica identity`
  const primary = table.constraints.find(({ type, deferrable }) => type === 'p' && !deferrable)
  if (primary !== undefined && key.every((column) => primary.columns.includes(column))) {
    return `${alter} default`
  }
  const deferrable = new Set(
    table.constraints.flatMap(({ name, deferrable: is }) => (is ? [name] : [])),
  )
  const index = table.keys.find(
    ({ name, columns }) =>
      !deferrable.has(name) && key.every((one) => columns.some(({ column }) => column === one)),
  )
  return index === undefined ? `${alter} full` : `${alter} using index ${quoteIdent(index.name)}`
}
