/** What the tests of `ferry run` start from: a filled source, empty targets on a plain server. */
import { onTestFinished } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { attachServers } from '../support/project.ts'
import { fillSource } from '../support/sample.ts'
import { type Scratch, scratchDatabase } from '../support/scratch.ts'

export const TABLES = ['public.sample_1', 'public.sample_2', 'public.sample_3']
/** Enough of them, in batches small enough, for a copy to be interrupted. */
export const ROWS = 150_000
export const plan = {
  version: 1,
  name: 'sample',
  source: { secret: 'LEGACY_DATABASE_URL' },
  entities: '*',
  settings: { lanes: 2, batch_rows: 500 },
}

/** The legacy server of the test run, as its superuser: a plain PostgreSQL. */
export function plainServer(): string {
  return attachServers().source.url('postgres')
}

export async function filledSource(rows = ROWS, server = plainServer()): Promise<Scratch> {
  const source = await scratchDatabase(server)
  await fillSource(source.url, { rows, wide: 200 })
  return source
}

/** An empty database, gone after the test. */
export async function emptyTarget(server = plainServer()): Promise<Scratch> {
  const target = await scratchDatabase(server)
  onTestFinished(() => target.drop())
  return target
}

/** Everything that bears a name in a database, but for what the server brings. */
export async function inventory({ sql }: Scratch): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    with own as (select oid, nspname from pg_namespace
                  where nspname !~ '^pg_' and nspname <> 'information_schema')
    select nspname || '.' || relname as name from own join pg_class on relnamespace = own.oid
    union all select nspname || '.' || proname from own join pg_proc on pronamespace = own.oid
    union all select nspname from own order by 1`
  return rows.map(({ name }) => name)
}

/** Waits until some rows are in and others are not. */
export async function midCopy({ sql }: Scratch): Promise<void> {
  await eventually(
    async () => {
      const [there] = await sql`select to_regclass('migration.orchestrations') as name`
      if (there?.name === null) return false
      const [row] = await sql<{ n: number }[]>`
        select records_processed::integer as n from migration.orchestrations`
      return row !== undefined && row.n > 0 && row.n < ROWS
    },
    { what: 'a copy under way', every: 5, within: 15_000 },
  )
}
