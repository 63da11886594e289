/**
 * Keys of a mapped entity compared: what the source has against what the target knows, by hash. No value
 * of a row is read, and where both sides agree, nothing but sums leaves the servers.
 */
import { textDigest } from '../../projection/digest.ts'
import type { Part } from '../../projection/digest-buckets.ts'
import { multiset } from '../../projection/digest-statements.ts'
import type { CompiledEntity, KeyTexts } from '../../projection/entity.ts'
import { quoteLiteral } from '../../projection/quote.ts'
import { whereMoved } from '../../projection/range.ts'
import { readTable } from '../../projection/select.ts'
import { both } from '../../verification/rows/comparison.ts'
import { differ, nothingThere } from '../../verification/rows/suspects.ts'
import type { Side } from '../../verification/side.ts'
import { type Differences, mostKeys } from './differences.ts'
import { keyText, rowAlias } from './key-text.ts'

export interface KnownKeysOptions {
  readonly source: Side
  readonly target: Side
  readonly entity: CompiledEntity
  readonly entityStatusId: string
  readonly part: Part
  /** Whether keys count that the source alone has, too. */
  readonly missing: boolean
  /** Whether keys count that the target alone knows. */
  readonly extra: boolean
}

/** Rows of keys, hashed: `(bucket int, key text, hash text, …)` of one part. */
interface Keys {
  readonly side: Side
  readonly from: string
}

/** @throws FerryError `source_*`, `target_*` */
export async function findKeys(options: KnownKeysOptions): Promise<Differences> {
  const { entity } = options
  const [source, target] = await both(sourceKeys(options), targetKeys(options))
  const { rows, differing } = await differingBuckets(source, target)
  const keys: KeyTexts[] = []
  let left = differing
  for (;;) {
    const some = firstOf(left)
    if (some.length === 0 || keys.length >= mostKeys(entity.key)) break
    left = left.filter((each) => !some.includes(each))
    const [here, there] = await both(readKeys(source, some), readKeys(target, some))
    if (options.missing) keys.push(...partsOf(entity, minus(here, there)))
    if (options.extra) keys.push(...partsOf(entity, minus(there, here)))
  }
  if (left.length === 0) return { rows, keys }
  const among = `bucket in (${left.map(({ bucket }) => bucket).join(', ')})`
  const known = options.extra ? `select key ${target.from} where ${among}` : nothingKnown
  const condition = `(tableoid, ctid) in (select table_id, place ${source.from} where ${among})`
  return { rows, keys, parts: { condition, known } }
}

const nothingKnown = 'select null::text as key where false'

interface Bucket {
  readonly bucket: number
  /** Keys of the side that has more. */
  readonly keys: number
}

async function differingBuckets(source: Keys, target: Keys) {
  const [here, there] = await both(readSums(source), readSums(target))
  let rows = 0
  const differing: Bucket[] = []
  for (const bucket of new Set([...here.keys(), ...there.keys()])) {
    const [one, other] = [here.get(bucket) ?? nothingThere, there.get(bucket) ?? nothingThere]
    rows += one.rows
    if (differ(one, other)) differing.push({ bucket, keys: Math.max(one.rows, other.rows) })
  }
  return { rows, differing }
}

/** Keys that are listed at a time. */
const listedKeys = 20_000

/** The first buckets that can be listed at once; one that alone has too many keys never is. */
function firstOf(buckets: readonly Bucket[]): readonly Bucket[] {
  let keys = 0
  const listable = buckets.filter((each) => each.keys <= listedKeys)
  return listable.filter((each) => {
    keys += each.keys
    return keys <= listedKeys
  })
}

async function sourceKeys({ source: side, entity, part }: KnownKeysOptions): Promise<Keys> {
  const moved = whereMoved(entity, { after: null, through: null })
  const keys = `select ${rowAlias}.tableoid as table_id, ${rowAlias}.ctid as place, ${keyText(entity.key)} as key
    from ${readTable(entity.source)} as ${rowAlias}${moved}`
  return hashed(side, keys, part)
}

function targetKeys({ target: side, entityStatusId, part }: KnownKeysOptions): Promise<Keys> {
  return hashed(
    side,
    `select known.key from migration.known_keys(p_entity_status_id => ${quoteLiteral(entityStatusId)}) as known`,
    part,
  )
}

async function hashed(side: Side, keys: string, { part, parts, buckets }: Part): Promise<Keys> {
  const [server] = await side.query<{ encoding: string }>(
    'select pg_catalog.getdatabaseencoding() as encoding',
  )
  const hash = textDigest('named.key', { floatBits: false, encoding: server!.encoding })
  return {
    side,
    from: `from (
  select (number / ${parts} % ${buckets})::integer as bucket, numbered.*
  from (
    select ('x' || pg_catalog.left(hash, 8))::bit(32)::bigint as number, hashed.*
    from (select ${hash} as hash, named.* from (${keys}) as named offset 0) as hashed
  ) as numbered where number % ${parts} = ${part}
) as keyed`,
  }
}

async function readSums({ side, from }: Keys) {
  const rows = await side.query<{ bucket: number; rows: string; sums: string }>(
    `select bucket, ${multiset('bits')} from (select bucket, ('x' || hash)::bit(128) as bits ${from} offset 0) as digested group by bucket`,
  )
  return new Map(rows.map(({ bucket, rows: n, sums }) => [bucket, { rows: Number(n), sums }]))
}

async function readKeys({ side, from }: Keys, buckets: readonly Bucket[]): Promise<Set<string>> {
  const rows = await side.query<{ key: string }>(
    `select key ${from} where bucket in (${buckets.map(({ bucket }) => bucket).join(', ')})`,
  )
  return new Set(rows.map(({ key }) => key))
}

const minus = (some: ReadonlySet<string>, others: ReadonlySet<string>) =>
  [...some].filter((key) => !others.has(key))

function partsOf({ key }: CompiledEntity, texts: readonly string[]): KeyTexts[] {
  return texts.map((text) => (key.length === 1 ? [text] : (JSON.parse(text) as KeyTexts)))
}
