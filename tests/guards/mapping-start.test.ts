/** Two migrations that move the same table of a source system at the same time share its map. */
import postgres from 'postgres'
import { expect, it } from 'vitest'
import { guardedDatabase } from './fixture.ts'
import { claimMapped, loadMapped, startMapped } from './mapped.ts'

const database = guardedDatabase()

it('maps a row that another migration under way has mapped', async () => {
  const sql = postgres(database.url(), { max: 1, prepare: false, onnotice: () => undefined })
  const [from, other] = [database.table(), database.table()]
  const rows = [
    { id: 1, x: 'a' },
    { id: 2, x: 'b' },
  ]
  try {
    const first = await startMapped(sql, { table: from })
    const second = await startMapped(sql, { table: other, from })
    for (const id of [first, second]) {
      const held = (await claimMapped(sql, id))!
      expect(await loadMapped(sql, id, held, rows)).toMatchObject({ loaded: 2, failed: 0 })
    }
    const [map] = await sql<{ rows: number }[]>`select count(*)::int as rows from migration.mappings
      where source_table = ${`legacy.${from}`}`
    expect(map).toEqual({ rows: 2 })
  } finally {
    await sql.end()
  }
})
