/**
 * Every guard of the batch protocol, each in the test that turns red when it is taken out
 * (`npm run mutants` does so). Real PostgreSQL, no function: the database alone must hold.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import {
  accept,
  carve,
  claim,
  count,
  driveMigration,
  load,
  sqlstate,
  startMigration,
} from './fixture.ts'

let url: string
let drop: () => Promise<void>
let serial = 0
const table = () => `guarded_${++serial}`

beforeAll(async () => {
  const database = await testDatabase()
  url = database.url
  drop = database.drop
})
afterAll(() => drop())

describe('claim', () => {
  it('gives a batch to one holder only, without waiting for the other', async () => {
    const { sql, id, connect } = await driveMigration(url, table())
    const other = connect()
    await other`set statement_timeout = '3s'`
    await sql.begin(async (tx) => {
      const first = await tx`select * from migration.claim_batch(${id}, gen_random_uuid())`
      expect(first).toHaveLength(1)
      expect(await claim(other, id)).toBeUndefined()
    })
    await Promise.all([sql.end(), other.end()])
  })

  it('gives nothing while the migration is paused', async () => {
    const { sql, id } = await driveMigration(url, table())
    await sql`select migration.pause(${id}, 'test')`
    expect(await claim(sql, id)).toBeUndefined()
    await sql`select migration.resume(${id}, 'test')`
    expect(await claim(sql, id)).toMatchObject({ attempt: 1 })
    await sql.end()
  })

  it('leaves a batch alone until its back-off is over', async () => {
    const { sql, id } = await driveMigration(url, table())
    const held = (await claim(sql, id))!
    await sql`select migration.fail_batch(${id}, ${held.batch_id}, 1, 'connection_error', 'x', null, 'x', true)`
    expect(await claim(sql, id)).toBeUndefined()
    await eventually(async () => expect(await claim(sql, id)).toMatchObject({ attempt: 2 }))
    await sql.end()
  })
})

describe('fence', () => {
  it('rejects the load of an attempt that was overtaken', async () => {
    const name = table()
    const { sql, id, connect } = await driveMigration(url, name)
    const zombie = connect()
    const held = (await claim(zombie, id))!
    await carve(zombie, id, held, '5', false)
    await sql`select migration.release_batch(${id}, ${held.batch_id}, 1)`
    const heir = (await claim(sql, id))!
    await expect(load(zombie, id, held, name, 1, 5)).rejects.toEqual(sqlstate('SF001'))
    expect(await count(sql, name)).toBe(0)
    await load(sql, id, heir, name, 1, 5)
    expect(await count(sql, name)).toBe(5)
    await Promise.all([sql.end(), zombie.end()])
  })

  it('rejects a second completion of a committed batch', async () => {
    const name = table()
    const { sql, id } = await driveMigration(url, name)
    const held = (await claim(sql, id))!
    await carve(sql, id, held, '5', true)
    await load(sql, id, held, name, 1, 5)
    await expect(load(sql, id, held, name, 6, 5)).rejects.toEqual(sqlstate('SF001'))
    expect(await count(sql, name)).toBe(5)
    await sql.end()
  })

  it('lets nothing commit after a cancel', async () => {
    const name = table()
    const { sql, id, connect } = await driveMigration(url, name)
    const admin = connect()
    const held = (await claim(sql, id))!
    await carve(sql, id, held, '5', false)
    await admin`select migration.cancel(${id}, 'test')`
    await expect(load(sql, id, held, name, 1, 5)).rejects.toEqual(sqlstate('SF001'))
    expect(await count(sql, name)).toBe(0)
    await Promise.all([sql.end(), admin.end()])
  })

  it('rejects a load whose rows do not add up', async () => {
    const name = table()
    const { sql, id } = await driveMigration(url, name)
    await sql.unsafe(`create function public.drop_odd_${name}() returns trigger language plpgsql as
      $$ begin if new.id % 2 = 1 then return null; end if; return new; end $$`)
    await sql.unsafe(
      `create trigger t before insert on public.${name} for each row execute function public.drop_odd_${name}()`,
    )
    await sql.unsafe(`alter table public.${name} enable always trigger t`)
    const held = (await claim(sql, id))!
    await carve(sql, id, held, '5', false)
    await expect(load(sql, id, held, name, 1, 5)).rejects.toEqual(sqlstate('SF002'))
    expect(await count(sql, name)).toBe(0)
    await sql.end()
  })

  it('refuses to hand on the same rest of a range twice', async () => {
    const { sql, id } = await driveMigration(url, table())
    const held = (await claim(sql, id))!
    await carve(sql, id, held, '5', true)
    await expect(carve(sql, id, held, '5', true)).rejects.toEqual(sqlstate('23505'))
    await sql.end()
  })
})

describe('watchdog', () => {
  it('leaves a live holder its batch while the lease runs', async () => {
    const { sql, id, connect } = await driveMigration(url, table())
    const admin = connect()
    const held = (await claim(sql, id))!
    await admin`select migration.watchdog()`
    await expect(carve(sql, id, held, '5', false)).resolves.toBeUndefined()
    await Promise.all([sql.end(), admin.end()])
  })

  it('takes the batch of a holder that is gone, at once, and halves it', async () => {
    const { sql, id, connect } = await driveMigration(url, table())
    const dead = connect()
    await claim(dead, id)
    await dead.end()
    await eventually(async () => {
      await sql`select migration.watchdog()`
      expect(await claim(sql, id)).toMatchObject({ attempt: 2, row_limit: 2 })
    })
    await sql.end()
  })

  it('ends the server process of an overdue holder that waits in COPY', async () => {
    const name = table()
    const { sql, id, connect } = await driveMigration(url, name, { lease_seconds: 1 })
    const stuck = connect()
    const held = (await claim(stuck, id))!
    const load = stuck.begin(async (tx) => {
      await tx`select migration.begin_load(${id}, ${held.batch_id}, ${held.attempt})`
      const into = await tx.unsafe(`copy public.${name} from stdin`).writable()
      into.on('error', () => undefined)
      into.write('1\tx\n')
      await new Promise(() => undefined)
    })
    load.catch(() => undefined)
    await eventually(async () => {
      await sql`select migration.watchdog()`
      expect(await claim(sql, id)).toMatchObject({ attempt: 2 })
    })
    await expect(load).rejects.toBeDefined()
    expect(await count(sql, name)).toBe(0)
    await Promise.all([sql.end(), stuck.end({ timeout: 0 })])
  })

  it('parks a migration whose batch killed eight functions', async () => {
    const { sql, id, connect } = await driveMigration(url, table())
    for (let death = 0; death < 8; death += 1) {
      const dead = connect()
      await sql`update migration.batches set not_before = '-infinity' where migration_id = ${id}`
      await claim(dead, id)
      await dead.end()
      await eventually(async () => {
        await sql`select migration.watchdog()`
        const held =
          await sql`select from migration.batches where migration_id = ${id} and status = 'processing'`
        expect(held).toHaveLength(0)
      })
    }
    const [row] =
      await sql`select status, control_state from migration.orchestrations where id = ${id}`
    expect(row).toEqual({ status: 'running', control_state: 'parked' })
    expect(await claim(sql, id)).toBeUndefined()
    await sql`select migration.retry(${id}, 'test')`
    expect(await claim(sql, id)).toMatchObject({ attempt: 9 })
    await sql.end()
  })
})

describe('dispatch', () => {
  it('refuses a nonce that nobody drew', async () => {
    const { sql, id } = await driveMigration(url, table())
    await expect(accept(sql, id, 'f'.repeat(64))).rejects.toEqual(sqlstate('SF401'))
    await sql.end()
  })

  it("refuses another migration's nonce", async () => {
    const mine = await driveMigration(url, table())
    const other = await driveMigration(url, table())
    const [nonce] = await other.nonces()
    await expect(accept(mine.sql, mine.id, nonce!)).rejects.toEqual(sqlstate('SF401'))
    await Promise.all([mine.sql.end(), other.sql.end()])
  })

  it('refuses an expired nonce', async () => {
    const { sql, id, nonces } = await driveMigration(url, table())
    await sql`update migration.dispatches set created_at = created_at - interval '2 minutes',
      expires_at = expires_at - interval '2 minutes' where migration_id = ${id}`
    const [nonce] = await nonces()
    await expect(accept(sql, id, nonce!)).rejects.toEqual(sqlstate('SF401'))
    await sql.end()
  })

  it('serves a nonce once', async () => {
    const { sql, id, nonces } = await driveMigration(url, table())
    const [nonce] = await nonces()
    expect(await accept(sql, id, nonce!)).not.toBeNull()
    expect(await accept(sql, id, nonce!)).toBeNull()
    await sql.end()
  })

  it('keeps nonces only as hashes', async () => {
    const { sql, id, nonces } = await driveMigration(url, table())
    const [nonce] = await nonces()
    const [row] =
      await sql`select d.*::text as everything from migration.dispatches d where migration_id = ${id}`
    expect(row!.everything).not.toContain(nonce)
    await sql.end()
  })

  it('lets in no more calls than there are lanes', async () => {
    const { sql, id, nonces, connect } = await driveMigration(url, table(), { lanes: 1 })
    const [first] = await nonces()
    expect(await accept(sql, id, first!)).not.toBeNull()
    await sql`update migration.dispatches set created_at = created_at - interval '10 seconds' where migration_id = ${id}`
    await sql.unsafe(
      `select migration._send('${id}', configuration) from migration.orchestrations where id = '${id}'`,
    )
    const late = connect()
    expect(await accept(late, id, (await nonces()).at(-1)!)).toBeNull()
    await Promise.all([sql.end(), late.end()])
  })
})

describe('start', () => {
  it('refuses a second migration into the same target', async () => {
    const name = table()
    const { sql } = await driveMigration(url, name)
    await expect(startMigration(sql, name)).rejects.toEqual(sqlstate('SF409'))
    await sql.end()
  })

  it('refuses a configuration out of range', async () => {
    const { sql } = await driveMigration(url, table())
    await expect(startMigration(sql, table(), { lanes: 99 })).rejects.toEqual(sqlstate('SF422'))
    await sql.end()
  })
})

describe('records', () => {
  it('keeps the state machine of the documents', async () => {
    const { sql, id } = await driveMigration(url, table())
    await expect(
      sql`update migration.orchestrations set status = 'pending' where id = ${id}`,
    ).rejects.toEqual(sqlstate('SF409'))
    await sql.end()
  })

  it('keeps checkpoints in order', async () => {
    const name = table()
    const { sql, id } = await driveMigration(url, name)
    const held = (await claim(sql, id))!
    await carve(sql, id, held, '5', true)
    await load(sql, id, held, name, 1, 5)
    await expect(sql`insert into migration.checkpoints (migration_id, entity_status_id, entity_name, batch_number,
        records_processed, system_state)
      select migration_id, entity_status_id, entity_name, batch_number + 2, records_processed, system_state
        from migration.checkpoints where migration_id = ${id}`).rejects.toEqual(sqlstate('SF409'))
    await sql.end()
  })

  it('keeps the audit log append-only and tells of an edit', async () => {
    const { sql } = await driveMigration(url, table())
    await expect(sql`delete from migration.audit_log`).rejects.toEqual(sqlstate('SF409'))
    expect(await sql`select * from migration.verify_audit()`).toEqual([])
    await sql`alter table migration.audit_log disable trigger append_only`
    await sql`update migration.audit_log set actor = 'somebody else' where id = 1`
    expect(await sql`select * from migration.verify_audit()`).not.toEqual([])
    await sql`update migration.audit_log set actor = 'test' where id = 1`
    await sql`delete from migration.audit_log where id = (select max(id) from migration.audit_log)`
    await sql`alter table migration.audit_log enable trigger append_only`
    expect(await sql`select problem from migration.verify_audit()`).toEqual([
      { problem: 'tail is missing' },
    ])
    await sql.end()
  })

  it('shows a user without a migration role nothing', async () => {
    const { sql, id } = await driveMigration(url, table())
    const seen = (roles: string[]) =>
      sql.begin(async (tx) => {
        await tx`select set_config('request.jwt.claims', ${JSON.stringify({ app_metadata: { roles } })}, true)`
        await tx`set local role authenticated`
        return tx`select id from migration.orchestrations where id = ${id}`
      })
    expect(await seen(['migration_analyst'])).toHaveLength(1)
    expect(await seen(['clerk'])).toHaveLength(0)
    await expect(
      sql.begin(async (tx) => {
        await tx`set local role anon`
        await tx`select from migration.orchestrations`
      }),
    ).rejects.toEqual(sqlstate('42501'))
    await sql.end()
  })
})
