/**
 * The chain of a cut-over, phase by phase, with hands instead of functions: what may begin one, what follows
 * what, and that whatever goes wrong gives the source back. Real PostgreSQL.
 */
import type { Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { type Claim, claim, guardedDatabase } from '../guards/fixture.ts'
import { endPass } from '../guards/passes.ts'
import { catchUp, codeOf, driveToSync, endSweep, passAtWork } from './driven-sync.ts'

const database = guardedDatabase()
const { table } = database

const byRole = {
  sync: {
    schedule: { changes: '30 seconds' },
    cutover: { freeze: { role: 'app' }, verification: 'sample' },
  },
}

interface PhaseClaim extends Claim {
  readonly kind: string
  readonly check_name: string
  readonly task: Record<string, unknown>
}

const begin = (sql: Sql, id: string, { rehearsal = false, confirm = 'guarded' } = {}) =>
  sql`select migration.cutover(${id}, 'test', ${confirm}, ${rehearsal})`

/** What a worker does: comes, moves the chain on where it has to, and comes again. */
async function work(sql: Sql, id: string): Promise<PhaseClaim | undefined> {
  return ((await claim(sql, id)) ?? (await claim(sql, id))) as PhaseClaim | undefined
}

/** Closes the phase that is next. @returns its name */
async function phase(sql: Sql, id: string, outcome: object = {}): Promise<string> {
  const held = await work(sql, id)
  if (held?.kind !== 'cutover') throw new Error(`no phase of a cut-over, but ${held?.kind}`)
  await sql`select migration.complete_cutover(${id}, ${held.batch_id}, ${held.attempt}, ${JSON.stringify(outcome)}::text::jsonb, false)`
  return held.check_name
}

async function freeze(sql: Sql, id: string, outcome: object = {}) {
  const held = (await work(sql, id))!
  expect(held).toMatchObject({ check_name: 'freeze', task: { phase: 'freeze', role: 'app' } })
  await sql`select migration.note_frozen(${id}, ${held.batch_id}, ${held.attempt}, 'off')`
  await sql`select migration.complete_cutover(${id}, ${held.batch_id}, ${held.attempt}, ${JSON.stringify(outcome)}::text::jsonb, false)`
}

async function drain(sql: Sql, id: string) {
  await claim(sql, id)
  expect(await passAtWork(sql, id)).toBe('sync')
  await endSweep(sql, id)
}

async function compare(sql: Sql, id: string, findings: object[] = []) {
  await claim(sql, id)
  expect(await passAtWork(sql, id)).toBe('verify')
  await endPass(sql, id, { findings, targetRows: 5 })
}

async function newest(sql: Sql, id: string) {
  const [row] = await sql`
    select state, failure_code as code, frozen_at is not null as frozen, unfrozen_at is not null as unfrozen,
           (select array_agg(p ->> 'phase') from jsonb_array_elements(report -> 'phases') p) as phases,
           (report ->> 'downtime_ms')::int as downtime
      from migration.cutovers where migration_id = ${id} order by began_at desc limit 1`
  const [migration] = await sql`
    select o.status, y.state as sync, o.cutover_id is not null as cutting
      from migration.orchestrations o join migration.sync_status y on y.migration_id = o.id where o.id = ${id}`
  return { ...row, ...migration } as Record<string, unknown>
}

describe('a cut-over begins', () => {
  it('with the name of the plan, or as a rehearsal', async () => {
    const { sql, id } = await driveToSync(database.url(), table())
    expect(await codeOf(begin(sql, id, { confirm: 'another' }))).toBe('SF422 cutover_not_confirmed')
    expect(await codeOf(sql`select migration.cutover(${id}, 'test', null, false)`)).toBe(
      'SF422 cutover_not_confirmed',
    )
    await begin(sql, id, { rehearsal: true, confirm: '' })
    expect(await codeOf(begin(sql, id))).toBe('SF409 cutover_running')
    await sql.end()
  })

  it.each<[string, (sql: Sql, id: string) => PromiseLike<unknown>]>([
    ['sync_halted', (sql, id) => sql`select migration._halt_sync(${id}, 'x', 'x')`],
    ['pass_running', (sql, id) => sql`select migration.sync(${id}, 'test')`],
    ['transition_illegal', (sql, id) => sql`select migration.pause(${id}, 'test')`],
    [
      'sync_not_caught_up',
      (sql, id) =>
        sql`update migration.sync_states set caught_up_at = null where migration_id = ${id}`,
    ],
    [
      'sync_lags',
      (sql, id) =>
        sql`update migration.sync_positions set changes_at = now() - interval '1 hour', hash_at = null where migration_id = ${id}`,
    ],
    [
      'gone_rows_held',
      (sql, id) => sql`
      insert into migration.gone_rows (entity_status_id, source_key, migration_id, pass_id, state, noted_at)
      select id, '1', migration_id, gen_random_uuid(), 'held', now() from migration.entity_statuses where migration_id = ${id}`,
    ],
    ['sync_not_begun', (sql, id) => sql`select migration.cancel(${id}, 'test')`],
  ])('not: %s', async (code, spoil) => {
    const { sql, id } = await driveToSync(database.url(), table())
    await spoil(sql, id)
    expect(await codeOf(begin(sql, id))).toBe(`SF409 ${code}`)
    expect(await sql`select 1 from migration.cutovers where migration_id = ${id}`).toHaveLength(0)
    await sql.end()
  })

  it('and holds off sweeps, pauses and a cancellation until it has ended', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await sql`update migration.schedules set next_run_at = now() - interval '1 second' where migration_id = ${id}`
    const [ran] = await sql`select migration.run_schedules() as done`
    expect(ran!.done).toEqual({ begun: false })
    const [schedule] =
      await sql`select last_outcome as outcome from migration.schedules where migration_id = ${id}`
    expect(schedule!.outcome).toBe('cutover')
    expect(await codeOf(sql`select migration.pause(${id}, 'test')`)).toBe('SF409 cutover_running')
    expect(await codeOf(sql`select migration.cancel(${id}, 'test')`)).toBe('SF409 cutover_running')
    await sql.end()
  })
})

