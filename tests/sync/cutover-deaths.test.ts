/**
 * Functions that die in the phases of a cut-over, on either side of what they change. A freeze that holds is
 * taken back when the cut-over is called off, and one that goes on ends as if nobody had died.
 */
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { bothSides, cutoverEnded, settingsOf, sourceRoles, tables } from './cutover-scene.ts'
import { syncScene } from './scene.ts'

const scene = await syncScene({ ownServers: true })
const roles = sourceRoles(scene)
const { app, application } = roles
const never = { changes: null, deletes: null, hash: null }

async function follow(name: string) {
  const sync = { schedule: never, cutover: { freeze: { role: app }, verification: 'sample' } }
  const id = await scene.follow({ name, source: tables, entities: '*', sync })
  await scene.project.setSecret('FIDELITY_SOURCE', roles.mover)
  return id
}

const arm = (specification: string) => scene.project.setSecret('FERRY_FAILPOINTS', specification)

/** Until a batch of a phase was left by a function that died. */
function died(id: string, phase: string) {
  return eventually(
    async () => {
      await scene.target`select migration.watchdog()`
      const [row] = await scene.target<{ deaths: number }[]>`
        select coalesce(sum(deaths), 0)::int as deaths from migration.batches b join migration.cutovers c on c.migration_id = b.migration_id
         where b.migration_id = ${id} and b.kind = 'cutover' and b.check_name = ${phase} and b.created_at > c.began_at - interval '100 milliseconds' and c.ended_at is null`
      return row!.deaths > 0
    },
    { what: `a death in ${phase}`, within: 30_000, every: 50 },
  )
}

const begin = (id: string, name: string) =>
  scene.control({ action: 'cutover', migration_id: id, confirm: name })

describe('a cut-over whose functions die', { timeout: 180_000 }, () => {
  test('gives the source back wherever it was in the freeze, once it is called off', async () => {
    const name = 'dead_freeze'
    const id = await follow(name)
    for (const point of ['claimed', 'altered', 'noted', 'done']) {
      await arm(`cutover.freeze.${point}=exit`)
      expect(await begin(id, name)).toMatchObject({ status: 200 })
      await died(id, 'freeze')
      await arm(`cutover.unfreeze.done=exit`)
      expect(await scene.control({ action: 'abort_cutover', migration_id: id })).toMatchObject({
        status: 200,
      })
      if (point === 'done') await died(id, 'unfreeze')
      await arm('')
      const ended = await cutoverEnded(scene, id)
      expect(ended).toMatchObject({ state: 'failed', code: 'cutover_aborted', sync: 'syncing' })
      expect(await settingsOf(scene, app), point).toEqual([])
      await application.unsafe(`insert into ${name}.orders (customer, amount) values (1, 1)`)
      await scene.sweep(id)
    }
  })

  test('ends exactly wherever they died', async () => {
    const name = 'dead_phases'
    const id = await follow(name)
    await application.unsafe(
      `update ${name}.orders set amount = amount + 1 where id % 7 = 0; delete from ${name}.orders where id % 11 = 0`,
    )
    await arm('cutover.check.done=exit')
    expect(await begin(id, name)).toMatchObject({ status: 200 })
    await died(id, 'check')
    for (const point of ['analyze.claimed', 'freeze.noted', 'sequences.claimed']) {
      await arm(`cutover.${point}=exit`)
      await died(id, point.split('.')[0]!)
    }
    await arm('')
    expect(await cutoverEnded(scene, id)).toMatchObject({
      state: 'completed',
      code: null,
      unfrozen: false,
    })
    expect(await bothSides(scene, name)).toBe(true)
    expect(await settingsOf(scene, app)).toEqual(['default_transaction_read_only=on'])
    const [row] =
      await scene.target`select former_setting as former from migration.cutovers where migration_id = ${id}`
    expect(row!.former).toBeNull()
    expect(await scene.rows(`select nextval('${name}_new.orders_id_seq')`)).toEqual(['1001'])
  })
})
