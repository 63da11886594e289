/**
 * Compares two databases table by table, with plain SQL on either side. It shares nothing with the
 * engine: no plan, no projection, no counter of the control plane.
 */
import postgres from 'postgres'

export interface TableComparison {
  /** `schema.table`. */
  readonly table: string
  readonly sourceRows: number
  readonly targetRows: number
  /** Equal counts and equal multisets of rows. */
  readonly same: boolean
}

/** Both sides print every value in the same way, whatever their defaults are. */
const pins = `
  set local search_path = ''; set local timezone = 'UTC'; set local datestyle = 'ISO, YMD';
  set local intervalstyle = 'postgres'; set local bytea_output = 'hex';
  set local extra_float_digits = 3; set local row_security = off`

/**
 * One query per table: the number of rows and two 64-bit halves of an MD5 per row, summed, so that
 * the order of rows does not matter and their multiplicity does. Each value goes in with its length,
 * and NULL as a mark of its own: ('ab','c') is not ('a','bc'), and NULL is not ''.
 */
const digestQueries = `
  select format('%I.%I', n.nspname, c.relname), format(
    'select count(*), coalesce(sum((''x'' || left(h, 16))::bit(64)::bigint::numeric), 0),
            coalesce(sum((''x'' || right(h, 16))::bit(64)::bigint::numeric), 0)
     from (select md5(concat(%s)) h from %I.%I) r',
    (select string_agg(format('coalesce(length(%1$I::text) || '':'' || %1$I::text, ''-'')', a.attname),
                       ', ' order by a.attnum)
     from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    n.nspname, c.relname)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname = 'public'
  order by 1`

/**
 * Looks at every ordinary table of the source's schema `public`, and at the table of the same name
 * in the target.
 *
 * @param source address of the legacy database
 * @param target address of the project's database
 */
export async function compareDatabases(source: string, target: string): Promise<TableComparison[]> {
  const from = postgres(source, { max: 1, onnotice: () => {} })
  const to = postgres(target, { max: 1, onnotice: () => {} })
  try {
    return await pinned(from, async (here) => {
      const tables = (await here.unsafe(digestQueries).values()) as unknown as [string, string][]
      return pinned(to, async (there) => {
        const result: TableComparison[] = []
        for (const [table, query] of tables) {
          const digests = await Promise.all([
            digest(here, query),
            digestIfThere(there, table, query),
          ])
          result.push(comparison(table, ...digests))
        }
        return result
      })
    })
  } finally {
    await Promise.all([from.end(), to.end()])
  }
}

type Digest = readonly [count: string, first: string, second: string]

function comparison(table: string, source: Digest, target: Digest | undefined): TableComparison {
  return {
    table,
    sourceRows: Number(source[0]),
    targetRows: Number(target?.[0] ?? 0),
    same: target !== undefined && source.every((part, index) => part === target[index]),
  }
}

async function digest(sql: postgres.TransactionSql, query: string): Promise<Digest> {
  const [row] = await sql.unsafe(query).values()
  return (row as unknown[]).map(String) as unknown as Digest
}

async function digestIfThere(
  sql: postgres.TransactionSql,
  table: string,
  query: string,
): Promise<Digest | undefined> {
  const [row] = await sql`select to_regclass(${table}) is not null as there`
  return row?.there ? digest(sql, query) : undefined
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
