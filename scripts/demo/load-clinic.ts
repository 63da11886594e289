/**
 * Fills a database with the example clinic (examples/clinic).
 * By hand: `npm run clinic -- postgres://… [scale]`, an empty database of any PostgreSQL from 11 on.
 */
import { readFile } from 'node:fs/promises'
import postgres from 'postgres'

const clinic = new URL('../../examples/clinic/', import.meta.url)

/**
 * Creates the clinic's tables in schema `public` of the database and fills them in one transaction.
 *
 * @param address of an empty database, as a role that may create tables there
 * @param scale multiplies the number of rows: 1 is about 100,000, 0.1 about 10,000
 */
export async function loadClinic(address: string, scale = 1): Promise<void> {
  const schema = await readFile(new URL('legacy.sql', clinic), 'utf8')
  const rows = await readFile(new URL('rows.sql', clinic), 'utf8')
  const sql = postgres(address, { max: 1, onnotice: () => {} })
  try {
    await sql.begin(async (transaction) => {
      await transaction`select set_config('clinic.scale', ${String(scale)}, false)`
      await transaction.unsafe(`set local search_path = public, pg_catalog; ${schema}`).simple()
      await transaction.unsafe(rows).simple()
    })
    // The start of a migration estimates rows from the statistics.
    await sql`analyze`
  } finally {
    await sql.end()
  }
}

if (import.meta.main) {
  const [address, scale = '1'] = process.argv.slice(2)
  if (address === undefined || !(Number(scale) > 0)) {
    console.error('usage: npm run clinic -- postgres://user:password@host/database [scale]')
    process.exitCode = 2
  } else {
    await loadClinic(address, Number(scale))
  }
}
