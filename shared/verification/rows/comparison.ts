/** Both tables of an entity, made ready to be compared: how each is read, and by what strategy. */

import { type DigestedColumn, type DigestForm, rowDigest } from '../../projection/digest.ts'
import type { DigestedTable } from '../../projection/digest-statements.ts'
import type { CompiledEntity, CompiledKeyColumn } from '../../projection/entity.ts'
import { quoteIdent } from '../../projection/quote.ts'
import type { CompiledSync } from '../../projection/sync.ts'
import type { Side } from '../side.ts'
import { factsStatement, type KeyFact, type TableFacts } from './facts.ts'
import { orderAlike } from './order.ts'

export type VerificationMode = 'counts' | 'sample' | 'full'

/**
 * `range`: by ranges of the key, which both sides order alike. `key`: by hash of the key. `row`: by hash
 * of the whole row, where a row has no key on both sides.
 */
export type Strategy = 'range' | 'key' | 'row'

export interface ComparedTable extends DigestedTable {
  readonly side: Side
  /** The compared columns as this side names them, in the same order on both. */
  readonly columns: readonly DigestedColumn[]
}

export interface Comparison {
  readonly entity: CompiledEntity
  readonly mode: VerificationMode
  readonly strategy: Strategy
  /** Rows are told apart by their keys alone; values are compared another way, or not at all. */
  readonly source: ComparedTable
  readonly target: ComparedTable
  /** Of the source, before anything was read. */
  readonly snapshot: string
}

/** The first release that prints the shortest text of a float that reads back as the same. */
const shortestFloats = 120000

export async function openComparison(
  sides: { readonly source: Side; readonly target: Side },
  entity: CompiledEntity,
  mode: VerificationMode,
): Promise<Comparison> {
  const copied = entity.scan === undefined ? copiedKey(entity) : []
  const [source, target] = await both(
    readFacts(
      sides.source,
      entity.source,
      copied.map(({ column }) => column),
    ),
    readFacts(
      sides.target,
      entity.target,
      copied.map(({ target: name }) => name),
    ),
  )
  const keyed = copied.length > 0 && target.key.length === copied.length
  const floatBits = Math.min(source.server_version, target.server_version) < shortestFloats
  const { scan: _scan, format: _format, filter: _filter, ...plain } = entity
  const here: CompiledEntity = {
    ...plain,
    ...(entity.filter === undefined ? {} : { filter: entity.filter }),
    key: keyed ? entity.key : [],
  }
  const there: CompiledEntity = {
    ...plain,
    source: { ...entity.target, partitioned: target.partitioned },
    key: keyed ? target.key.map(keyColumn) : [],
    ...(entity.sync?.mark === undefined ? {} : { filter: notMarked(entity.sync.mark) }),
  }
  const table = (side: Side, own: CompiledEntity, name: 'source' | 'target', facts: TableFacts) => {
    const columns = entity.columns.map((column) => ({ name: column[name], type: column.type }))
    const form: DigestForm = { floatBits, encoding: facts.encoding }
    return { side, entity: own, columns, form, digest: rowDigest(columns, form) }
  }
  return {
    entity,
    mode,
    strategy: keyed ? (orderAlike(source, target) ? 'range' : 'key') : 'row',
    source: table(sides.source, here, 'source', source),
    target: table(sides.target, there, 'target', target),
    snapshot: source.snapshot,
  }
}

/** A row that is marked as gone at the source is there on neither side. */
function notMarked({ column, type }: NonNullable<CompiledSync['mark']>): string {
  const name = quoteIdent(column)
  return type === 'boolean' ? `not coalesce(${name}, false)` : `${name} is null`
}

/** The same tables, rows told apart by their keys alone. */
export function keysOnly(comparison: Comparison): Comparison {
  const bare = (table: ComparedTable) => ({ ...table, digest: '' })
  return { ...comparison, source: bare(comparison.source), target: bare(comparison.target) }
}

/** Key columns with their names at the target; empty where one of them is not copied. */
function copiedKey(entity: CompiledEntity) {
  const copied = entity.key.flatMap(({ column }) => {
    const found = entity.columns.find(({ source }) => source === column)
    return found === undefined ? [] : [{ column, target: found.target }]
  })
  return copied.length === entity.key.length ? copied : []
}

function keyColumn({ column, type, operators }: KeyFact): CompiledKeyColumn {
  return { column, type, ...(operators === null ? {} : { operators }) }
}

async function readFacts(
  side: Side,
  table: CompiledEntity['target'],
  key: readonly string[],
): Promise<TableFacts> {
  const [row] = await side.query<{ facts: TableFacts }>(factsStatement(table, key))
  return row!.facts
}

/** Waits for both, whatever happens: a side that failed must not leave a statement running on the other. */
export async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second])
  return Promise.all([first, second])
}