describe('a cut-over', () => {
  it('goes from the look to the gate, and completes the migration', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    expect(await phase(sql, id, { writers: 1 })).toBe('check')
    await freeze(sql, id)
    await drain(sql, id)
    expect(await phase(sql, id)).toBe('sequences')
    await compare(sql, id)
    expect(await phase(sql, id)).toBe('analyze')
    expect(await work(sql, id)).toBeUndefined()
    const done = await newest(sql, id)
    expect(done).toMatchObject({
      state: 'completed',
      frozen: true,
      unfrozen: false,
      status: 'completed',
      sync: 'cut_over',
      cutting: false,
      phases: ['checking', 'freezing', 'draining', 'sequences', 'verifying', 'analyzing'],
    })
    expect(done.downtime).toBeGreaterThan(0)
    const gates =
      await sql`select mode, status from migration.verifications where migration_id = ${id} and is_gate`
    expect(gates).toEqual([{ mode: 'sample', status: 'passed' }])
    const [schedules] =
      await sql`select bool_or(enabled) as any from migration.schedules where migration_id = ${id}`
    expect(schedules!.any).toBe(false)
    await sql.end()
  })

  it('gives the source back where its gate does not pass, and stays in sync mode', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await phase(sql, id)
    await freeze(sql, id)
    await drain(sql, id)
    await phase(sql, id)
    await compare(sql, id, [{ kind: 'missing', key: ['3'] }])
    const held = (await work(sql, id))!
    expect(held).toMatchObject({ check_name: 'unfreeze', task: { role: 'app', former: 'off' } })
    expect(await newest(sql, id)).toMatchObject({
      state: 'unfreezing',
      status: 'running',
      cutting: true,
    })
    await sql`select migration.complete_cutover(${id}, ${held.batch_id}, ${held.attempt}, '{}', false)`
    await work(sql, id)
    expect(await newest(sql, id)).toMatchObject({
      state: 'failed',
      code: 'verification_failed',
      unfrozen: true,
      status: 'running',
      sync: 'syncing',
      cutting: false,
    })
    await catchUp(sql, id)
    await begin(sql, id)
    await sql.end()
  })

  it('ends before the freeze where the source has something against it', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await phase(sql, id, { refusal: { code: 'cutover_role_unknown', message: 'Test.' } })
    expect(await work(sql, id)).toBeUndefined()
    expect(await newest(sql, id)).toMatchObject({
      state: 'failed',
      code: 'cutover_role_unknown',
      frozen: false,
      sync: 'syncing',
    })
    await sql.end()
  })

  it('gives the source back where it does not become still', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await phase(sql, id)
    await freeze(sql, id, { refusal: { code: 'source_not_still', message: 'Test.' } })
    expect(await phase(sql, id)).toBe('unfreeze')
    await work(sql, id)
    expect(await newest(sql, id)).toMatchObject({
      state: 'failed',
      code: 'source_not_still',
      unfrozen: true,
    })
    await sql.end()
  })

  it('tries to give the source back until it is done', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await phase(sql, id)
    await freeze(sql, id)
    await claim(sql, id) // the drain begins
    await sql`select migration._abort_pass(${id}, 'source_unreachable')`
    for (let round = 0; round < 3; round++) {
      const held = (await work(sql, id))!
      expect(held.check_name).toBe('unfreeze')
      await sql`select migration.fail_batch(${id}, ${held.batch_id}, ${held.attempt}, 'unknown', 'x', null, 'x', false)`
      if (round > 0) expect(await work(sql, id)).toBeUndefined() // its time has not come
      await sql`update migration.cutovers set not_before = '-infinity' where migration_id = ${id}`
    }
    expect(await newest(sql, id)).toMatchObject({
      state: 'unfreezing',
      code: 'source_unreachable',
      cutting: true,
    })
    const [open] = await sql`select is_open from migration.orchestrations where id = ${id}`
    expect(open!.is_open).toBe(true)
    expect(await phase(sql, id)).toBe('unfreeze')
    await work(sql, id)
    expect(await newest(sql, id)).toMatchObject({
      state: 'failed',
      code: 'source_unreachable',
      unfrozen: true,
      cutting: false,
    })
    await sql.end()
  })

  it('keeps the setting of before, whatever a second try finds', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await phase(sql, id)
    const first = (await work(sql, id))!
    await sql`select migration.note_frozen(${id}, ${first.batch_id}, ${first.attempt}, null)`
    await sql`select migration.fail_batch(${id}, ${first.batch_id}, ${first.attempt}, 'timeout', 'x', null, 'x', true)`
    await sql`update migration.batches set not_before = '-infinity' where migration_id = ${id}`
    const second = (await work(sql, id))!
    expect(second.attempt).toBe(2)
    expect(
      await codeOf(
        sql`select migration.note_frozen(${id}, ${first.batch_id}, ${first.attempt}, 'on')`,
      ),
    ).toBe('SF001 fenced')
    await sql`select migration.note_frozen(${id}, ${second.batch_id}, ${second.attempt}, 'on')`
    await sql`select migration.abort_cutover(${id}, 'test')`
    // What was called off freezes nothing any more.
    expect(
      await codeOf(
        sql`select migration.note_frozen(${id}, ${second.batch_id}, ${second.attempt}, 'on')`,
      ),
    ).toBe('SF001 fenced')
    const held = (await work(sql, id))!
    expect(held.check_name).toBe('unfreeze')
    expect(held.task).not.toHaveProperty('former')
    await sql.end()
  })
})

