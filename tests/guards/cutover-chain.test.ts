/**
 * The chain of a cut-over, phase by phase, with hands instead of functions: what follows what, and that
 * whatever goes wrong gives the source back. Real PostgreSQL.
 */
import { describe, expect, it } from 'vitest'
import {
  begin,
  byRole,
  compare,
  drain,
  freeze,
  newest,
  phase,
  prepare,
  work,
} from './cutover-phases.ts'
import { catchUp, codeOf, driveToSync, passAtWork } from './driven-sync.ts'
import { claim, guardedDatabase } from './fixture.ts'

const database = guardedDatabase()
const { table } = database

describe('a cut-over', () => {
  it('goes from the look to the gate, and completes the migration', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await prepare(sql, id)
    await freeze(sql, id)
    await drain(sql, id)
    expect(await phase(sql, id)).toBe('sequences')
    await compare(sql, id)
    expect(await work(sql, id)).toBeUndefined()
    const done = await newest(sql, id)
    expect(done).toMatchObject({
      state: 'completed',
      frozen: true,
      unfrozen: false,
      status: 'completed',
      sync: 'cut_over',
      cutting: false,
      phases: [
        'checking',
        'sweeping',
        'analyzing',
        'freezing',
        'draining',
        'sequences',
        'verifying',
      ],
    })
    expect(done.downtime).toBeGreaterThan(0)
    const gates =
      await sql`select mode, status from migration.verifications where migration_id = ${id} and is_gate`
    expect(gates).toEqual([{ mode: 'sample', status: 'passed' }])
    const [schedules] =
      await sql`select bool_or(enabled) as any from migration.schedules where migration_id = ${id}`
    expect(schedules!.any).toBe(false)
    expect(await codeOf(sql`select migration.sync(${id}, 'test')`)).toBe('SF409 already_cut_over')
    await sql.end()
  })

  it('gives the source back where its gate does not pass, and stays in sync mode', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await prepare(sql, id)
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

  it('lets no other pass in between two of its own', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await prepare(sql, id)
    await freeze(sql, id)
    await drain(sql, id)
    await phase(sql, id)
    expect(await passAtWork(sql, id)).toBeNull()
    for (const verb of [
      sql`select migration.sync(${id}, 'test')`,
      sql`select migration.resume_sync(${id}, 'test')`,
      sql`select migration.verify(${id}, 'test')`,
    ]) {
      expect(await codeOf(verb)).toBe('SF409 cutover_running')
    }
    await sql.end()
  })

  it('gives the source back where it does not become still', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id)
    await prepare(sql, id)
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
    await prepare(sql, id)
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
    await prepare(sql, id)
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
    await prepare(sql, id)
    await drain(sql, id)
    await phase(sql, id)
    await compare(sql, id)
    await work(sql, id)
    expect(await newest(sql, id)).toMatchObject({
      state: 'dry_run_done',
      code: null,
      frozen: false,
      downtime: null,
      status: 'running',
      sync: 'syncing',
      cutting: false,
      phases: ['checking', 'sweeping', 'analyzing', 'draining', 'sequences', 'verifying'],
    })
    expect(
      await sql`select 1 from migration.verifications where migration_id = ${id} and is_gate`,
    ).toHaveLength(0)
    await sql.end()
  })

  it('tells what differs, which may be what was written meanwhile', async () => {
    const { sql, id } = await driveToSync(database.url(), table(), byRole)
    await begin(sql, id, { rehearsal: true })
    await prepare(sql, id)
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
