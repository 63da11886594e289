/**
 * The oracle: says whether two databases hold the same rows. Written apart from the engine and
 * sharing no code with it: every server hashes its own rows from their canonical text, and the
 * multisets of hashes are compared, bucket by bucket and then row by row.
 */
import postgres, { type Sql, type TransactionSql } from 'postgres'
import { type OracleColumn, type OracleTable, rowHashes, userTables } from './oracle-tables.ts'

export interface Difference {
  readonly table: string
  readonly targetTable: string
  readonly problem: 'rows differ' | 'columns differ' | 'missing in target' | 'missing in source'
  /** Rows, counted with their multiplicity, that only one side has. */
  readonly onlyInSource: number
  readonly onlyInTarget: number
  /** Hashes of some differing rows' primary keys (of the whole row where there is none). */
  readonly sample: readonly { readonly only: 'source' | 'target'; readonly keyHash: string }[]
}

export interface CompareOptions {
  readonly source: string
  readonly target: string
  /** `[source, target]` as `schema.table`; default: every user table of the source, same name. */
  readonly pairs?: readonly (readonly [string, string])[]
  /** Schemas whose tables are nobody's rows, on both sides. */
  readonly ignoreSchemas?: readonly string[]
}

export interface Comparison {
  readonly tables: number
  /** Rows of the source in the compared tables. */
  readonly rows: number
  readonly differences: readonly Difference[]
}

/** Differing row hashes looked at per table before the rest is only counted. */
const SAMPLE = 5

/** Everything that changes how a value is printed, and whether a row is seen at all. */
const PINNED = `
  set local search_path = ''; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
  set local timezone = 'UTC'; set local bytea_output = 'hex'; set local extra_float_digits = 3;
  set local lc_monetary = 'C'; set local xmlbinary = 'base64'; set local row_security = off;
  set local statement_timeout = 0; set local work_mem = '256MB'; set local quote_all_identifiers = off`

/** @returns the differences; an empty list means equal multisets of rows in every table */
export async function compareDatabases(options: CompareOptions): Promise<readonly Difference[]> {
  return (await inspect(options)).differences
}

/**
 * @returns how much was compared
 * @throws Error that lists the differences, or says that there was nothing to compare
 */
export async function assertExactCopy(options: CompareOptions): Promise<Comparison> {
  const comparison = await inspect(options)
  if (comparison.tables === 0) throw new Error('no table to compare')
  if (comparison.differences.length === 0) return comparison
  const lines = comparison.differences.map(
    (d) =>
      `${d.table} → ${d.targetTable}: ${d.problem}; ${d.onlyInSource} only in source, ${d.onlyInTarget} only in target`,
  )
  throw new Error(`not an exact copy:\n${lines.join('\n')}`)
}

export async function inspect(options: CompareOptions): Promise<Comparison> {
  return pinned(options.source, (source) =>
    pinned(options.target, async (target) => {
      const ignored = options.ignoreSchemas ?? []
      const [sources, targets] = await Promise.all([
        userTables(source, ignored),
        userTables(target, ignored),
      ])
      const pairs = options.pairs ?? sameNames(sources, targets)
      const differences: Difference[] = []
      let rows = 0
      for (const [from, to] of pairs) {
        const result = await comparePair(source, target, sources.get(from), targets.get(to))
        rows += result.rows
        if (result.difference) {
          differences.push({ table: from, targetTable: to, ...result.difference })
        }
      }
      return { tables: pairs.length, rows, differences }
    }),
  )
}

/** One snapshot of one database, printed under pinned settings. */
async function pinned<T>(address: string, work: (sql: TransactionSql) => Promise<T>): Promise<T> {
  const sql: Sql = postgres(address, { max: 1, onnotice: () => undefined })
  try {
    return (await sql.begin('isolation level repeatable read read only', async (transaction) => {
      await transaction.unsafe(PINNED)
      return work(transaction)
    })) as T
  } finally {
    await sql.end()
  }
}

/** The source's tables, and what the target has besides in the same schemas. */
function sameNames(
  sources: ReadonlyMap<string, OracleTable>,
  targets: ReadonlyMap<string, OracleTable>,
): [string, string][] {
  const schemas = new Set([...sources.values()].map((table) => table.schema))
  const extra = [...targets.values()].filter(
    (table) => schemas.has(table.schema) && !sources.has(table.name),
  )
  return [...sources.keys(), ...extra.map((table) => table.name)].map((name) => [name, name])
}

type Finding = Omit<Difference, 'table' | 'targetTable'>

