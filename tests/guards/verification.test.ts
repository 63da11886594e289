/**
 * What decides about the end of a migration, and who may say so. Real PostgreSQL, no function: the database alone must hold. Each guard has the test that
 * turns red when it is taken out (`npm run mutants`).
 */
import type { Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { guardedDatabase, sqlstate } from './fixture.ts'
import { breakOff, claimCheck, driveToGate, endPass, passes, report, stateOf } from './passes.ts'

const database = guardedDatabase()
const { table } = database
const shut = { status: 'failed', failure_code: 'verification_failed' }
const open = { status: 'completed', failure_code: null }
const lost = { findings: [{ kind: 'missing', key: ['3'] }] }

const drive = () => driveToGate(database.url(), table())
const verify = (sql: Sql, id: string, mode: string | null = null) =>
  sql`select migration.verify(${id}, 'test', ${mode})`

describe('verification', () => {
  it('completes a migration when every batch of its gate has passed, not before', async () => {
    const { sql, id } = await drive()
    expect(await stateOf(sql, id)).toMatchObject({ status: 'running' })
    const first = await claimCheck(sql, id)
    const second = await claimCheck(sql, id)
    expect([first.check_name, second.check_name].toSorted()).toEqual(['rows', 'schema'])
    await report(sql, id, first)
    expect(await stateOf(sql, id)).toMatchObject({ status: 'running' })
    await report(sql, id, second)
    expect(await stateOf(sql, id)).toEqual(open)
    await sql.end()
  })

  it('keeps the gate shut for a check that failed', async () => {
    const { sql, id } = await drive()
    await endPass(sql, id, lost)
    expect(await stateOf(sql, id)).toEqual(shut)
    await sql.end()
  })

  it('holds the rows of both sides against each other', async () => {
    const { sql, id } = await drive()
    await endPass(sql, id, { targetRows: 4 })
    expect(await stateOf(sql, id)).toEqual(shut)
    await sql.end()
  })

  it('holds the rows that batches have read against the books', async () => {
    const { sql, id } = await drive()
    await sql`update migration.entity_statuses set records_read = records_read + 1,
        records_processed = records_processed + 1, records_total = records_total + 1 where migration_id = ${id}`
    await endPass(sql, id)
    expect(await stateOf(sql, id)).toEqual(shut)
    await sql.end()
  })

  it('opens no gate by a weaker look than the plan asks for', async () => {
    const { sql, id } = await drive()
    await endPass(sql, id, lost)
    await verify(sql, id, 'counts')
    expect((await passes(sql, id)).at(-1)).toMatchObject({ mode: 'full', is_gate: true })
    await endPass(sql, id)
    expect(await stateOf(sql, id)).toEqual(open)
    await verify(sql, id, 'counts')
    expect((await passes(sql, id)).at(-1)).toMatchObject({ mode: 'counts', is_gate: false })
    await sql.end()
  })

  it('shuts no gate that was passed', async () => {
    const { sql, id } = await drive()
    await endPass(sql, id)
    await verify(sql, id)
    await endPass(sql, id, lost)
    expect((await passes(sql, id)).at(-1)).toMatchObject({ is_gate: false, status: 'failed' })
    expect(await stateOf(sql, id)).toEqual(open)
    await sql.end()
  })

  it('rejects the report of an attempt that was overtaken', async () => {
    const { sql, id } = await drive()
    const held = await claimCheck(sql, id)
    await sql`select migration.release_batch(${id}, ${held.batch_id}, 1)`
    const heir = await claimCheck(sql, id)
    expect(heir).toMatchObject({ batch_id: held.batch_id, attempt: 2 })
    await expect(report(sql, id, held, lost)).rejects.toEqual(sqlstate('SF001'))
    await report(sql, id, heir)
    expect(await sql`select from migration.findings where migration_id = ${id}`).toHaveLength(0)
    await sql.end()
  })

  it('rejects the report of a pass that was broken off, another one at work or not', async () => {
    const { sql, id } = await drive()
    const held = await claimCheck(sql, id)
    await breakOff(sql, id)
    await expect(report(sql, id, held, lost)).rejects.toEqual(sqlstate('SF001'))
    await sql`select migration.retry(${id}, 'test')`
    await expect(report(sql, id, held, lost)).rejects.toEqual(sqlstate('SF001'))
    expect(await sql`select from migration.findings where migration_id = ${id}`).toHaveLength(0)
    expect((await passes(sql, id)).map(({ status }) => status)).toEqual(['aborted', 'running'])
    await sql.end()
  })

  it('leaves alone what a pass that was broken off has left', async () => {
    const { sql, id } = await drive()
    await breakOff(sql, id)
    await sql`select migration.retry(${id}, 'test')`
    const claimed = [await claimCheck(sql, id), await claimCheck(sql, id)]
    const [row] = await sql<{ passes: number }[]>`
      select count(distinct b.pass_id)::int as passes from migration.batches b
        join migration.orchestrations o on o.id = b.migration_id and o.verification_id = b.pass_id
       where b.migration_id = ${id} and b.id = any (${claimed.map(({ batch_id }) => batch_id)})
      having count(*) = 2`
    expect(row).toEqual({ passes: 1 })
    await sql.end()
  })

  it('rejects a report after a cancel', async () => {
    const { sql, id } = await drive()
    const held = await claimCheck(sql, id)
    await sql`select migration.cancel(${id}, 'test')`
    await expect(report(sql, id, held)).rejects.toEqual(sqlstate('SF001'))
    expect(await stateOf(sql, id)).toEqual({ status: 'failed', failure_code: 'cancelled' })
    await sql.end()
  })

  it('has one pass at work', async () => {
    const { sql, id } = await drive()
    await expect(verify(sql, id)).rejects.toEqual(sqlstate('SF409'))
    await endPass(sql, id)
    await verify(sql, id)
    await expect(verify(sql, id)).rejects.toEqual(sqlstate('SF409'))
    await expect(sql`select migration.repair(${id}, 'test')`).rejects.toEqual(sqlstate('SF409'))
    await sql.end()
  })

  it('has one pass at work whoever writes it down', async () => {
    const { sql, id } = await drive()
    await expect(sql`insert into migration.verifications
        (migration_id, mode, is_gate, seed, sample_rows, requested_by, started_at)
      values (${id}, 'full', true, 1, 1, 'test', now())`).rejects.toEqual(sqlstate('23505'))
    await sql.end()
  })

  it('begins when the rows and steps are done, not before', async () => {
    const { sql, id } = await drive()
    await sql`select migration.cancel(${id}, 'test')`
    await expect(verify(sql, id)).rejects.toEqual(sqlstate('SF409'))
    await expect(sql`select migration.repair(${id}, 'test')`).rejects.toEqual(sqlstate('SF409'))
    await sql.end()
  })

  it('shows its findings to analysts alone', async () => {
    const { sql, id } = await drive()
    await endPass(sql, id, lost)
    const names = ['findings', 'verification_findings', 'validation_results', 'verifications']
    const seen = async (name: string, roles: string[]) =>
      sql.begin(async (tx) => {
        await tx`select set_config('request.jwt.claims', ${JSON.stringify({ app_metadata: { roles } })}, true)`
        await tx`set local role authenticated`
        const rows = await tx`select from migration.${tx(name)} where migration_id = ${id}`
        return rows.length > 0
      })
    for (const name of names) {
      expect([name, await seen(name, ['migration_analyst'])]).toEqual([name, true])
      expect([name, await seen(name, ['clerk'])]).toEqual([name, false])
      const asNobody = sql.begin(async (tx) => {
        await tx`set local role anon`
        await tx`select from migration.${tx(name)}`
      })
      await expect(asNobody).rejects.toEqual(sqlstate('42501'))
    }
    await sql.end()
  })
})

describe('repair', () => {
  it('finds nothing to do where no row differs', async () => {
    const { sql, id } = await drive()
    await endPass(sql, id, { targetRows: 4 })
    await expect(sql`select migration.repair(${id}, 'test')`).rejects.toMatchObject({
      code: 'SF409',
      detail: 'nothing_to_repair',
    })
    await sql.end()
  })

  it('opens no gate before a verification has proved it', async () => {
    const { sql, id } = await drive()
    await endPass(sql, id, lost)
    await repair(sql, id, 0)
    expect(await stateOf(sql, id)).toMatchObject({ status: 'running' })
    const [, , proof] = await passes(sql, id)
    expect(proof).toEqual({ kind: 'verify', mode: 'full', is_gate: true, status: 'running' })
    await endPass(sql, id)
    expect(await stateOf(sql, id)).toEqual(open)
    await sql.end()
  })

  it('is refused where its rows do not add up', async () => {
    const { sql, id } = await drive()
    await endPass(sql, id, lost)
    await expect(repair(sql, id, 1)).rejects.toEqual(sqlstate('SF002'))
    const rows =
      await sql`select from migration.findings where repaired_at is not null and migration_id = ${id}`
    expect(rows).toHaveLength(0)
    await sql.end()
  })

  it('puts right what nobody else has put right', async () => {
    const { sql, id } = await drive()
    await endPass(sql, id, lost)
    await repair(sql, id, 0)
    await sql`select migration._abort_pass(${id}, 'test')`
    await expect(sql`select migration.repair(${id}, 'test')`).rejects.toMatchObject({
      code: 'SF409',
      detail: 'nothing_to_repair',
    })
    await sql.end()
  })
})

/** Fails the next batch of the pass at work for good. */
/** Begins a repair and reports so many rows as loaded; none is. */
async function repair(sql: Sql, id: string, loaded: number): Promise<void> {
  await sql`select migration.repair(${id}, 'test')`
  const held = await claimCheck(sql, id)
  expect(held.kind).toBe('repair')
  await sql.begin(async (tx) => {
    await tx`select migration.begin_load(${id}, ${held.batch_id}, ${held.attempt})`
    await tx`select migration.complete_repair(${id}, ${held.batch_id}, ${held.attempt}, 0, ${loaded}, false)`
  })
}
