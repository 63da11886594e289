/** The circuit breaker: slow batches cost lanes, good ones give them back; each change is an event. */
import type { Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { carve, claim, driveMigration, guardedDatabase } from './fixture.ts'

const database = guardedDatabase()

/** Puts the control plane's clock so many seconds ahead, for this connection. */
async function ahead(sql: Sql, seconds: number) {
  await sql.unsafe(`set test.ahead = '${seconds} seconds'`)
}

describe('pace', () => {
  it('halves the lanes after two batches at an eighth of the best pace, and gives them back', async () => {
    const { sql, id } = await driveMigration(database.url(), 'paced', {
      lanes: 4,
      lease_seconds: 600,
    })
    await sql`create or replace function migration.clock() returns timestamptz language sql volatile
      set search_path = '' as $$ select clock_timestamp() + coalesce(nullif(current_setting('test.ahead', true), ''), '0')::interval $$`
    let now = 0
    let row = 0
    const batch = async (seconds: number, targetWaitMs = 0) => {
      await ahead(sql, now)
      const held = (await claim(sql, id))!
      row += 5
      await carve(sql, id, held, String(row), true)
      now += seconds
      await ahead(sql, now)
      await sql.begin(async (tx) => {
        await tx`select migration.begin_load(${id}, ${held.batch_id}, ${held.attempt})`
        await tx`select migration.complete_batch(${id}, ${held.batch_id}, ${held.attempt}, 0, 0, 0, 0,
          ${1048576}, ${targetWaitMs}, false)`
      })
      const [state] =
        await sql`select lanes_allowed as lanes from migration.orchestrations where id = ${id}`
      return state!.lanes
    }
    expect(await batch(0.1)).toBe(4)
    expect(await batch(2)).toBe(4)
    expect(await batch(2, 1900)).toBe(2)
    expect(await batch(2)).toBe(2) // too soon for the next cut
    now += 30
    expect(await batch(0.1)).toBe(3)
    now += 30
    expect(await batch(0.1)).toBe(4)
    const events =
      await sql`select data ->> 'side' as side, (data ->> 'recovering')::boolean as recovering
      from migration.events where migration_id = ${id} and event_type = 'performance_anomaly' order by id`
    expect(events).toEqual([
      { side: 'target', recovering: false },
      { side: null, recovering: true },
      { side: null, recovering: true },
    ])
    await sql.end()
  })
})
