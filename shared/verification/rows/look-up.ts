/** Rows of both sides by equality of their keys, whatever the order of keys is. */
import { columnDigests } from '../../projection/digest.ts'
import { lookUpStatement } from '../../projection/digest-statements.ts'
import type { KeyTexts } from '../../projection/entity.ts'
import { both, type ComparedTable, type Comparison } from './comparison.ts'

/** Keys in one statement. */
const keysAtOnce = 500
/** Digests of columns in one answer. */
const columnsAtOnce = 20_000

interface Found<Digest> {
  readonly wanted: number
  readonly key: KeyTexts
  readonly digest: Digest
}

/** What both sides hold under one key; a target without a unique index may hold several rows. */
export interface KeyPair<Digest> {
  readonly key: KeyTexts
  readonly source: readonly Found<Digest>[]
  readonly target: readonly Found<Digest>[]
}

/** Digests of whole rows, in the order of the keys. */
export async function lookUp(
  { source, target }: Comparison,
  keys: readonly KeyTexts[],
): Promise<KeyPair<string>[]> {
  return inChunks(keys, keysAtOnce, (some) =>
    both(
      source.side.query<Found<string>>(lookUpStatement(source, some)),
      target.side.query<Found<string>>(lookUpStatement(target, some)),
    ),
  )
}

/** Digests of every column of the rows, in the order of the keys. */
export async function lookUpColumns(
  { source, target }: Comparison,
  keys: readonly KeyTexts[],
): Promise<KeyPair<readonly string[]>[]> {
  const atOnce = Math.max(
    1,
    Math.min(keysAtOnce, Math.floor(columnsAtOnce / source.columns.length)),
  )
  const read = (table: ComparedTable, some: readonly KeyTexts[]) =>
    table.side.query<Found<readonly string[]>>(
      lookUpStatement(table, some, columnDigests(table.columns, table.form)),
    )
  return inChunks(keys, atOnce, (some) => both(read(source, some), read(target, some)))
}

async function inChunks<Digest>(
  keys: readonly KeyTexts[],
  atOnce: number,
  read: (
    some: readonly KeyTexts[],
  ) => Promise<[readonly Found<Digest>[], readonly Found<Digest>[]]>,
): Promise<KeyPair<Digest>[]> {
  const pairs: KeyPair<Digest>[] = []
  for (let at = 0; at < keys.length; at += atOnce) {
    const some = keys.slice(at, at + atOnce)
    const [source, target] = await read(some)
    const here = Map.groupBy(source, ({ wanted }) => wanted)
    const there = Map.groupBy(target, ({ wanted }) => wanted)
    some.forEach((key, place) => {
      pairs.push({ key, source: here.get(place) ?? [], target: there.get(place) ?? [] })
    })
  }
  return pairs
}
