/** Whether both ways came to the same rows and the same map: only then their times are compared. */
import type { Server } from '../../../scripts/local/index.ts'
import { connect } from '../dataset.ts'

const TABLES = ['item_0', 'item_1'] as const

/** By name of a table: how many rows, and a sum over all of them that does not depend on their order. */
export type Digests = Readonly<Record<string, string>>

/** @param map SQL with the columns source_table, source_key and target_id */
async function digests(server: Server, database: string, map: string): Promise<Digests> {
  const sql = connect(server, database)
  const found: Record<string, string> = {}
  try {
    const all = [...TABLES.map((table) => [table, `select * from ${table}`]), ['the map', map]]
    for (const [name = '', query] of all) {
      const [row] = await sql.unsafe<{ digest: string }[]>(`
        select count(*) || ' rows, ' || coalesce(sum(hashtextextended(t::text, 0)), 0) as digest from (${query}) t`)
      found[name] = row?.digest ?? ''
    }
    return found
  } finally {
    await sql.end()
  }
}

export function byHandDigests(server: Server, database: string): Promise<Digests> {
  return digests(server, database, 'select source_table, source_key, target_id from id_map')
}

export function ferryDigests(server: Server, database: string): Promise<Digests> {
  return digests(
    server,
    database,
    `select e.source_table, m.source_key, m.target_id
       from migration.id_map m join migration.map_entities e on e.id = m.map_entity_id`,
  )
}

/** @throws Error that names what differs */
export function requireSame(one: Digests, other: Digests): void {
  const different = Object.keys({ ...one, ...other }).filter((name) => one[name] !== other[name])
  if (different.length > 0) {
    throw new Error(`By hand and ferry run differ in ${different.join(', ')}.`)
  }
}
