/** The column that the strategies timestamp and id look at, and what is worth knowing about it. */
import type { CompiledSync, SyncStrategy } from '../../projection/sync.ts'
import type { Catalog, CatalogColumn } from '../../source/catalog-rows.ts'
import { findColumn } from '../column.ts'
import { isInteger, parseType } from '../expression/type-text.ts'
import type { Intent } from '../mapping/intent.ts'
import { travelType } from '../mapping/stage.ts'
import type { World } from '../mapping/world.ts'
import type { Problem } from '../problem.ts'
import { nameOf } from '../selection.ts'
import { isIndexed, isSmall } from './reading.ts'
import type { SyncScope } from './scope.ts'

export const withZone = 'timestamp with time zone'
export const withoutZone = 'timestamp without time zone'

type Watched = Pick<CompiledSync, 'column' | 'zone'>

/** Nothing of the other strategies, and after a problem was told. */
export function compileWatched(
  scope: SyncScope,
  strategy: SyncStrategy,
  intent: Intent,
  world: World,
): Watched {
  const { own, general } = scope
  if (strategy !== 'timestamp' && strategy !== 'id') {
    // Where the plan's own strategy was no case for the table, its column was none either.
    if ((own.strategy ?? general.strategy) === strategy) tellUnused(scope, strategy)
    return {}
  }
  const column = findWatched(scope, strategy, intent)
  if (column === undefined) return {}
  const type = watchedType(column, world.catalog)
  if (strategy === 'id') return watchedId(scope, column, type)
  return watchedTime(scope, column, type)
}

function tellUnused({ own, problem }: SyncScope, strategy: SyncStrategy): void {
  for (const key of ['column', 'zone'] as const) {
    if (own[key] === undefined) continue
    problem(key, {
      code: 'sync_column_unused',
      message: `The strategy ${strategy} watches no column.`,
      hint: `Remove the ${key}, or choose the strategy timestamp or id.`,
    })
  }
}

function findWatched(
  { own, table, problem }: SyncScope,
  strategy: 'timestamp' | 'id',
  { key }: Intent,
): CatalogColumn | undefined {
  const [only, ...others] = key
  const name = own.column ?? (strategy === 'id' && others.length === 0 ? only : undefined)
  if (name === undefined) {
    problem('column', {
      code: 'sync_column_missing',
      message: `The strategy ${strategy} needs a column of ${nameOf(table)} to watch.`,
      hint: 'Give the entity one under sync.column, or choose another strategy.',
    })
    return undefined
  }
  const found: Problem[] = []
  const column = findColumn(table, name, [], found)
  for (const { message, hint } of found) {
    problem('column', { code: 'sync_column_unknown', message, hint })
  }
  if (column?.readable !== false) return column
  problem('column', {
    code: 'source_privilege',
    message: `The source role may not read ${name} of ${nameOf(table)}.`,
    hint: 'Grant the role SELECT on the table.',
  })
  return undefined
}

/** Without a precision: what it is compared with must not be rounded. */
export function watchedType(
  { type, type_oid }: CatalogColumn,
  { types }: Pick<Catalog, 'types'>,
): string {
  const { base, array } = parseType(travelType(type, type_oid, types) ?? type)
  return array ? `${base}[]` : base
}

function watchedId(scope: SyncScope, column: CatalogColumn, type: string): Watched {
  if (own(scope, 'zone')) tellZone(scope, 'Numbers have no time zone.')
  if (!isInteger(type)) {
    scope.problem('column', {
      code: 'sync_column_type',
      message: `${column.name} of ${nameOf(scope.table)} is ${column.type}, and the strategy id needs a whole number that grows.`,
      hint: 'Name another column, or choose the strategy xmin, which needs none.',
    })
    return {}
  }
  noteIndex(scope, column)
  return { column: { column: column.name, type } }
}

function watchedTime(scope: SyncScope, column: CatalogColumn, type: string): Watched {
  if (type !== withZone && type !== withoutZone) {
    scope.problem('column', {
      code: 'sync_column_type',
      message: `${column.name} of ${nameOf(scope.table)} is ${column.type}, and the strategy timestamp needs a timestamp.`,
      hint: 'Name another column, or choose the strategy xmin, which needs none.',
    })
    return {}
  }
  if (type === withZone && own(scope, 'zone')) {
    tellZone(scope, `${column.name} says the moment by itself.`)
  }
  if (type === withoutZone && !own(scope, 'zone')) {
    scope.problem('zone', {
      code: 'sync_zone_missing',
      message: `${column.name} of ${nameOf(scope.table)} has no time zone, so that nobody knows the moment that it means.`,
      hint: 'Say the zone that the application writes it in, such as "UTC" or "Europe/Berlin".',
    })
  }
  noteIndex(scope, column)
  noteKeeping(scope, column)
  const { zone } = scope.own
  return {
    column: { column: column.name, type },
    ...(zone === undefined || type === withZone ? {} : { zone }),
  }
}

function own(scope: SyncScope, key: 'zone'): boolean {
  return scope.own[key] !== undefined
}

function tellZone({ problem }: SyncScope, why: string): void {
  problem('zone', { code: 'sync_zone_unused', message: why, hint: 'Remove the zone.' })
}

function noteIndex({ table, note }: SyncScope, { name }: CatalogColumn): void {
  if (isSmall(table) || isIndexed(table, name)) return
  note('column', {
    code: 'sync_column_unindexed',
    message: `No index of ${nameOf(table)} begins with ${name}: every sweep reads the whole table at the source.`,
    hint: 'Add an index on the column at the source where the table is large.',
  })
}

function noteKeeping({ table, note }: SyncScope, column: CatalogColumn): void {
  const { name, not_null } = column
  if (!not_null && !isSmall(table)) {
    note('column', {
      code: 'sync_column_nullable',
      message: `${name} of ${nameOf(table)} can be null: all rows without a value are looked through in every sweep.`,
      hint: 'Fill it and make it not null at the source where that is possible.',
    })
  }
  if (table.update_triggers.length > 0) return
  note('column', {
    code: 'sync_column_not_kept',
    message: `No trigger keeps ${name} of ${nameOf(table)}: a change that does not set it is not seen before rows are compared.`,
    hint: 'Make sure that everything that writes sets it, or choose the strategy xmin.',
  })
}