describe('a rehearsal', () => {
  it('freezes nothing and completes nothing', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id, { rehearsal: true })
    await phase(sql, id)
    await drain(sql, id)
    await phase(sql, id)
    await compare(sql, id)
    expect(await phase(sql, id)).toBe('analyze')
    await work(sql, id)
    expect(await newest(sql, id)).toMatchObject({
      state: 'dry_run_done',
      code: null,
      frozen: false,
      downtime: null,
      status: 'running',
      sync: 'syncing',
      cutting: false,
      phases: ['checking', 'draining', 'sequences', 'verifying', 'analyzing'],
    })
    expect(
      await sql`select 1 from migration.verifications where migration_id = ${id} and is_gate`,
    ).toHaveLength(0)
    await sql.end()
  })

  it('tells what differs, which may be what was written meanwhile', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id, { rehearsal: true })
    await phase(sql, id)
    await drain(sql, id)
    await phase(sql, id)
    await compare(sql, id, [{ kind: 'missing', key: ['3'] }])
    await work(sql, id)
    expect(await newest(sql, id)).toMatchObject({
      state: 'dry_run_done',
      code: 'verification_failed',
      sync: 'syncing',
      cutting: false,
    })
    await sql.end()
  })
})

describe('calling a cut-over off', () => {
  it('leaves the migration in sync mode', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    expect(await codeOf(sql`select migration.abort_cutover(${id}, 'test')`)).toBe(
      'SF409 cutover_not_running',
    )
    await begin(sql, id)
    await sql`select migration.abort_cutover(${id}, 'test')`
    expect(await newest(sql, id)).toMatchObject({
      state: 'failed',
      code: 'cutover_aborted',
      frozen: false,
      sync: 'syncing',
      cutting: false,
    })
    expect(await passAtWork(sql, id)).toBeNull()
    await sql`select migration.sync(${id}, 'test')`
    await sql.end()
  })

  it('wakes somebody between two passes', async () => {
    const { sql, id, nonces } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await phase(sql, id)
    await sql`update migration.dispatches set finished_at = now(), finish_reason = 'test' where migration_id = ${id}`
    const before = (await nonces()).length
    await sql`select migration.watchdog()`
    expect((await nonces()).length).toBe(before + 1)
    await sql.end()
  })
})
