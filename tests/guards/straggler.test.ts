/** What is left of a pass does no harm to the next one. */
import { describe, expect, it } from 'vitest'
import { carve, claim, driveMigration, guardedDatabase } from './fixture.ts'
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
    await sql`select migration.fail_batch(${id}, ${left.batch_id}, ${left.attempt}, 'unknown', 'target_object_missing', '42P01', 'x', false)`
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

describe('a lane that was fenced', () => {
  it('fails nobody when the migration was taken up again before its report', async () => {
    const { sql, id } = await driveMigration(database.url(), database.table())
    const held = (await claim(sql, id))!
    const [report] = await sql<{ outcome: string }[]>`
      select migration.fail_batch(${id}, ${held.batch_id}, ${held.attempt}, 'unknown', 'fenced', null, 'x', false) as outcome`
    expect(report).toEqual({ outcome: 'ignored' })
    const [state] = await sql`
      select o.status, e.status as entity, (select count(*)::int from migration.errors x where x.migration_id = o.id) as errors
        from migration.orchestrations o join migration.entity_statuses e on e.migration_id = o.id where o.id = ${id}`
    expect(state).toEqual({ status: 'running', entity: 'running', errors: 0 })
    expect((await claim(sql, id))?.batch_id).toBe(held.batch_id)
    await sql.end()
  })
})
