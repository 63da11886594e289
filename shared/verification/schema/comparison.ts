/** What the comparers of tables, types and sequences share. */
import type { TableName } from '../../projection/entity.ts'
import type { Omission } from '../../schema/context.ts'
import { portableText } from '../../schema/expression.ts'
import type { MovedTable } from '../../schema/moved-table.ts'
import type { TargetDesign } from '../../schema/target-plan.ts'
import type { CatalogExpression } from '../../source/catalog-rows-attached.ts'
import type { Ledger, Place } from './ledger.ts'
import type { TargetCatalog } from './target-catalog.ts'

/** Where an SQL text stands, so that the target can be made to print it once more. */
export type Container =
  | { readonly kind: 'default' | 'generated'; readonly table: TableName; readonly type: string }
  | { readonly kind: 'check' | 'predicate' | 'partition_key'; readonly table: TableName }
  | {
      readonly kind: 'index_key'
      readonly table: TableName
      readonly method: string
      /** ` "schema"."class" (…)` or nothing. */
      readonly operatorClass: string
    }
  | { readonly kind: 'domain_default' | 'domain_check'; readonly base: string }

/** Two texts that are not the same letter by letter, and may mean the same all the same. */
export interface TextPair {
  readonly at: Place
  readonly code: string
  /** The source's, with the target's names. */
  readonly expected: string
  readonly found: string
  readonly container: Container
}

export interface Comparison {
  readonly ledger: Ledger
  readonly design: TargetDesign
  readonly target: TargetCatalog
  /** Texts that the target has to print again before they can be held against each other. */
  readonly texts: TextPair[]
  readonly entityOf: (moved: MovedTable) => string
  /** Whether the target had the table before: it is not as the migration would have made it. */
  readonly existed: (moved: MovedTable) => boolean
  readonly isOmitted: (what: Omission['what'], moved: MovedTable, name: string) => boolean
}

export function placeOf(comparison: Comparison, moved: MovedTable, object: string): Place {
  return { entity: comparison.entityOf(moved), object }
}

/** Name of what hangs on a table, with the partition where it is on one. */
export function ownName(moved: MovedTable, name: string): string {
  return moved.parent === null ? name : `${moved.target.table}.${name}`
}

/** An expression of the source with the target's names; undefined where it does not come along. */
export function portable(
  { design }: Comparison,
  expression: CatalogExpression,
): string | undefined {
  return portableText(expression, design.context.inTarget)
}

/** Equal texts are settled here; others wait for the target to print them both. */
export function holdText(
  { ledger, texts }: Comparison,
  at: Place,
  code: string,
  expected: string | null,
  found: string | null,
  container: Container,
): void {
  if (expected === null || found === null || expected === found) {
    ledger.hold(at, code, expected, found)
  } else {
    texts.push({ at, code, expected, found, container })
  }
}
