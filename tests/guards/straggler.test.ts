/** What is left of a pass does no harm to the next one. */
import { describe, expect, it } from 'vitest'
import { carve, guardedDatabase } from './fixture.ts'
import { breakOff, claimCheck, driveToGate, endPass, passes, stateOf } from './passes.ts'

const database = guardedDatabase()
const drive = () => driveToGate(database.url(), database.table())
const open = { status: 'completed', failure_code: null }

describe('verification', () => {
  it('is not broken off by what a pass before it has left', async () => {
    const { sql, id } = await drive()
    const left = await claimCheck(sql, id)
    await breakOff(sql, id)
    await sql`select migration.retry(${id}, 'test')`
    await sql`select migration.fail_batch(${id}, ${left.batch_id}, ${left.attempt}, 'unknown', 'fenced', null, 'x', false)`
    expect((await passes(sql, id)).map(({ status }) => status)).toEqual(['aborted', 'running'])
    await endPass(sql, id)
    expect(await stateOf(sql, id)).toEqual(open)
    await sql.end()
  })

  it('hands on the limit of rows that a death has not halved', async () => {
    const { sql, id } = await drive()
    await sql`update migration.batches set row_limit = 1 where migration_id = ${id} and check_name = 'rows'`
    let held = await claimCheck(sql, id)
    if (held.check_name !== 'rows') held = await claimCheck(sql, id)
    await carve(sql, id, held, '2', true)
    const [row] = await sql<{ limit: number }[]>`
      select row_limit as limit from migration.batches where migration_id = ${id} and check_name = 'rows' and range_after <> '[]'`
    expect(row!.limit).toBeGreaterThan(1000)
    await sql.end()
  })
})
