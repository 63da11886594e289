/** A table as a whole: whether it is there, how it is divided, whom it inherits from, its settings. */
import { quoteQualified, quoteTable } from '../../projection/quote.ts'
import { storage } from '../../schema/create-table.ts'
import { partitionKeyText } from '../../schema/expression.ts'
import type { MovedTable } from '../../schema/moved-table.ts'
import type { CatalogTable } from '../../source/catalog-rows.ts'
import { compareColumns } from './columns.ts'
import { type Comparison, holdText, placeOf } from './comparison.ts'
import { compareConstraints } from './constraints.ts'
import { compareIndexes } from './indexes.ts'
import type { Place } from './ledger.ts'

/** A table or partition with everything that hangs on it, but for its sequences. */
export function compareTable(moved: MovedTable, comparison: Comparison): void {
  const { ledger, target } = comparison
  const at = placeOf(comparison, moved, tableWord(moved))
  const found = target.table(moved.target)
  if (found === undefined) {
    const code = moved.parent === null ? 'table_missing' : 'partition_missing'
    ledger.report(at, code, { expected: quoteTable(moved.target) })
    return
  }
  comparePartitioning(at, moved, found, comparison)
  compareSettings(at, moved, found, comparison)
  compareColumns(moved, found, comparison)
  compareConstraints(moved, found, comparison)
  compareIndexes(moved, found, comparison)
  if (moved.parent === null) extraPartitions(moved, comparison)
}

function tableWord({ parent, target }: MovedTable): string {
  return `${parent === null ? 'table' : 'partition'} ${target.table}`
}

function comparePartitioning(
  at: Place,
  moved: MovedTable,
  found: CatalogTable,
  comparison: Comparison,
): void {
  const { ledger } = comparison
  const divided = (is: boolean) => (is ? 'partitioned' : 'not partitioned')
  const same = ledger.hold(
    at,
    'partitioning_differs',
    divided(moved.isPartitioned),
    divided(found.partitioned),
  )
  const key = moved.table.partition_key
  if (same && moved.isPartitioned && key !== null) {
    const text = partitionKeyText(key, comparison.design.context.inTarget)
    const container = { kind: 'partition_key', table: moved.target } as const
    const foundText = found.partition_key?.text ?? null
    if (text !== undefined) {
      holdText(comparison, at, 'partition_key_differs', text, foundText, container)
    }
  }
  if (moved.parent === null || moved.table.partition === null) return
  const parent =
    found.partition === null ? null : quoteQualified(found.partition.schema, found.partition.table)
  if (!ledger.hold(at, 'partition_detached', quoteTable(moved.parent), parent)) return
  const bound = found.partition?.bound ?? null
  ledger.hold(at, 'partition_bound_differs', moved.table.partition.bound, bound)
}

function compareSettings(
  at: Place,
  moved: MovedTable,
  found: CatalogTable,
  comparison: Comparison,
): void {
  const { ledger, design } = comparison
  ledger.hold(at, 'table_unlogged', 'logged', found.unlogged ? 'unlogged' : 'logged')
  const parents = moved.table.inherits
    .filter(({ table }) => !comparison.isOmitted('inheritance', moved, table))
    .map(({ schema, table }) => design.context.movedTo(schema, table)?.target)
    .flatMap((parent) => (parent === undefined ? [] : [quoteTable(parent)]))
  const foundParents = found.inherits.map(({ schema, table }) => quoteQualified(schema, table))
  ledger.hold(at, 'inheritance_differs', list(parents), list(foundParents))
  if (!moved.isPartitioned) {
    const text = (options: readonly string[]) => storage(options.toSorted()).trim() || null
    const options = [text(moved.table.options), text(found.options)] as const
    ledger.hold(at, 'table_options_differ', ...options, 'warning')
  }
  // Which index it is shows with the indexes.
  const kept = (how: string) => (how === 'i' ? 'd' : how)
  const words: Readonly<Record<string, string>> = { d: 'default', f: 'full', n: 'nothing' }
  const identity = ({ replica_identity: how }: CatalogTable) => words[kept(how)] ?? how
  ledger.hold(at, 'replica_identity_differs', identity(moved.table), identity(found), 'warning')
}

/** Partitions of the target that the source has not. */
function extraPartitions(moved: MovedTable, comparison: Comparison): void {
  if (!moved.isPartitioned) return
  const { ledger, design, target } = comparison
  const planned = new Set(design.tables.map((each) => quoteTable(each.target)))
  for (const { schema, name, partition } of target.partitionsOf(moved.target)) {
    if (planned.has(quoteQualified(schema, name))) continue
    const at = placeOf(comparison, moved, `partition ${name}`)
    const detail = partition === null ? {} : { found: partition.bound }
    ledger.report(at, 'partition_extra', detail, 'warning')
  }
}

const list = (names: readonly string[]) => (names.length === 0 ? null : names.join(', '))