async function comparePair(
  source: TransactionSql,
  target: TransactionSql,
  from: OracleTable | undefined,
  to: OracleTable | undefined,
): Promise<{ rows: number; difference?: Finding }> {
  if (!from || !to) {
    const rows = from
      ? await countRows(source, from, from.columns)
      : to
        ? await countRows(target, to, to.columns)
        : 0
    const problem = to ? ('missing in source' as const) : ('missing in target' as const)
    const counts = { onlyInSource: from ? rows : 0, onlyInTarget: to ? rows : 0 }
    return { rows: from ? rows : 0, difference: { problem, ...counts, sample: [] } }
  }
  const names = (table: OracleTable) => JSON.stringify(table.columns.map((c) => c.name).sort())
  if (names(from) !== names(to)) {
    const [onlyInSource, onlyInTarget] = await Promise.all([
      countRows(source, from, from.columns),
      countRows(target, to, to.columns),
    ])
    const difference = {
      problem: 'columns differ' as const,
      onlyInSource,
      onlyInTarget,
      sample: [],
    }
    return { rows: onlyInSource, difference }
  }
  const columns = from.columns.map(({ name }) => to.columns.find((own) => own.name === name)!)
  return compareRows(
    { sql: source, table: from, columns: from.columns },
    { sql: target, table: to, columns },
  )
}

interface Side {
  readonly sql: TransactionSql
  readonly table: OracleTable
  /** In the source's order, so that the order of the target's columns does not matter. */
  readonly columns: readonly OracleColumn[]
}

async function countRows(
  sql: TransactionSql,
  table: OracleTable,
  columns: readonly OracleColumn[],
) {
  const [row] = await sql.unsafe<{ n: string }[]>(
    `select count(*) as n from (${rowHashes(table, columns)}) r`,
  )
  return Number(row?.n ?? 0)
}

async function compareRows(from: Side, to: Side): Promise<{ rows: number; difference?: Finding }> {
  const [sources, targets] = await Promise.all([buckets(from), buckets(to)])
  const rows = [...sources.values()].reduce((sum, bucket) => sum + bucket.count, 0)
  const differing = [...new Set([...sources.keys(), ...targets.keys()])].filter(
    (name) => sources.get(name)?.digest !== targets.get(name)?.digest,
  )
  if (differing.length === 0) return { rows }
  const [left, right] = await Promise.all([hashes(from, differing), hashes(to, differing)])
  const onlyLeft = surplus(left, right)
  const onlyRight = surplus(right, left)
  const sample = [
    ...onlyLeft.keys.slice(0, SAMPLE).map((keyHash) => ({ only: 'source' as const, keyHash })),
    ...onlyRight.keys.slice(0, SAMPLE).map((keyHash) => ({ only: 'target' as const, keyHash })),
  ]
  const counts = { onlyInSource: onlyLeft.count, onlyInTarget: onlyRight.count }
  return { rows, difference: { problem: 'rows differ', ...counts, sample } }
}

/** Per leading byte of the row hash: how many rows, and one digest over their sorted hashes. */
async function buckets({ sql, table, columns }: Side) {
  const rows = await sql.unsafe<{ bucket: string; n: string; digest: string }[]>(`
    select get_byte(h, 0)::text as bucket, count(*) as n,
           encode(sha256(string_agg(h, ''::bytea order by h)), 'hex') as digest
      from (${rowHashes(table, columns)}) r group by 1`)
  return new Map(rows.map((row) => [row.bucket, { count: Number(row.n), digest: row.digest }]))
}

/** Row hash → multiplicity and key hash, for the rows of some buckets. */
async function hashes({ sql, table, columns }: Side, wanted: readonly string[]) {
  const found = new Map<string, { count: number; key: string }>()
  const cursor = sql
    .unsafe<{ h: string; k: string; n: string }[]>(
      `
      select encode(h, 'hex') as h, min(encode(k, 'hex')) as k, count(*) as n
        from (${rowHashes(table, columns)}) r
       where get_byte(h, 0) = any ($1::text::int[]) group by r.h`,
      [`{${wanted.join(',')}}`],
    )
    .cursor(10_000)
  for await (const rows of cursor) {
    for (const row of rows) found.set(row.h, { count: Number(row.n), key: row.k })
  }
  return found
}

type Multiset = ReadonlyMap<string, { readonly count: number; readonly key: string }>

function surplus(mine: Multiset, theirs: Multiset): { count: number; keys: string[] } {
  let count = 0
  const keys: string[] = []
  for (const [hash, entry] of mine) {
    const more = entry.count - (theirs.get(hash)?.count ?? 0)
    if (more <= 0) continue
    count += more
    keys.push(entry.key)
  }
  return { count, keys: keys.sort() }
}
