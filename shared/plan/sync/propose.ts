/** How the tables of a source that was never seen before are kept in step: a guess, and what it rests on. */
import type { Catalog, CatalogTable } from '../../source/catalog-rows.ts'
import { estimateRows } from '../estimate.ts'
import { chooseScan } from '../key.ts'
import { type Note, planPath } from '../problem.ts'
import { nameOf } from '../selection.ts'
import { leavesOf } from './leaves.ts'
import { isIndexed, isSmall } from './reading.ts'
import type { EntitySync } from './sync.ts'
import { usualColumn } from './usual-columns.ts'
import { watchedType, withoutZone } from './watched-column.ts'

/** Rows that take long to look through. */
const manyRows = 5_000_000

export interface Proposal {
  /** Undefined: as the plan has it for all, by comparing rows. */
  readonly sync: EntitySync | undefined
  readonly notes: readonly Note[]
}

/** @param path of the entity in the plan */
export function proposeSync(
  table: CatalogTable,
  catalog: Catalog,
  path: readonly PropertyKey[],
): Proposal {
  const at = [...path, 'sync']
  if (!canFollow(table, catalog)) return { sync: undefined, notes: [compared(table, path)] }
  const timed = proposeTimestamp(table, catalog, at)
  if (timed !== undefined) return timed
  const isLarge = estimateRows(table) > manyRows
  return { sync: { strategy: 'xmin' }, notes: isLarge ? [scanned(table, at)] : [] }
}

/** What holds of the draft as a whole. */
export function proposalNotes(proposals: readonly Proposal[]): Note[] {
  const scanned = proposals.filter(({ sync }) => sync?.strategy === 'xmin').length
  const defaults: Note = {
    code: 'sync_defaults',
    message:
      'Changes are looked for every 30 seconds, deleted rows every 15 minutes, and all rows are compared at 03:00 GMT. Rows that the source deletes are deleted in the target.',
    hint: 'Change sync.schedule and sync.deletes where that is not what you want.',
    path: 'sync',
  }
  if (scanned === 0) return [defaults]
  const guessed: Note = {
    code: 'sync_xmin_guessed',
    message: `Changes of ${scanned} of ${proposals.length} tables are found by the transactions that wrote them: no column with an index tells the time of a change. Every sweep looks through their rows.`,
    hint: 'Name a column under sync.column with the strategy timestamp where there is one.',
    path: 'entities',
  }
  return [defaults, guessed]
}

/** Rows with a key that comes along, in tables that say which transaction wrote them. */
function canFollow(table: CatalogTable, catalog: Catalog): boolean {
  const { key, scan } = chooseScan(table, catalog.server_version)
  const generated = new Set(
    table.columns.flatMap(({ name, generated: how }) => (how === '' ? [] : [name])),
  )
  const isKeyed = scan === undefined && key.length > 0
  return (
    isKeyed &&
    !key.some(({ column }) => generated.has(column)) &&
    leavesOf(table, catalog).every(({ heap }) => heap)
  )
}

/** Undefined where no column is good for it. */
function proposeTimestamp(
  table: CatalogTable,
  catalog: Catalog,
  at: readonly PropertyKey[],
): Proposal | undefined {
  const column = usualColumn(table, catalog)
  if (column === undefined || !(column.not_null || column.expression !== null)) return undefined
  const isKept = table.update_triggers.length > 0
  // Where the whole table is read in any case, only a trigger makes the column as sure as xmin.
  const isCheap = isIndexed(table, column.name)
  if (!isCheap && !(isKept && isSmall(table))) return undefined
  const zone = watchedType(column, catalog) === withoutZone ? { zone: 'UTC' } : {}
  const why = isCheap ? 'has an index' : 'is in a small table'
  const kept = isKept
    ? `a trigger of the table (${table.update_triggers.join(', ')}) may set it`
    : 'no trigger sets it, so the application must'
  const guessed: Note = {
    code: 'sync_timestamp_guessed',
    message: `Changes of ${nameOf(table)} are found by ${column.name}: it is called like a time of the last change and ${why}; ${kept}.`,
    hint: 'Choose the strategy xmin where something changes rows without setting the column.',
    path: planPath([...at, 'column']),
  }
  const sync = { strategy: 'timestamp' as const, column: column.name, ...zone }
  return { sync, notes: 'zone' in zone ? [guessed, zoneNote(table, column.name, at)] : [guessed] }
}

function zoneNote(table: CatalogTable, column: string, at: readonly PropertyKey[]): Note {
  return {
    code: 'sync_zone_guessed',
    message: `${column} of ${nameOf(table)} has no time zone; it is taken for UTC.`,
    hint: 'Ask the application: with a wrong zone, changes are seen late or not before rows are compared.',
    path: planPath([...at, 'zone']),
  }
}

function scanned(table: CatalogTable, at: readonly PropertyKey[]): Note {
  return {
    code: 'sync_many_rows',
    message: `Every sweep looks through all rows of ${nameOf(table)}, about ${estimateRows(table).toLocaleString('en-US')}.`,
    hint: 'Add an index on a time of the last change, choose the strategy log, or let sweeps run less often.',
    path: planPath([...at, 'strategy']),
  }
}

function compared(table: CatalogTable, path: readonly PropertyKey[]): Note {
  return {
    code: 'sync_hash_guessed',
    message: `Rows of ${nameOf(table)} are compared to find changes: no key tells which is which, or nothing tells who wrote them.`,
    hint: 'A primary key at the source makes sweeps cheaper.',
    path: planPath(path),
  }
}
