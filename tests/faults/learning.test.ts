/** What a batch that killed its functions teaches the batches behind it. */
import { expect, it } from 'vitest'
import { carve, claim, driveMigration, load } from '../guards/fixture.ts'
import { testDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'

it('the rest of an entity does not begin again with the size that was too much', async () => {
  const { url, drop } = await testDatabase()
  const { sql, id, connect } = await driveMigration(url, 'learned', { batch_rows: 1000 })
  const dies = async (limit: number) => {
    const dead = connect()
    expect(await claim(dead, id)).toMatchObject({ row_limit: limit })
    await dead.end()
    await eventually(async () => {
      const [row] = await sql<
        { done: { reclaimed: number } }[]
      >`select migration.watchdog() as done`
      return (row?.done.reclaimed ?? 0) > 0
    })
  }
  await dies(1000)
  await dies(500)
  const held = await eventually(async () => (await claim(sql, id)) ?? false)
  expect(held).toMatchObject({ row_limit: 250 })
  await carve(sql, id, held, '100', true)
  await load(sql, id, held, 'learned', 1, 100)
  expect(await claim(sql, id)).toMatchObject({ row_limit: 250 })
  await sql.end()
  await drop()
})
