/** Source tables for fault tests: quick to make, big enough to be interrupted. */
import postgres from 'postgres'

export interface SampleOptions {
  /** Rows of all tables together; the tables get equal shares. */
  readonly rows: number
  /** Names of the tables, `sample_1` … by default three. */
  readonly tables?: readonly string[]
  readonly schema?: string
  /** Bytes of wide text on every tenth row. */
  readonly wide?: number
}

/**
 * Creates and fills the tables, with a bigint key that has gaps and simple types.
 * @returns the tables' qualified names, in order
 */
export async function fillSource(address: string, options: SampleOptions): Promise<string[]> {
  const { schema = 'public', tables = ['sample_1', 'sample_2', 'sample_3'], wide = 1000 } = options
  const share = Math.ceil(options.rows / tables.length)
  const sql = postgres(address, { max: 1, onnotice: () => undefined })
  try {
    await sql`create schema if not exists ${sql(schema)}`
    for (const [index, table] of tables.entries()) {
      const name = sql(`${schema}.${table}`)
      await sql`
        create table ${name} (
          id bigint primary key, label text not null, note text, amount numeric(12, 2),
          ratio double precision, active boolean not null, happened_at timestamptz not null,
          born date, payload jsonb, tags text[], digest bytea)`
      await sql`
        insert into ${name}
        select n + (n - 1) / 40 + ${index}::int * 1000000000::bigint, 'row ' || n,
               case when n % 10 = 0 then repeat(md5(n::text), ${Math.ceil(wide / 32)}::int)
                    when n % 7 = 0 then '' when n % 5 <> 0 then md5(n::text) end,
               (n::bigint * 7919) % 1000003 / 100.0, case when n % 11 = 0 then float8 '-0' else 1.0 / n end,
               n % 3 = 0, timestamptz '2020-01-01 00:00:00Z' + n * interval '1.000001 s',
               date '1950-01-01' + n % 20000, jsonb_build_object('n', n, 'big', 12345678901234567890),
               array['a,b', 'NULL', null, 'n' || n], decode(md5(n::text), 'hex')
          from generate_series(1, ${share}::int) n`
      await sql`analyze ${name}`
    }
  } finally {
    await sql.end()
  }
  return tables.map((table) => `${schema}.${table}`)
}
