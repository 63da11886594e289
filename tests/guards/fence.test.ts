/**
 * What an overtaken, cancelled or miscounted load may not do. Real PostgreSQL, no function: the database alone must hold. Each guard has the test that
 * turns red when it is taken out (`npm run mutants`).
 */
import { describe, expect, it } from 'vitest'
import { carve, claim, count, driveMigration, guardedDatabase, load, sqlstate } from './fixture.ts'

const database = guardedDatabase()
const { table } = database

describe('fence', () => {
  it('rejects the load of an attempt that was overtaken', async () => {
    const name = table()
    const { sql, id, connect } = await driveMigration(database.url(), name)
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
    const { sql, id } = await driveMigration(database.url(), name)
    const held = (await claim(sql, id))!
    await carve(sql, id, held, '5', true)
    await load(sql, id, held, name, 1, 5)
    await expect(load(sql, id, held, name, 6, 5)).rejects.toEqual(sqlstate('SF001'))
    expect(await count(sql, name)).toBe(5)
    await sql.end()
  })

  it('lets nothing commit after a cancel', async () => {
    const name = table()
    const { sql, id, connect } = await driveMigration(database.url(), name)
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
    const { sql, id } = await driveMigration(database.url(), name)
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
    const { sql, id } = await driveMigration(database.url(), table())
    const held = (await claim(sql, id))!
    await carve(sql, id, held, '5', true)
    await expect(carve(sql, id, held, '5', true)).rejects.toEqual(sqlstate('23505'))
    await sql.end()
  })
})
