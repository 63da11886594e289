/**
 * Holds two databases against each other with plain SQL on either side. It shares nothing with the
 * engine: of the plan it knows which table became which, of the migration how many rows were refused.
 */
import postgres from 'postgres'
import { SPOTS, type Spot } from './spots.ts'

/** Which table became which, as `schema.table`. */
export interface TablePair {
  readonly source: string
  readonly target: string
}

export interface TableComparison extends TablePair {
  readonly sourceRows: number
  readonly targetRows: number
}

export interface SpotResult {
  readonly claim: string
  /** Rows that were looked at. */
  readonly rows: number
  readonly holds: boolean
}

export interface Comparison {
  readonly tables: readonly TableComparison[]
  readonly spots: readonly SpotResult[]
}

/** Both sides print every value in the same way, whatever their defaults are. */
const pins = `
  set local search_path = ''; set local timezone = 'UTC'; set local datestyle = 'ISO, YMD';
  set local intervalstyle = 'postgres'; set local bytea_output = 'hex';
  set local extra_float_digits = 3; set local row_security = off`

/**
 * @param source address of the legacy database
 * @param target address of the project's database
 */
export async function compareDatabases(
  source: string,
  target: string,
  pairs: readonly TablePair[],
): Promise<Comparison> {
  const from = postgres(source, { max: 1, onnotice: () => {} })
  const to = postgres(target, { max: 1, onnotice: () => {} })
  try {
    return await pinned(from, (here) =>
      pinned(to, async (there) => {
        const tables: TableComparison[] = []
        for (const pair of pairs) {
          const [sourceRows, targetRows] = await Promise.all([
            count(here, pair.source),
            count(there, pair.target),
          ])
          tables.push({ ...pair, sourceRows, targetRows })
        }
        const spots: SpotResult[] = []
        for (const spot of SPOTS) spots.push(await look(spot, here, there))
        return { tables, spots }
      }),
    )
  } finally {
    await Promise.all([from.end(), to.end()])
  }
}

/** The same question to both sides, about the rows that have arrived. */
async function look(
  { claim, arrived, source, target }: Spot,
  here: postgres.TransactionSql,
  there: postgres.TransactionSql,
): Promise<SpotResult> {
  const ids = (await there.unsafe(arrived).values()).map(([id]) => String(id))
  const [from, to] = await Promise.all([
    digest(here, source, [`{${ids.join()}}`]),
    digest(there, target, []),
  ])
  return { claim, rows: ids.length, holds: ids.length > 0 && from === to }
}

/** How many rows, and an MD5 over all of them in the order of their bytes. */
async function digest(
  sql: postgres.TransactionSql,
  query: string,
  parameters: string[],
): Promise<string> {
  const [row] = await sql
    .unsafe(
      `select count(*) || ' ' || coalesce(md5(string_agg(r::text, e'\\n' order by r::text collate "C")), '')
         from (${query}) r`,
      parameters,
    )
    .values()
  return String(row?.[0])
}

/** @param table `schema.table`; none of the demonstration has a dot or a double quote in its name */
async function count(sql: postgres.TransactionSql, table: string): Promise<number> {
  const [row] = await sql`select count(*)::int as rows from ${sql(table)}`
  return row?.rows
}

function pinned<T>(
  sql: postgres.Sql,
  work: (transaction: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  return sql.begin('isolation level repeatable read read only', async (transaction) => {
    await transaction.unsafe(pins).simple()
    return work(transaction)
  }) as Promise<T>
}
